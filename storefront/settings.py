"""Settings of the storefront, read from the environment and from `.env`; see `.env.example`."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[1]


class StorefrontSettings(BaseSettings):
    """Settings of the storefront: its address, its shop, and the destination of its events."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore")

    storefront_host: str = "127.0.0.1"
    storefront_port: int = 8092
    # posthog-js, fetched by `make install`; without the file, pages are not tracked
    storefront_posthog_js: Path = ROOT / ".shoplake" / "envs" / "storefront" / "posthog.js"

    # It writes orders, so it connects as the owner of the shop's database
    shop_mysql_host: str = "127.0.0.1"
    shop_mysql_port: int = 13306
    shop_mysql_database: str = "shop"
    shop_mysql_admin_user: str = "shoplake_admin"
    shop_mysql_admin_password: SecretStr

    # The gateway for browsers, and for this program if that differs
    gateway_port: int = 8090
    gateway_url: str = ""
    gateway_tokens: str

    @property
    def project_token(self) -> str:
        """The token of its events: the first one of the gateway."""
        return self.gateway_tokens.partition(",")[0].strip()

    @property
    def gateway_for_pages(self) -> str:
        """The gateway as a browser on this machine reaches it."""
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def gateway(self) -> str:
        """The gateway as this program reaches it."""
        return self.gateway_url or self.gateway_for_pages
