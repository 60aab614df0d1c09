"""Run the capture service until it is asked to stop: `python -m gateway`."""

from __future__ import annotations

import logging
import signal
import sys

import structlog
import uvicorn
from pydantic import ValidationError

from gateway.app import Gateway
from gateway.settings import GatewaySettings

# Enough for a request that waits for Kafka; supervisors kill after 30 s.
STOP_SECONDS = 20
# Longer than SDKs keep idle connections. If the server closed first, a client could meet a reset.
KEEP_ALIVE_SECONDS = 75


def main() -> int:
    """Serve requests; returns the exit code."""
    try:
        settings = GatewaySettings()
    except ValidationError as error:
        return wrong_settings("gateway", error)
    log_as_json(settings.gateway_log_level)
    config = uvicorn.Config(
        Gateway(settings),
        host=settings.gateway_host,
        port=settings.gateway_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        # client_ip decides which X-Forwarded-For to trust.
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=2048,
    )
    # After a clean shutdown, uvicorn raises the signal again. Ignoring it makes the exit code 0.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda *_: None)
    uvicorn.Server(config).run()
    return 0


def wrong_settings(program: str, error: ValidationError) -> int:
    """Print which settings are missing or invalid, in one line; returns the exit code."""
    found = "; ".join(f"{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in error.errors())
    print(f"{program}: {found}. Set it in .env; make demo fills in what is missing.", file=sys.stderr)
    return 2


def log_as_json(level: str) -> None:
    """Log one JSON object per line to standard output, including the lines of the server itself."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper(), logging.INFO)),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
        foreign_pre_chain=shared,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(renderer)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


if __name__ == "__main__":
    sys.exit(main())
