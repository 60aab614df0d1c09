"""Run the demo shop until it is asked to stop: `python -m storefront`."""

from __future__ import annotations

import logging
import sys

import uvicorn
from pydantic import ValidationError

from storefront.app import create_app
from storefront.settings import StorefrontSettings

STOP_SECONDS = 5


def main() -> int:
    """Serve requests; returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    try:
        settings = StorefrontSettings()
    except ValidationError as error:
        names = ", ".join(str(problem["loc"][0]).upper() for problem in error.errors())
        print(f"storefront: missing or invalid: {names}. Set it in .env.", file=sys.stderr)
        return 2
    uvicorn.run(
        create_app(settings),
        host=settings.storefront_host,
        port=settings.storefront_port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
