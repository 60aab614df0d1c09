"""The storefront: the demo shop in the browser."""

from __future__ import annotations

import sys

import httpx

from deploy.processes.server import Home, Server
from storefront.settings import StorefrontSettings

NAMES = tuple(name.upper() for name in StorefrontSettings.model_fields)


def server(home: Home) -> Server:
    """Return one process; its pages have products as soon as a shop is loaded."""
    port = home.settings.storefront_port
    everything = home.settings.environment()
    return Server(
        name="storefront",
        command=(sys.executable, "-m", "storefront"),
        is_ready=lambda: _require_health(port),
        port=port,
        environment={name: everything[name] for name in NAMES if name in everything},
        directory=home.data,
        needs=("mariadb", "gateway"),
    )


def _require_health(port: int) -> None:
    httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).raise_for_status()
