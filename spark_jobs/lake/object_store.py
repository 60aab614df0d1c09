"""S3, or a store that speaks its protocol: configuration for Spark, delta-rs and Arrow, and its checks."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import fs

from spark_jobs.errors import TransientError, UserError
from spark_jobs.settings import Settings

# A bucket, and a prefix in it that needs no escaping anywhere.
ADDRESS = re.compile(r"s3a://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=-]+)*/?")
# Delta's commits there: see deploy/servers/S3LogStore.scala.
LOG_STORE = "shoplake.S3LogStore"
CONNECT_SECONDS, ANSWER_SECONDS = 5, 10
# Attempts per request during work, and before it, where a person waits for the answer.
ATTEMPTS, ATTEMPTS_BEFORE = 10, 2
REFUSED = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "InvalidToken", "status 403")


def lake_configuration(settings: Settings) -> dict[str, str]:
    """Return Spark's configuration for the lake; empty for a folder."""
    return spark_configuration(settings.lake_uri, settings.aws_region, settings.aws_endpoint_url)


def spark_configuration(lake_uri: str, region: str, endpoint: str) -> dict[str, str]:
    """Return Spark's configuration from the lake's settings alone.

    The keys are not in it: Spark takes them from the environment, where no command line shows them.
    """
    if not lake_uri.startswith("s3a://"):
        return {}
    found = {
        "spark.delta.logStore.s3a.impl": LOG_STORE,
        "spark.hadoop.fs.s3a.endpoint.region": region,
        # Hadoop's default reads ahead with another library and its own client.
        "spark.hadoop.fs.s3a.input.stream.type": "classic",
    }
    if endpoint:
        found["spark.hadoop.fs.s3a.endpoint"] = endpoint
        found["spark.hadoop.fs.s3a.path.style.access"] = "true"
    return found


def delta_options(settings: Settings) -> dict[str, str]:
    """Return delta-rs's storage options."""
    options = {
        "AWS_ACCESS_KEY_ID": settings.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": settings.aws_secret_access_key.get_secret_value(),
        "AWS_SESSION_TOKEN": settings.aws_session_token.get_secret_value(),
        "AWS_REGION": settings.aws_region,
        "AWS_ENDPOINT_URL": settings.aws_endpoint_url,
        "AWS_ALLOW_HTTP": "true" if settings.aws_endpoint_url.startswith("http://") else "",
    }
    return {name: value for name, value in options.items() if value}


def filesystem(settings: Settings, attempts: int = ATTEMPTS) -> fs.S3FileSystem:
    """Return the store as an Arrow file system."""
    endpoint = urlsplit(settings.aws_endpoint_url)
    return fs.S3FileSystem(
        access_key=settings.aws_access_key_id,
        secret_key=settings.aws_secret_access_key.get_secret_value(),
        session_token=settings.aws_session_token.get_secret_value() or None,
        region=settings.aws_region,
        endpoint_override=endpoint.netloc or None,
        scheme=endpoint.scheme or "https",
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=attempts),
        # A small file is one request, so a reader sees all of it or nothing.
        allow_delayed_open=True,
    )


def require_settings(settings: Settings) -> None:
    """Check that the lake's address is plausible and that there are keys for it.

    Raises:
        UserError: naming the setting.
    """
    uri = settings.lake_uri
    if "://" not in uri:
        return
    if not ADDRESS.fullmatch(uri):
        raise UserError(
            f"LAKE_URI={uri} is neither a folder nor s3a://bucket/prefix. Next: correct it in .env."
        )
    keys = {
        "AWS_ACCESS_KEY_ID": settings.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": settings.aws_secret_access_key.get_secret_value(),
    }
    if missing := [name for name, value in keys.items() if not value]:
        raise UserError(f"LAKE_URI={uri} needs {' and '.join(missing)}. Next: set them in .env.")
    if settings.aws_endpoint_url and urlsplit(settings.aws_endpoint_url).scheme not in ("http", "https"):
        raise UserError(
            f"AWS_ENDPOINT_URL={settings.aws_endpoint_url} is no URL. Next: write it as https://host:port."
        )


def require_bucket(settings: Settings) -> None:
    """Check that the store answers, accepts the keys and has the bucket, or that a folder is writable.

    Raises:
        UserError: naming what is wrong and the setting, within a minute.
    """
    require_settings(settings)
    if not settings.lake_is_in_s3:
        _require_folder(Path(settings.lake_uri))
        return
    place = settings.lake_uri.removeprefix("s3a://").rstrip("/")
    bucket, store = place.partition("/")[0], filesystem(settings, ATTEMPTS_BEFORE)
    where = settings.aws_endpoint_url or f"AWS, {settings.aws_region}"
    try:
        store.get_file_info(fs.FileSelector(place, allow_not_found=True))
        is_there = store.get_file_info(bucket).type is not fs.FileType.NotFound
    except OSError as error:
        raise _refusal(str(error), bucket, where) from None
    if not is_there:
        raise UserError(
            f"S3 at {where} has no bucket {bucket!r}. Next: create it, or check LAKE_URI in .env."
        )


def _require_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "this user may not"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise UserError(
            f"The folder of LAKE_URI={folder} cannot be written ({reason}). Next: correct it in .env, or give"
            " this user the right."
        )


def _refusal(said: str, bucket: str, where: str) -> UserError:
    if any(word in said for word in REFUSED):
        return UserError(
            f"S3 at {where} refuses these keys for the bucket {bucket!r}. Next: check AWS_ACCESS_KEY_ID,"
            " AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN in .env."
        )
    if "NETWORK_CONNECTION" in said or "REQUEST_TIMEOUT" in said or "curlCode" in said:
        detail = said.rpartition("Details: ")[2].splitlines()[0].rstrip(".")
        return TransientError(
            f"S3 at {where} does not answer ({detail}). Next: check AWS_ENDPOINT_URL in .env."
        )
    detail = said.splitlines()[0].rstrip(".")
    return UserError(
        f"S3 at {where} does not give the bucket {bucket!r} ({detail}). Next: check AWS_REGION,"
        " AWS_ENDPOINT_URL and LAKE_URI in .env."
    )
