"""The simulator's own figures compared with those that PostgreSQL serves."""

from __future__ import annotations

from typing import Any

from deploy.processes.stack import Stack
from simulator.config import SimulatorSettings
from simulator.ledger.figures import Ledger, open_ledger
from tests.stack.pipeline import query

# For each mart of the ledger: its key, and the rows that are more than the other half of a comparison.
KEYS = {
    "daily_sales": ("sales_date", "sales_channel"),
    "product_daily": ("sales_date", "product_id"),
    "customer_360": ("person_id",),
    "funnel_daily": ("session_date", "channel", "device"),
    "sessions": ("session_id",),
    "cart_abandonment": ("cart_id",),
    "search_terms": ("search_date", "term"),
    "channel_attribution": ("sales_date", "channel", "model"),
    "tracking_coverage": ("coverage_date", "sales_channel", "channel", "device"),
}
OWN_ROWS = {"funnel_daily": "WHERE sessions > 0"}


def ledger(stack: Stack) -> Ledger:
    return open_ledger(
        SimulatorSettings(_env_file=stack.env_file, simulator_record_dir=stack.home.ledger)  # type: ignore[call-arg]
    )


def assert_marts_equal_the_ledger(stack: Stack) -> None:
    """Every row and every column that the ledger knows, to the cent."""
    book = ledger(stack)
    for mart, key in KEYS.items():
        expected: dict[Any, dict[str, Any]] = getattr(book, mart)()
        columns = [*key, *next(iter(expected.values()))]
        statement = f"SELECT {', '.join(columns)} FROM mart.{mart} {OWN_ROWS.get(mart, '')}"
        served = {
            row[: len(key)] if len(key) > 1 else row[0]: dict(
                zip(columns[len(key) :], row[len(key) :], strict=True)
            )
            for row in query(stack.settings, statement)
        }
        assert served.keys() == expected.keys(), mart
        wrong = {at: (served[at], row) for at, row in expected.items() if served[at] != row}
        assert wrong == {}, f"{mart}: {len(wrong)} rows, such as {next(iter(wrong.items()))}"
