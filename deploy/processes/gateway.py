"""The gateway: PostHog's capture protocol on loopback, into Kafka; and its mirror, if configured."""

from __future__ import annotations

import sys

import httpx

from deploy.errors import DeployError
from deploy.processes.server import Home, Server
from gateway.settings import GatewaySettings


def servers(home: Home) -> list[Server]:
    """Return the gateway and, if a PostHog is configured, the mirror."""
    settings = home.settings
    found = [
        Server(
            name="gateway",
            command=(sys.executable, "-m", "gateway"),
            is_ready=lambda: _require_ready(settings.gateway_port),
            port=settings.gateway_port,
            environment=environment(home),
            directory=home.data,
            needs=("kafka",),
        )
    ]
    if settings.mirrors:
        found.append(
            Server(
                name="mirror",
                command=(sys.executable, "-m", "gateway.mirror"),
                is_ready=lambda: _require_alive(settings.mirror_metrics_port),
                port=settings.mirror_metrics_port,
                environment=environment(home),
                directory=home.data,
                needs=("kafka",),
            )
        )
    return found


def environment(home: Home) -> dict[str, str]:
    """Return the gateway's environment: its own settings, and no secret of another server."""
    names = {name.upper() for name in GatewaySettings.model_fields}
    return {name: value for name, value in home.settings.environment().items() if name in names}


def _require_ready(port: int) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/_readiness", timeout=5)
    if answer.status_code != httpx.codes.OK:
        raise DeployError(answer.text)


def _require_alive(port: int) -> None:
    httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).raise_for_status()
