"""Settings of the platform, read from the environment and from `.env`; see docs/settings.md.

Every setting that a job, the simulator, the local mode or the `shoplake` command uses is declared here.
Secrets have no default: a missing one is an error that names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.settings import HERE, default, problem
from spark_jobs.errors import UserError

ROOT = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """All settings; the environment wins over `.env`."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore")

    # What a figure means
    shop_timezone: str = default("SHOP_TIMEZONE")
    reporting_currency: str = default("REPORTING_CURRENCY")
    late_data_days: int = default("LATE_DATA_DAYS")
    pseudonym_key: SecretStr

    # The lake: a folder, or s3a://bucket/prefix
    lake_uri: str = default("LAKE_URI").replace(HERE, str(ROOT))
    # S3, under the names that every client knows
    aws_access_key_id: str = default("AWS_ACCESS_KEY_ID")
    aws_secret_access_key: SecretStr = SecretStr(default("AWS_SECRET_ACCESS_KEY"))
    aws_session_token: SecretStr = SecretStr(default("AWS_SESSION_TOKEN"))
    aws_region: str = default("AWS_REGION")
    aws_endpoint_url: str = default("AWS_ENDPOINT_URL")
    # The stream's checkpoints when the lake is in S3; recreated at each start
    stream_checkpoint_dir: str = default("STREAM_CHECKPOINT_DIR").replace(HERE, str(ROOT))
    bronze_retention_days: float = default("BRONZE_RETENTION_DAYS")
    lake_history_hours: int = default("LAKE_HISTORY_HOURS")

    # The shop's MySQL, as the ingest reads it
    shop_mysql_host: str = default("SHOP_MYSQL_HOST")
    shop_mysql_port: int = default("SHOP_MYSQL_PORT")
    shop_mysql_database: str = default("SHOP_MYSQL_DATABASE")
    shop_mysql_user: str = default("SHOP_MYSQL_USER")
    shop_mysql_password: SecretStr
    # How the ingest reads it
    ingest_connections: int = default("INGEST_CONNECTIONS")
    ingest_overlap_seconds: int = default("INGEST_OVERLAP_SECONDS")
    ingest_safety_lag_seconds: int = default("INGEST_SAFETY_LAG_SECONDS")
    ingest_max_lost_share: float = default("INGEST_MAX_LOST_SHARE")
    ingest_key_check_rows: int = default("INGEST_KEY_CHECK_ROWS")
    ingest_checksum_hours: float = default("INGEST_CHECKSUM_HOURS")

    # The engine: `embedded` (Sail, within the job) or `spark`
    spark_engine: Literal["embedded", "spark"] = default("SPARK_ENGINE")
    spark_driver_memory: str = default("SPARK_DRIVER_MEMORY")

    # Events
    kafka_bootstrap_servers: str = default("KAFKA_BOOTSTRAP_SERVERS")
    kafka_events_topic: str = default("KAFKA_EVENTS_TOPIC")
    stream_trigger_seconds: int = default("STREAM_TRIGGER_SECONDS")
    stream_catch_up_seconds: int = default("STREAM_CATCH_UP_SECONDS")

    # A self-hosted PostHog's own Kafka as a further source of events; none without an address
    posthog_kafka_bootstrap_servers: str = default("POSTHOG_KAFKA_BOOTSTRAP_SERVERS")
    posthog_kafka_topics: str = default("POSTHOG_KAFKA_TOPICS")

    # The warehouse
    warehouse_host: str = default("WAREHOUSE_HOST")
    warehouse_port: int = default("WAREHOUSE_PORT")
    warehouse_database: str = default("WAREHOUSE_DATABASE")
    warehouse_loader_user: str = default("WAREHOUSE_LOADER_USER")
    warehouse_loader_password: SecretStr
    warehouse_reader_user: str = default("WAREHOUSE_READER_USER")
    warehouse_reader_password: SecretStr

    @model_validator(mode="before")
    @classmethod
    def _blank_means_default(cls, values: Any) -> Any:
        """Drop settings that contain only blanks."""
        return {name: value for name, value in values.items() if not isinstance(value, str) or value.strip()}

    @field_validator("*", mode="before")
    @classmethod
    def _obeys_its_rule(cls, value: Any, info: ValidationInfo) -> Any:
        """Validate a setting by its rule in contracts/settings."""
        is_said = isinstance(value, str | int | float) and not isinstance(value, bool)
        if is_said and (found := problem((info.field_name or "").upper(), str(value))):
            raise ValueError(found.what)
        return value

    @property
    def lake_is_in_s3(self) -> bool:
        """Return whether the lake is in an object store rather than on a disk."""
        return self.lake_uri.startswith("s3a://")

    @property
    def stream_checkpoints(self) -> str:
        """Folder of the stream's checkpoints; bronze records the progress, so they may be lost."""
        return self.stream_checkpoint_dir if self.lake_is_in_s3 else f"{self.lake_uri}/checkpoints"


@cache
def settings() -> Settings:
    """Return the settings of this process.

    Raises:
        UserError: with a line for each missing or invalid setting.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise UserError("\n".join(each.text() for each in unusable(error))) from None


@dataclass(frozen=True)
class Unusable:
    """A missing or invalid setting: its name, what is wrong, and the next command."""

    name: str
    what: str
    next_step: str

    def text(self) -> str:
        """Return one line for a person."""
        return f"{self.what}{'' if self.what.endswith('?') else '.'} Next: {self.next_step}"


def unusable(error: ValidationError) -> list[Unusable]:
    """Return what is wrong with each setting, without values of secrets."""
    found = []
    for each in error.errors(include_url=False, include_input=False):
        name = str(each["loc"][0]).upper() if each["loc"] else ""
        if each["type"] == "missing":
            found.append(Unusable(name, f"{name} is not set", "make env, which fills in what is missing"))
            continue
        reason = str(each.get("ctx", {}).get("error", each["msg"]))
        what = reason if not name or reason.startswith(name) else f"{name}: {reason}"
        found.append(Unusable(name, what, "correct it in .env, or remove the line for the default"))
    return found
