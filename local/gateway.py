"""The gateway: where PostHog's SDKs send the shop's events."""

from __future__ import annotations

import httpx

from local.server import Home, Server


def server(home: Home) -> Server:
    """One process; it is ready when Kafka answers it and has its topics."""
    settings = home.settings
    port = settings.gateway_port
    return Server(
        name="gateway",
        command=(str(home.platform / "bin" / "python"), "-m", "gateway"),
        is_ready=lambda: _require_readiness(port),
        port=port,
        environment={
            "GATEWAY_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "GATEWAY_TOKENS": settings.project_tokens,
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "KAFKA_EVENTS_TOPIC": settings.kafka_events_topic,
            # One topic for all: the stream reads no other, and a replay of old events counts like any event.
            "KAFKA_HISTORICAL_TOPIC": settings.kafka_events_topic,
        },
        directory=home.data,
        needs=("kafka",),
    )


def _require_readiness(port: int) -> None:
    httpx.get(f"http://127.0.0.1:{port}/_readiness", timeout=5).raise_for_status()
