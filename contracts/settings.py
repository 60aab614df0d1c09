"""Settings: the name of each, and which values it takes.

Standard library only: `make up` checks `.env` with it before anything is installed. Defaults are where a
setting is used: spark_jobs/lib/settings.py, gateway/settings.py, deploy/processes/settings.py and
docker-compose.yml.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from contracts.currencies import CURRENCIES

# A rule returns what is wrong with a value, as the end of the sentence "NAME=value is …", or nothing.
Rule = Callable[[str], str]

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_HOST_AND_PORT = re.compile(rf"({_HOST}):(\d{{1,5}})")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_ADDRESS = re.compile(r"[^@\s,<>\"]+@[^@\s,<>\"]+")
_PORTS = range(1, 65536)
# Zones of the database that Java or PostgreSQL does not know.
_NOT_ZONES = frozenset({"Factory", "localtime"})
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_BOOLEANS = frozenset({"true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"})


def text(value: str) -> str:
    """Take any text."""
    return ""


def secret(value: str) -> str:
    """Take any text, which no message repeats."""
    return ""


def time_zone(value: str) -> str:
    """Take a name of the IANA time zone database."""
    known = _zones()
    if not known or value in known:
        return ""
    return f"not an IANA time zone{_did_you_mean(value, known)}"


def currency(value: str) -> str:
    """Take a code of ISO 4217."""
    if value in CURRENCIES:
        return ""
    meant = value.upper().strip()
    return "not an ISO 4217 currency" + (f"; did you mean {meant}?" if meant in CURRENCIES else "")


def whole(low: int, high: int) -> Rule:
    """Take a whole number within these bounds."""

    def rule(value: str) -> str:
        is_inside = bool(re.fullmatch(r"[+-]?\d{1,18}", value)) and low <= int(value) <= high
        return "" if is_inside else f"not a whole number from {low} to {high}"

    return rule


def number(low: float, high: float) -> Rule:
    """Take a number within these bounds."""

    def rule(value: str) -> str:
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        return "" if low <= found <= high else f"not a number from {low:g} to {high:g}"

    return rule


def port(value: str) -> str:
    """Take a port."""
    return "" if value.isdecimal() and int(value) in _PORTS else "not a port from 1 to 65535"


def host(value: str) -> str:
    """Take a host name or an address, without a port."""
    is_host = bool(re.fullmatch(_HOST, value)) or _is_address(value)
    return "" if is_host else "not a host name or address (the port is a setting of its own)"


def servers(value: str) -> str:
    """Take `host:port`, or several by commas."""
    for each in value.split(","):
        match = _HOST_AND_PORT.fullmatch(each.strip())
        if not match or int(match[2]) not in _PORTS:
            return "not host:port, or several by commas"
    return ""


def url(*schemes: str) -> Rule:
    """Take a URL with one of these schemes and a host."""

    def rule(value: str) -> str:
        try:
            parts = urlsplit(value)
            is_url = (
                parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            )
        except ValueError:
            is_url = False
        return "" if is_url and not re.search(r"\s", value) else f"not a URL that begins with {schemes[0]}://"

    return rule


def spark_remote(value: str) -> str:
    """Take the address of a Spark Connect server."""
    address = value.removeprefix("sc://").partition("/")[0].partition(";")[0]
    is_address = value.startswith("sc://") and not servers(address) and "," not in address
    return "" if is_address else "not sc://host:port"


def place(value: str) -> str:
    """Take an absolute folder, or an address in a store."""
    return (
        ""
        if value.startswith("/") or "://" in value
        else "neither an absolute folder nor s3a://bucket/prefix"
    )


def memory(units: str, example: str) -> Rule:
    """Take a size: a whole number and one of these units."""

    def rule(value: str) -> str:
        is_size = bool(re.fullmatch(rf"[1-9]\d{{0,9}}({units})", value))
        return "" if is_size else f"not a memory size such as {example}"

    return rule


def topic(value: str) -> str:
    """Take the name of a Kafka topic."""
    return "" if _TOPIC.fullmatch(value) else "not the name of a Kafka topic"


def topics(value: str) -> str:
    """Take names of Kafka topics by commas, each with the format it is written in where that is not known."""
    named = [each.strip().partition(":")[0] for each in value.split(",") if each.strip()]
    is_list = bool(named) and all(map(_TOPIC.fullmatch, named))
    return "" if is_list else "not names of Kafka topics by commas"


def flag(value: str) -> str:
    """Take true or false."""
    return "" if value.lower() in _BOOLEANS else "neither true nor false"


def networks(value: str) -> str:
    """Take addresses and networks by commas."""
    for each in filter(None, (part.strip() for part in value.split(","))):
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            return "not addresses or networks by commas"
    return ""


def addresses(value: str) -> str:
    """Take e-mail addresses by commas."""
    is_list = all(_ADDRESS.fullmatch(each.strip()) for each in value.split(","))
    return "" if is_list else "not e-mail addresses by commas"


def one_of(*allowed: str) -> Rule:
    """Take one of these words, in capitals or not."""
    return lambda value: "" if value.upper() in allowed else f"none of {', '.join(allowed)}"


def secret_url(value: str) -> str:
    """Take a URL that is a secret itself, as the address of a webhook is."""
    return url("https", "http")(value)


_DAYS, _SECONDS = whole(0, 36_500), whole(0, 86_400)
_JAVA_MEMORY = memory("[kKmMgG]", "512m")
_BYTES = whole(1, 2**31 - 1)

RULES: Mapping[str, Rule] = {
    "SHOP_TIMEZONE": time_zone,
    "REPORTING_CURRENCY": currency,
    "LATE_DATA_DAYS": _DAYS,
    "PSEUDONYM_KEY": secret,
    "LAKE_URI": place,
    "AWS_ACCESS_KEY_ID": secret,
    "AWS_SECRET_ACCESS_KEY": secret,
    "AWS_SESSION_TOKEN": secret,
    "AWS_REGION": text,
    "AWS_ENDPOINT_URL": text,  # whoever reaches for the store says more of it
    "STREAM_CHECKPOINT_DIR": place,
    "BRONZE_RETENTION_DAYS": number(0, 36_500),
    "LAKE_HISTORY_HOURS": whole(0, 876_000),
    "SHOP_MYSQL_HOST": host,
    "SHOP_MYSQL_PORT": port,
    "SHOP_MYSQL_DATABASE": text,
    "SHOP_MYSQL_USER": text,
    "SHOP_MYSQL_PASSWORD": secret,
    "SHOP_MYSQL_ADMIN_USER": text,
    "SHOP_MYSQL_ADMIN_PASSWORD": secret,
    "SHOP_MYSQL_ROOT_PASSWORD": secret,
    "SHOP_MYSQL_MEMORY": memory("[kKmMgG]?", "256M"),
    "INGEST_CONNECTIONS": whole(1, 64),
    "INGEST_OVERLAP_SECONDS": whole(0, 31_536_000),
    "INGEST_SAFETY_LAG_SECONDS": _SECONDS,
    "INGEST_MAX_LOST_SHARE": number(0, 1),
    "INGEST_CHECKSUM_HOURS": number(0, 876_000),
    "INGEST_KEY_CHECK_ROWS": whole(0, 10**15),
    "STOREFRONT_PORT": port,
    "KAFKA_BOOTSTRAP_SERVERS": servers,
    "KAFKA_CONTROLLER_PORT": port,
    "KAFKA_LOCAL_PORT": port,
    "KAFKA_EVENTS_TOPIC": topic,
    "KAFKA_MEMORY": _JAVA_MEMORY,
    "POSTHOG_KAFKA_BOOTSTRAP_SERVERS": servers,
    "POSTHOG_KAFKA_TOPICS": topics,
    "STREAM_TRIGGER_SECONDS": whole(1, 86_400),
    "STREAM_CATCH_UP_SECONDS": _SECONDS,
    "GATEWAY_TOKENS": secret,
    "GATEWAY_HOST": host,
    "GATEWAY_PORT": port,
    "GATEWAY_LOG_LEVEL": one_of(*_LOG_LEVELS),
    "KAFKA_DEAD_LETTER_TOPIC": topic,
    "KAFKA_HISTORICAL_TOPIC": topic,
    "KAFKA_EXCEPTIONS_TOPIC": topic,
    "KAFKA_HEATMAPS_TOPIC": topic,
    "KAFKA_AI_TOPIC": topic,
    "KAFKA_LINGER_MS": whole(0, 60_000),
    "GATEWAY_ACK_SECONDS": number(0.1, 3600),
    "GATEWAY_MAX_BODY_BYTES": _BYTES,
    "GATEWAY_MAX_DECODED_BYTES": _BYTES,
    "GATEWAY_MAX_V1_BODY_BYTES": _BYTES,
    "GATEWAY_MAX_EVENT_BYTES": whole(1, 1_000_000),
    "GATEWAY_MAX_BATCH_EVENTS": _BYTES,
    "GATEWAY_MAX_PENDING_BYTES": _BYTES,
    "GATEWAY_MAX_QUEUE_BYTES": _BYTES,
    "GATEWAY_BODY_SECONDS": number(0.1, 3600),
    "GATEWAY_TRUSTED_PROXIES": networks,
    "GATEWAY_TRUNCATE_IP": flag,
    "MIRROR_HOST": url("https", "http"),
    "MIRROR_TOKEN": secret,
    "MIRROR_GROUP": text,
    "MIRROR_DEAD_LETTER_TOPIC": topic,
    "MIRROR_METRICS_PORT": port,
    "MIRROR_BATCH_EVENTS": whole(1, 100_000),
    "MIRROR_HISTORICAL_HOURS": number(0, 876_000),
    "WAREHOUSE_HOST": host,
    "WAREHOUSE_PORT": port,
    "WAREHOUSE_DATABASE": text,
    "WAREHOUSE_LOADER_USER": text,
    "WAREHOUSE_LOADER_PASSWORD": secret,
    "WAREHOUSE_READER_USER": text,
    "WAREHOUSE_READER_PASSWORD": secret,
    "POSTGRES_MEMORY": memory("kB|MB|GB|TB", "128MB"),
    "POSTGRES_USER": text,
    "POSTGRES_PASSWORD": secret,
    "AIRFLOW_DB_PASSWORD": secret,
    "SUPERSET_DB_PASSWORD": secret,
    "SPARK_REMOTE": spark_remote,
    "SPARK_DRIVER_MEMORY": _JAVA_MEMORY,
    "SPARK_CORES": whole(1, 1024),
    "STREAM_DRIVER_MEMORY": _JAVA_MEMORY,
    "AIRFLOW_PORT": port,
    "AIRFLOW_ADMIN_PASSWORD": secret,
    "AIRFLOW_JWT_SECRET": secret,
    "AIRFLOW_SECRET_KEY": secret,
    "AIRFLOW_FERNET_KEY": secret,
    "SUPERSET_PORT": port,
    "SUPERSET_ADMIN_PASSWORD": secret,
    "SUPERSET_SECRET_KEY": secret,
    "ALERT_WEBHOOK_URL": secret_url,
    "ALERT_EMAIL_TO": addresses,
    "ALERT_EMAIL_FROM": addresses,
    "ALERT_SMTP_HOST": host,
    "ALERT_SMTP_PORT": port,
    "ALERT_SMTP_USER": text,
    "ALERT_SMTP_PASSWORD": secret,
    "ALERT_SMTP_STARTTLS": flag,
    "SHOPLAKE_CACHE": text,
    "SHOP": text,  # which shops there are, whoever loads one says
    "SPARK_WORKERS": whole(0, 1000),
    "SPARK_WORKER_CORES": whole(1, 1024),
    "SPARK_WORKER_MEMORY": _JAVA_MEMORY,
    "SPARK_EXECUTOR_MEMORY": _JAVA_MEMORY,
    "DEMO_DAYS": whole(1, 36_500),
    "DEMO_CUSTOMERS": whole(20, 10_000_000),
}
# What `.env` may hold beside settings: written by `make up`, or meant for Docker.
OTHERS = frozenset({"SHOPLAKE_VERSION", "SPARK_MASTER", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
OTHER_PREFIXES = ("COMPOSE_", "DOCKER_", "BUILDKIT_")
# A setting that has a value needs these beside it.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "ALERT_EMAIL_TO": ("ALERT_SMTP_HOST", "ALERT_EMAIL_FROM"),
    "ALERT_SMTP_USER": ("ALERT_SMTP_PASSWORD",),
}


@dataclass(frozen=True)
class Problem:
    """A setting whose value cannot be meant; `what` repeats the value unless it is a secret."""

    name: str
    what: str


def problem(name: str, value: str) -> Problem | None:
    """What is wrong with a setting's value; nothing with an empty one, which stands for the default."""
    rule = RULES.get(name, text)
    reason = rule(value) if value else ""
    if not reason:
        return None
    is_hidden = rule in (secret, secret_url)
    said = "" if is_hidden else f"={_shown(value)}"
    return Problem(name, f"{name}{said} is {reason}")


def missing_beside(values: Mapping[str, str]) -> list[Problem]:
    """Settings that have a value, but not what they need beside it."""
    found = []
    for name, needs in NEEDS.items():
        unset = [need for need in needs if not values.get(need)]
        if values.get(name) and unset:
            found.append(Problem(name, f"{name} needs {' and '.join(unset)} beside it"))
    return found


def unknown_names(names: Iterable[str]) -> list[Problem]:
    """Names that are no setting, each with the nearest one."""
    return [
        Problem(name, f"{name} is not a setting{_did_you_mean(name, RULES)}")
        for name in names
        if name not in RULES and name not in OTHERS and not name.startswith(OTHER_PREFIXES)
    ]


@cache
def _zones() -> frozenset[str]:
    """Every zone; none where the machine has no database of them."""
    return frozenset(available_timezones()) - _NOT_ZONES


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    by_letters = {each.upper(): each for each in sorted(known)}
    nearest = get_close_matches(word.upper(), by_letters, n=1, cutoff=0.6)
    return f"; did you mean {by_letters[nearest[0]]}?" if nearest else ""


def _shown(value: str) -> str:
    """Show a value on one line, whatever it holds."""
    plain = "".join(each if each.isprintable() else "�" for each in value)
    return plain if len(plain) <= 80 else f"{plain[:79]}…"


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
