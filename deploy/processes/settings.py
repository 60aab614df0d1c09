"""Settings of local mode: addresses, memory limits and the secrets of its servers; see docs/settings.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from contracts.settings import Audience, default, missing_beside, read_by
from deploy.errors import DeployError
from gateway.settings import GatewaySettings
from spark_jobs.settings import Settings, Unusable, unusable

# Address of local mode's own MySQL; any other host, `localhost` included, is your own server.
BUNDLED_HOST = "127.0.0.1"


class UnusableSettings(DeployError):
    """Missing or invalid settings, one line each."""

    def __init__(self, env_file: Path, found: list[Unusable]) -> None:
        super().__init__("\n".join([f"{env_file} cannot be used:", *(each.text() for each in found)]))
        self.found = found


class LocalSettings(Settings, GatewaySettings):
    """The settings of platform and gateway, and those that only local mode needs.

    An address is declared once: the port of Kafka and of Spark is the one in their address.
    """

    model_config = SettingsConfigDict(extra="ignore")

    # Servers
    shop_mysql_admin_user: str = default("SHOP_MYSQL_ADMIN_USER")
    shop_mysql_admin_password: SecretStr
    kafka_controller_port: int = default("KAFKA_CONTROLLER_PORT")
    storefront_port: int = default("STOREFRONT_PORT")
    postgres_password: SecretStr
    spark_remote: str = default("SPARK_REMOTE")
    airflow_port: int = default("AIRFLOW_PORT")
    airflow_admin_password: SecretStr
    airflow_db_password: SecretStr
    airflow_jwt_secret: SecretStr
    airflow_secret_key: SecretStr
    airflow_fernet_key: SecretStr
    superset_port: int = default("SUPERSET_PORT")
    superset_admin_password: SecretStr
    superset_db_password: SecretStr
    superset_secret_key: SecretStr

    # Memory: the only place that limits the servers. Servers without a memory option (Airflow, Superset) are
    # limited by their number of processes in deploy/processes/airflow.py and deploy/processes/superset.py.
    shop_mysql_memory: str = default("SHOP_MYSQL_MEMORY")
    postgres_memory: str = default("POSTGRES_MEMORY")
    kafka_memory: str = default("KAFKA_MEMORY")
    stream_driver_memory: str = default("STREAM_DRIVER_MEMORY")
    spark_cores: int = default("SPARK_CORES")

    # Recipients of alerts about failed runs (dags/alerts.py)
    alert_webhook_url: SecretStr = SecretStr(default("ALERT_WEBHOOK_URL"))
    alert_email_to: str = default("ALERT_EMAIL_TO")
    alert_email_from: str = default("ALERT_EMAIL_FROM")
    alert_smtp_host: str = default("ALERT_SMTP_HOST")
    alert_smtp_port: int = default("ALERT_SMTP_PORT")
    alert_smtp_user: str = default("ALERT_SMTP_USER")
    alert_smtp_password: SecretStr = SecretStr(default("ALERT_SMTP_PASSWORD"))
    alert_smtp_starttls: bool = default("ALERT_SMTP_STARTTLS")

    # Where downloads are kept between checkouts
    shoplake_cache: Path = Path(default("SHOPLAKE_CACHE"))

    @model_validator(mode="after")
    def _have_what_they_need(self) -> Self:
        if found := missing_beside(self.environment()):
            raise ValueError("; ".join(each.what for each in found))
        return self

    @property
    def kafka_port(self) -> int:
        """Port of the Kafka listener."""
        return _port_of(self.kafka_bootstrap_servers)

    @property
    def spark_port(self) -> int:
        """Port of the Spark Connect server."""
        return _port_of(self.spark_remote)

    @property
    def has_own_shop(self) -> bool:
        """Whether the shop is in your own MySQL, which local mode does not start."""
        return self.shop_mysql_host != BUNDLED_HOST

    def ports(self) -> dict[str, tuple[int, str]]:
        """Port and the setting that changes it, for each server that listens."""
        bundled_shop = {
            "mariadb": (self.shop_mysql_port, "SHOP_MYSQL_PORT"),
            "storefront": (self.storefront_port, "STOREFRONT_PORT"),
        }
        connect = (self.spark_port, "SPARK_REMOTE")
        return {
            **({} if self.has_own_shop else bundled_shop),
            "postgres": (self.warehouse_port, "WAREHOUSE_PORT"),
            "kafka": (self.kafka_port, "KAFKA_BOOTSTRAP_SERVERS"),
            "kafka-controller": (self.kafka_controller_port, "KAFKA_CONTROLLER_PORT"),
            **({"spark-connect": connect} if self.spark_engine == "spark" else {}),
            "gateway": (self.gateway_port, "GATEWAY_PORT"),
            **({"mirror": (self.mirror_metrics_port, "MIRROR_METRICS_PORT")} if self.mirrors else {}),
            "airflow-api-server": (self.airflow_port, "AIRFLOW_PORT"),
            "superset": (self.superset_port, "SUPERSET_PORT"),
        }

    def environment(self) -> dict[str, str]:
        """Return every setting as environment variables, secrets in the clear: for the owner's programs."""
        written = {name.upper(): _written(value) for name, value in self}
        # An empty key or token would be used as one.
        return {name: value for name, value in written.items() if value or not name.startswith("AWS_")}

    def s3_environment(self) -> dict[str, str]:
        """Return the lake's S3 keys and address, for a server without other settings; empty for a folder."""
        written = self.environment() if self.lake_is_in_s3 else {}
        return {name: value for name, value in written.items() if name.startswith("AWS_")}

    def alert_environment(self) -> dict[str, str]:
        """Return Airflow's settings of the recipients of alerts."""
        names = {each.name for each in read_by(Audience.AIRFLOW)}
        return {name: value for name, value in self.environment().items() if name in names}

    def platform_environment(self) -> dict[str, str]:
        """Return the environment of jobs: the platform's settings, without the servers' owner passwords."""
        names = {name.upper() for name in Settings.model_fields}
        return {name: value for name, value in self.environment().items() if name in names}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _port_of(address: str) -> int:
    match = re.search(r":(\d+)", address.rsplit("://", maxsplit=1)[-1])
    if not match:
        raise DeployError(f"No port in the address {address!r}: write it as host:port.")
    return int(match[1])


def load_settings(env_file: Path, overrides: Mapping[str, str] | None = None) -> LocalSettings:
    """Load the settings of `env_file`; `overrides`, by environment names, win over it and the environment.

    Raises:
        UnusableSettings: naming each missing or invalid setting.
    """

    class FromFile(LocalSettings):
        model_config = SettingsConfigDict(env_file=env_file, extra="ignore")

    values = {name.lower(): value for name, value in (overrides or {}).items()}
    try:
        return FromFile(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise UnusableSettings(env_file, unusable(error)) from None
