"""Load the demo shop unless it is loaded: `python -m deploy.container.shop`."""

from __future__ import annotations

import os
import sys

from simulator.cli import app
from simulator.config import settings
from simulator.record import Record


def loaded_shop() -> str | None:
    """Return the name of the shop in the database, by the simulator's own record."""
    if not settings().record_path.exists():
        return None
    with Record(settings().record_path) as record:
        name = record.meta("shop")
    return str(name) if name else None


def main() -> int:
    """Load the wanted shop if needed; returns 0 when it is there."""
    wanted, there = os.environ["SHOP"], loaded_shop()
    if there == wanted:
        print(f"{wanted} is there already; its data are kept")
        return 0
    if there:
        print(f"The shop {there} is loaded, not {wanted}. Next: make clean, then make up SHOP={wanted}")
        return 1
    size = ["--days", os.environ["DEMO_DAYS"], "--customers", os.environ["DEMO_CUSTOMERS"]]
    app(["load", "--shop", wanted, *size])
    return 0


if __name__ == "__main__":
    sys.exit(main())
