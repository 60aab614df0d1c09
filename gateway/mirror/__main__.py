"""Forward events to a real PostHog until asked to stop: `python -m gateway.mirror`."""

from __future__ import annotations

import signal
import sys
import threading

import structlog
from prometheus_client import start_http_server
from pydantic import ValidationError

from gateway.__main__ import log_as_json, wrong_settings
from gateway.mirror.consumer import Mirror
from gateway.mirror.metrics import REGISTRY
from gateway.settings import GatewaySettings


def main() -> int:
    """Forward events; returns the exit code."""
    try:
        settings = GatewaySettings()
    except ValidationError as error:
        return wrong_settings("mirror", error)
    if not settings.mirrors:
        print("mirror: off. Set MIRROR_HOST and MIRROR_TOKEN in .env to forward events.", file=sys.stderr)
        return 2
    log_as_json(settings.gateway_log_level)
    stopping = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stopping.set())
    start_http_server(settings.mirror_metrics_port, settings.gateway_host, REGISTRY)
    log = structlog.get_logger("mirror")
    log.info("started", host=settings.mirror_host, group=settings.mirror_group)
    Mirror(settings, lambda seconds: not stopping.wait(seconds)).run()
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
