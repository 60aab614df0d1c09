"""Sessions and purchases per day, channel and device."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.order_rows import gold_order


def test_the_funnel_trusts_the_database_and_leaves_bots_out(spark: SparkSession) -> None:
    began = {"started_at": "2026-05-01 10:00:00", "channel": "email", "device": "mobile"}
    later = {**began, "started_at": "2026-05-08 10:00:00"}
    funnel = build(
        spark,
        "funnel_daily",
        gold_orders=[
            gold_order(1, "2026-05-01", session_id="a"),
            gold_order(2, "2026-05-01", session_id="a"),
            gold_order(3, "2026-05-01", session_id="b", exclusion_reason="failed"),
            gold_order(4, "2026-05-01"),
        ],
        silver_sessions=[
            {**began, "session_id": "a", "product_view_count": 3},
            {**began, "session_id": "b"},
            {**began, "session_id": "c"},
            {**began, "session_id": "d", "is_bot": True},
            {**later, "session_id": "e"},
        ],
    )
    names = ("session_date", "sessions", "product_view_sessions", "purchase_sessions", "conversion_rate")
    names = (*names, "sessions_week_before", "purchase_sessions_week_before", "sessions_year_before")
    assert_rows(
        funnel,
        dict(zip(names, ("2026-05-01", 3, 1, 1, "0.333333", 0, 0, 0), strict=True)),
        dict(zip(names, ("2026-05-08", 1, 0, 0, "0", 3, 1, 0), strict=True)),
    )
