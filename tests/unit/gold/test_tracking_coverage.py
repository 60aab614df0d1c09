"""Orders compared with the purchases that sessions report."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows
from tests.unit.gold.chain import Chain
from tests.unit.gold.session_rows import event, placed, report, session

MONEY = {"value_amount": "11.90", "currency": "EUR"}


def order(number: int, at: str, **more: Any) -> dict[str, Any]:
    money = {"total_amount": "11.90", "shipping_amount": "10.00"}
    return placed(number, at, **{"sales_channel": "web", **money, **more})


def test_orders_and_reports_are_set_against_each_other(spark: SparkSession) -> None:
    marts = Chain(
        spark,
        silver_sessions=[
            session("s", "10:00", "11:00", channel="email", device="mobile"),
            session("bot", "10:00", "11:00", visitor_id="bot", is_bot=True),
        ],
        silver_orders=[
            order(1, "10:01"),
            order(2, "10:02"),
            order(3, "10:03"),
            order(4, "10:04"),
            order(5, "10:05", sales_channel="phone"),
            order(6, "10:06"),
            order(7, "10:07", status="failed"),
            order(8, "10:08"),
            order(9, "10:09", order_number="A-9"),
            order(10, "10:10", is_deleted=True),
        ],
        silver_order_lines=[
            {"order_line_id": n, "order_id": n, "quantity": 1, "unit_price_amount": "10.00"}
            for n in range(1, 11)
        ],
        silver_events=[
            report("10:01", 1, **MONEY),
            report("10:30", 1, value_amount="99.00"),  # sent again by another page; the first counts
            report("10:02", 2, **{**MONEY, "value_amount": "10.00"}),
            report("10:03", 3, **{**MONEY, "currency": "USD"}),
            report("10:04", 4, currency="EUR"),
            report("10:06", 6, visitor_id="bot"),
            report("10:07", 7),
            report("10:09", "#a-9", **MONEY),
            event("Product Viewed", "10:08", order_id=8),
            report("10:10", 10),  # deleted in the shop
            report("10:40", 999),
            report("10:41", 999, event_id="reload"),
            report("10:42", "X-1"),
            report("10:43", "#x-1"),
            report("10:44", None),
            report("10:45", None, visitor_id="bot"),
        ],
    )
    df = marts.mart("tracking_coverage")
    names = (
        *("sales_channel", "channel", "device", "orders", "tracked_orders", "untracked_orders"),
        *("unknown_purchases", "mismatched_orders", "untracked_sales", "tracking_rate"),
    )
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("web", "email", "mobile", 5, 5, 0, 0, 2, "0.00", "1"),
                ("web", "untracked", "unknown", 2, 0, 2, 0, 0, "20.00", "0"),
                ("phone", "untracked", "unknown", 1, 0, 1, 0, 0, "10.00", "0"),
                ("unknown", "email", "mobile", 0, 0, 0, 4, 0, "0.00", None),
            )
        ),
    )


@pytest.mark.parametrize(
    ("currency", "total", "claim", "is_mismatch"),
    [
        ("EUR", "11.90", "11.9049", False),
        ("EUR", "11.90", "11.9051", True),
        ("JPY", "1757", "1757.40", False),
        ("JPY", "1757", "1756", True),
        ("KWD", "1.235", "1.2350", False),
        ("KWD", "1.235", "1.234", True),
    ],
)
def test_a_claim_is_compared_in_the_minor_unit_of_the_orders_currency(
    spark: SparkSession, currency: str, total: str, claim: str, is_mismatch: bool
) -> None:
    marts = Chain(
        spark,
        silver_sessions=[session("s", "10:00", "10:30")],
        silver_orders=[order(1, "10:01", currency=currency, total_amount=total)],
        silver_events=[report("10:02", 1, value_amount=claim)],
    )
    expected = {"tracked_orders": 1, "mismatched_orders": int(is_mismatch)}
    assert_rows(marts.mart("tracking_coverage"), expected)


@pytest.mark.parametrize(
    ("claim", "is_mismatch"),
    [
        ({}, False),
        ({"value_amount": "11.90"}, False),
        ({"value_amount": "11.9"}, False),
        ({"value_amount": "11.91"}, True),
        ({"value_amount": "0"}, True),
        ({"currency": "EUR"}, False),
        ({"currency": "USD"}, True),
        ({"currency": "USD", "value_amount": "11.90"}, True),
        ({"currency": "EUR", "value_amount": "11.90"}, False),
    ],
)
def test_a_claim_that_is_not_there_is_no_mismatch(
    spark: SparkSession, claim: dict[str, Any], is_mismatch: bool
) -> None:
    marts = Chain(
        spark,
        silver_sessions=[session("s", "10:00", "10:30")],
        silver_orders=[order(1, "10:01")],
        silver_events=[report("10:02", 1, **claim)],
    )
    expected = {"tracked_orders": 1, "mismatched_orders": int(is_mismatch)}
    assert_rows(marts.mart("tracking_coverage"), expected)
