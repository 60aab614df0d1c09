"""Sessions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.silver import DERIVE
from tests.unit.dataframes import CONTEXT, assert_rows, rows


def visits(spark: SparkSession, *events: dict[str, Any]):
    numbered = ({"event_id": f"e{n}", "visitor_id": "v", **event} for n, event in enumerate(events))
    return DERIVE["sessions"](
        silver_events=rows(spark, TABLES["silver.events"], *numbered),
        silver_identity_merges=rows(spark, TABLES["silver.identity_merges"]),
        context=CONTEXT,
    )


def test_more_than_thirty_idle_minutes_start_a_new_visit(spark: SparkSession) -> None:
    df = visits(
        spark,
        {"occurred_at": "2026-03-01 10:00:00"},
        {"occurred_at": "2026-03-01 10:30:00"},
        {"occurred_at": "2026-03-01 11:00:00.000001"},
        {"occurred_at": "2026-03-01 10:10:00", "visitor_id": "other"},
    )
    assert_rows(
        df,
        {"visitor_id": "v", "started_at": "2026-03-01 10:00:00", "event_count": 2},
        {"visitor_id": "v", "started_at": "2026-03-01 11:00:00.000001", "event_count": 1},
        {"visitor_id": "other", "started_at": "2026-03-01 10:10:00", "event_count": 1},
    )


def test_a_visit_over_midnight_stays_one(spark: SparkSession) -> None:
    df = visits(spark, {"occurred_at": "2026-03-01 22:50:00"}, {"occurred_at": "2026-03-01 23:10:00"})
    assert_rows(df, {"event_count": 2})


def test_a_visit_shows_how_far_it_went_and_whose_it_is_in_the_end(spark: SparkSession) -> None:
    df = visits(
        spark,
        {"occurred_at": "2026-03-01 10:00:00", "utm_medium": "email", "device": "tablet"},
        {"occurred_at": "2026-03-01 10:01:00", "page_path": "/p", "event_name": "Product Viewed"},
        {"occurred_at": "2026-03-01 10:02:00", "event_name": "Product Added", "customer_id": 1},
        {"occurred_at": "2026-03-01 10:03:00", "event_name": "Checkout Started", "customer_id": 2},
        {
            "occurred_at": "2026-03-01 10:04:00",
            "event_name": "Order Completed",
            "order_id": 9,
            "device": "mobile",
        },
        {
            "occurred_at": "2026-03-01 10:05:00",
            "event_name": "Order Completed",
            "order_id": 8,
            "is_bot": True,
        },
    )
    assert_rows(
        df,
        {
            "channel": "email",
            "device": "tablet",
            "landing_path": "/p",
            "customer_id": 2,
            "product_view_count": 1,
            "cart_add_count": 1,
            "checkout_count": 1,
            "is_bot": True,
        },
    )


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(0, 200), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_visits_do_not_depend_on_the_order_of_events(
    spark: SparkSession, minutes: list[int], random: Any
) -> None:
    events = [
        {"event_id": str(n), "occurred_at": f"2026-03-01 {minute // 60:02}:{minute % 60:02}:00"}
        for n, minute in enumerate(minutes)
    ]

    def found(of: list[dict[str, Any]]) -> set[tuple[str, int]]:
        return {(row["session_id"], row["event_count"]) for row in visits(spark, *of).collect()}

    ordered = sorted(minutes)
    cuts = sum(later - earlier > 30 for earlier, later in pairwise(ordered))
    assert len(found(events)) == cuts + 1
    assert found(random.sample(events, len(events))) == found(events)
