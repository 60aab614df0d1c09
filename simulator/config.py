"""Settings of the simulator: the platform's, and the owner's access to the shop database."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import SecretStr

from contracts.settings import default
from spark_jobs.settings import ROOT, Settings

SCHEMA_FILE = ROOT / "sql" / "mysql" / "schema.sql"


class SimulatorSettings(Settings):
    """Settings of the simulator. It writes where the platform reads, with the same hosts, ports and topic."""

    shop_mysql_admin_user: str = default("SHOP_MYSQL_ADMIN_USER")
    shop_mysql_admin_password: SecretStr
    # The gateway accepts events with any of these project tokens; the simulator uses the first.
    gateway_tokens: str
    gateway_port: int = default("GATEWAY_PORT")
    gateway_url: str = ""
    # The simulator's records; one file per shop database.
    simulator_record_dir: Path = ROOT / ".shoplake" / "data" / "ledger"

    @property
    def project_token(self) -> str:
        """Token of the simulator's events."""
        return self.gateway_tokens.partition(",")[0].strip()

    @property
    def gateway_address(self) -> str:
        """Address of the gateway: on this machine, unless GATEWAY_URL names another."""
        return self.gateway_url or f"http://127.0.0.1:{self.gateway_port}"

    @property
    def record_path(self) -> Path:
        """Path of the record of the shop in the configured database."""
        return self.simulator_record_dir / f"{self.shop_mysql_database}.sqlite"


@cache
def settings() -> SimulatorSettings:
    """Return the settings of this process."""
    return SimulatorSettings()
