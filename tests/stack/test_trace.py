"""`shoplake trace`: an order followed through the shop, the lake and the warehouse."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.processes.stack import Stack
from ops.order_trace import trace_order
from tests.integration.servers import Environment
from tests.stack.pipeline import query, shoplake
from tests.stack.test_demo_shop import break_an_order

pytestmark = pytest.mark.stack
BROKEN = 900000000


def one(demo: Stack, statement: str) -> Any:
    return query(demo.settings, statement)[0][0]


def test_a_tracked_order_is_found_in_every_layer(demo: Stack, home: Path) -> None:
    number = one(
        demo,
        "SELECT order_number FROM mart.orders WHERE is_counted AND session_id IS NOT NULL ORDER BY 1 LIMIT 1",
    )
    done = shoplake(home, "trace", number, "--json")
    trace = json.loads(done.stdout)
    assert trace["verdict"].startswith("It counts."), done.stderr
    for layer, key in (("shop", "id"), ("bronze", "id"), ("silver", "order_id"), ("gold", "order_id")):
        assert int(trace[layer]["orders"][0][key]) == trace["order_id"]
    assert trace["bronze"]["orders"][0]["_batch_id"] and trace["bronze"]["orders"][0]["_ingested_at"]
    assert "Order Completed" in [event["event_name"] for event in trace["events"]]
    assert {"orders", "order_lines", "daily_sales", "customer_360", "sessions", "funnel_daily"} <= {
        part["mart"] for part in trace["parts"]
    }
    assert all(part["served"] for part in trace["parts"])
    assert "@" not in done.stdout  # no contact data


def test_what_the_orders_of_a_day_add_is_what_the_marts_say(demo: Stack) -> None:
    """Every figure that `trace` claims of a day of one sales channel, refunds of that day included."""
    day, channel = query(
        demo.settings,
        "SELECT sales_date, sales_channel FROM mart.daily_sales"
        " WHERE excluded_orders > 0 AND returns > 0 ORDER BY placed_orders, 1 LIMIT 1",
    )[0]
    orders = query(
        demo.settings,
        "SELECT order_id FROM (SELECT order_id, order_date AS day, sales_channel FROM mart.orders UNION"
        " SELECT order_id, refund_date, sales_channel FROM mart.refund_lines) o"
        f" WHERE day = '{day}' AND sales_channel = '{channel}'",
    )
    added: Counter[str] = Counter()
    served: dict[str, Any] = {}
    for (order_id,) in orders:
        for part in trace_order(demo.settings, str(order_id)).parts:
            if part.mart == "daily_sales" and tuple(part.key.values()) == (day, channel):
                assert part.served is not None
                served |= part.served
                added.update(part.counts)
    assert dict(added) == served
    assert added["returns"] and added["excluded_orders"]


def test_each_order_counts_in_the_visits_and_searches_that_the_marts_have(demo: Stack) -> None:
    """An order adds to a row that is there, and never more than the row says."""
    orders = query(demo.settings, "SELECT order_id FROM mart.orders ORDER BY md5(order_id::text) LIMIT 12")
    for (order_id,) in orders:
        for part in trace_order(demo.settings, str(order_id)).parts:
            assert part.served, f"{order_id}: {part}"
            whole = {
                name: part.served[name] for name, adds in part.counts.items() if 0 < adds > part.served[name]
            }
            assert set(whole) <= {"net_sales", "tax", "shipping"}, (
                f"{order_id}: {part}"
            )  # refunds take from these


def test_a_test_order_does_not_count_and_is_counted_as_such(demo: Stack, home: Path) -> None:
    order = one(demo, "SELECT min(order_id) FROM mart.orders WHERE exclusion_reason = 'test'")
    done = shoplake(home, "trace", str(order))
    assert "It does not count: " in done.stdout and "test" in done.stdout.splitlines()[0]
    (part,) = trace_order(demo.settings, str(order)).parts
    assert (part.mart, part.counts["excluded_test_orders"], part.counts["placed_orders"]) == (
        "daily_sales",
        1,
        0,
    )


def test_an_order_in_quarantine_says_why(demo: Stack) -> None:
    if not is_broken(demo):
        break_an_order(demo)
        jobs = Environment(demo.program_environment())
        for step in ("ingest_mysql", "build_silver"):
            jobs.must_run(step, "--run-id", "broken-order")
    trace = trace_order(demo.settings, "BROKEN")
    assert trace.order_id == BROKEN
    assert trace.verdict == "It does not count: it is in quarantine (placed_at_required)."
    rejected = [row for row in trace.quarantine if row["table"] == "orders"]
    assert rejected[0]["said"] == {"placed_at": "0000-00-00 00:00:00.000000"}
    assert rejected[0]["batch_id"] == trace.bronze["orders"][0]["_batch_id"]
    assert trace.parts == []


def is_broken(demo: Stack) -> bool:
    try:
        return bool(trace_order(demo.settings, str(BROKEN)).quarantine)
    except DeployError:
        return False


def test_an_unknown_order_is_named_in_one_line(demo: Stack, home: Path) -> None:
    for order in ("SL9999999", "123456789", "9" * 40):
        done = shoplake(home, "trace", order)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1 and f"{order!r}" in done.stderr


def test_without_the_shop_the_rest_is_told_and_the_shop_named(demo: Stack) -> None:
    order = one(demo, "SELECT min(order_id) FROM mart.orders WHERE is_counted")
    trace = trace_order(demo.settings.model_copy(update={"shop_mysql_port": 1}), str(order))
    assert trace.verdict == "It counts."
    assert trace.shop["orders"] == [] and trace.silver["orders"]
    (problem,) = trace.problems
    assert "127.0.0.1:1" in problem and "SHOP_MYSQL_PORT" in problem
