"""Settings of the platform, read from the environment and from `.env`; see `.env.example`.

Every setting a job, the simulator, the local mode or the `shoplake` command uses is declared here once.
Secrets have no default: a missing one is an error that names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.settings import problem
from spark_jobs.lib.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """All settings; the environment wins over `.env`."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore")

    # What a figure means
    shop_timezone: str = "Europe/Berlin"
    reporting_currency: str = "EUR"
    late_data_days: int = 3
    pseudonym_key: SecretStr

    # The lake: a folder, or s3a://bucket/prefix
    lake_uri: str = str(ROOT / "data_lake")
    # S3, by the names that every client of it knows
    aws_access_key_id: str = ""
    aws_secret_access_key: SecretStr = SecretStr("")
    aws_session_token: SecretStr = SecretStr("")
    aws_region: str = "us-east-1"
    aws_endpoint_url: str = ""  # of a store other than AWS
    # The stream's notes of where it is, when the lake is in S3; each start makes them anew
    stream_checkpoint_dir: str = str(ROOT / "data_lake" / "checkpoints")
    bronze_retention_days: float = 730  # by ingestion; then rows go to the archive
    lake_history_hours: int = 168  # how long a version of a table can still be read

    # The shop's MySQL, as the ingest reads it
    shop_mysql_host: str = "127.0.0.1"
    shop_mysql_port: int = 13306
    shop_mysql_database: str = "shop"
    shop_mysql_user: str = "shoplake_reader"
    shop_mysql_password: SecretStr
    # How the ingest reads it
    ingest_connections: int = 2
    ingest_overlap_seconds: int = 600
    ingest_safety_lag_seconds: int = 2
    ingest_max_lost_share: float = 0.2
    ingest_key_check_rows: int = 5_000_000  # above it, rows gone from the source are not looked for
    ingest_checksum_hours: float = 24  # between checks for rows changed without a change time; 0: every run

    # Events
    kafka_bootstrap_servers: str = "127.0.0.1:19092"
    kafka_events_topic: str = "events_plugin_ingestion"
    stream_trigger_seconds: int = 5
    stream_catch_up_seconds: int = 120

    # A self-hosted PostHog's own Kafka as a further source of events; none without an address
    posthog_kafka_bootstrap_servers: str = ""
    posthog_kafka_topics: str = "clickhouse_events_json,clickhouse_person_distinct_id"

    # The warehouse
    warehouse_host: str = "127.0.0.1"
    warehouse_port: int = 15432
    warehouse_database: str = "warehouse"
    warehouse_loader_user: str = "warehouse_loader"
    warehouse_loader_password: SecretStr
    warehouse_reader_user: str = "warehouse_reader"
    warehouse_reader_password: SecretStr

    @model_validator(mode="before")
    @classmethod
    def _blank_means_default(cls, values: Any) -> Any:
        """Drop the settings that hold nothing but blanks."""
        return {name: value for name, value in values.items() if not isinstance(value, str) or value.strip()}

    @field_validator("*", mode="before")
    @classmethod
    def _obeys_its_rule(cls, value: Any, info: ValidationInfo) -> Any:
        """Hold a setting against the rule that contracts/settings.py has for it."""
        is_said = isinstance(value, str | int | float) and not isinstance(value, bool)
        if is_said and (found := problem((info.field_name or "").upper(), str(value))):
            raise ValueError(found.what)
        return value

    @property
    def lake_is_in_s3(self) -> bool:
        """Whether the lake is in an object store rather than on a disk."""
        return self.lake_uri.startswith("s3a://")

    @property
    def stream_checkpoints(self) -> str:
        """Folder of the stream's checkpoints: bronze says where to go on, so they need not outlive a disk."""
        return self.stream_checkpoint_dir if self.lake_is_in_s3 else f"{self.lake_uri}/checkpoints"


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        UserError: with a line for each setting that is missing or cannot be meant.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise UserError("\n".join(each.text() for each in unusable(error))) from None


@dataclass(frozen=True)
class Unusable:
    """A setting that is missing or cannot be meant: its name, what is wrong, and the next command."""

    name: str
    what: str
    next_step: str

    def text(self) -> str:
        """One line for a person."""
        return f"{self.what}{'' if self.what.endswith('?') else '.'} Next: {self.next_step}"


def unusable(error: ValidationError) -> list[Unusable]:
    """What is wrong with each setting; no secret's value is in it."""
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
