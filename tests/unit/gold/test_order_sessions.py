"""An order has one session, by one rule, in every mart."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.chain import Chain
from tests.unit.gold.session_rows import event, placed, report, session


def orders(spark: SparkSession, *reports: dict[str, Any], **given: list[dict[str, Any]]) -> DataFrame:
    return build(spark, "orders", silver_events=list(reports), **given)


def test_an_order_belongs_to_the_session_that_reports_it_first(spark: SparkSession) -> None:
    df = orders(
        spark,
        report("10:20", 1),  # the session that started first reports last
        report("10:06", 1, visitor_id="phone"),
        report("10:07", 1, visitor_id="phone", event_id="reload"),
        report("11:00", 1, visitor_id="server"),
        event("Product Viewed", "10:01", order_id=1),
        silver_orders=[placed(1, "10:05"), placed(2, "10:06")],
        silver_sessions=[
            session("early", "10:00", "10:30", channel="email"),
            session("first to report", "10:02", "10:30", visitor_id="phone", channel="affiliate"),
            session("server", "11:00", visitor_id="server"),
        ],
    )
    names = ("order_id", "session_id", "channel", "reported_at", "report_event_id")
    assert_rows(
        df,
        dict(zip(names, (1, "first to report", "affiliate", "2026-05-02 10:06:00", "10:06-1"), strict=True)),
        dict(zip(names, (2, None, None, None, None), strict=True)),
    )


@pytest.mark.parametrize(
    "said",
    [
        {"order_id": 1, "order_reference": "1"},
        {"order_reference": "SL-0042"},
        {"order_reference": "sl-0042"},
        {"order_reference": "#SL-0042"},
    ],
)
@pytest.mark.parametrize("number", ["SL-0042", "#SL-0042"])
def test_a_report_names_an_order_by_its_id_or_by_its_number(
    spark: SparkSession, said: dict[str, Any], number: str
) -> None:
    df = orders(
        spark,
        event("Order Completed", "10:06", **said),
        silver_orders=[placed(1, "10:05", order_number=number), placed(2, "10:05", order_number="SL-42")],
        silver_sessions=[session("s", "10:00", "10:30")],
    )
    assert_rows(df, {"order_id": 1, "session_id": "s"}, {"order_id": 2, "session_id": None})


# Order 7 has the number 8. What `8` means depends on when the order with the id 8 was placed.
@pytest.mark.parametrize(
    ("placed_with_id_8", "meant"),
    [
        ("2026-05-02 10:00:00", 8),  # both were placed today: the id
        ("2026-05-01 12:00:00", 8),
        ("2024-01-01 00:00:00", 7),  # nobody reports an order of two years ago
        ("2026-05-09 00:00:00", 7),  # nor one of next week
    ],
)
def test_an_id_that_is_another_orders_number_is_the_id_unless_its_order_is_of_another_time(
    spark: SparkSession, placed_with_id_8: str, meant: int
) -> None:
    df = orders(
        spark,
        report("10:06", 8),
        silver_orders=[
            placed(7, "10:05", order_number="8"),
            placed(8, placed_with_id_8, order_number="9"),
        ],
        silver_sessions=[session("s", "10:00", "10:30")],
    )
    assert_rows(df.where("session_id IS NOT NULL"), {"order_id": meant})


def test_a_late_report_of_an_id_is_still_of_the_id(spark: SparkSession) -> None:
    df = orders(
        spark,
        report("10:06", 8),
        silver_orders=[
            placed(7, "2026-04-01 10:00:00", order_number="8"),
            placed(8, "2026-03-01 10:00:00"),
        ],
        silver_sessions=[session("s", "10:00", "10:30")],
    )
    assert_rows(df.where("session_id IS NOT NULL"), {"order_id": 8})


def test_of_two_orders_with_one_number_the_nearer_is_meant_and_a_deleted_one_never(
    spark: SparkSession,
) -> None:
    df = orders(
        spark,
        report("10:06", "A1"),
        silver_orders=[
            placed(1, "09:00", order_number="A1"),
            placed(2, "10:05", order_number="a1"),
            placed(3, "10:06", order_number="A1", is_deleted=True),
        ],
        silver_sessions=[session("s", "10:00", "10:30")],
    )
    assert_rows(df, {"order_id": 1, "session_id": None}, {"order_id": 2, "session_id": "s"})


SHOP: dict[str, list[dict[str, Any]]] = {
    # 1 is reported by a reload, a second device and a bot too; 2 only by a bot; 3 and 4 by a shared device,
    # for two customers; 5 by its number; 6 by nobody; 7 is a test; 8 failed.
    "silver_orders": [
        placed(1, "10:05", customer_id=1),
        placed(2, "10:06", customer_id=2),
        placed(3, "12:05", customer_id=3),
        placed(4, "12:10", customer_id=4),
        placed(5, "14:05", customer_id=5),
        placed(6, "15:00", customer_id=6),
        placed(7, "16:00", customer_id=7, is_test=True),
        placed(8, "16:01", customer_id=7, status="failed"),
    ],
    "silver_customers": [{"customer_id": number} for number in range(1, 8)],
    "silver_order_lines": [
        {"order_line_id": n, "order_id": n, "product_id": n, "quantity": 1, "unit_price_amount": "10.00"}
        for n in range(1, 9)
    ],
    "silver_sessions": [
        session("s1", "10:00", "10:30", channel="email", product_view_count=1),
        session("second device", "10:20", visitor_id="phone", channel="affiliate"),
        session("bot", "09:00", "10:30", visitor_id="bot", is_bot=True, channel="referral"),
        session(
            "shared", "12:00", "12:30", visitor_id="shared", person_id="uuid of 3", channel="paid_social"
        ),
        session("numbers", "14:00", "14:30", visitor_id="w", channel="organic_search"),
        session("tests", "16:00", "16:30", visitor_id="staff"),
    ],
    "silver_events": [
        report("10:05", 1),
        report("10:25", 1, event_id="reload"),
        report("10:20", 1, visitor_id="phone", event_id="second device"),
        report("10:04", 1, visitor_id="bot", event_id="bot"),
        report("10:06", 2, visitor_id="bot"),
        report("12:05", 3, visitor_id="shared"),
        report("12:10", 4, visitor_id="shared"),
        report("14:05", "SL0000005", visitor_id="w"),
        report("16:00", 7, visitor_id="staff"),
        report("16:01", 8, visitor_id="staff"),
    ],
}
SESSIONS = {1: "s1", 2: None, 3: "shared", 4: "shared", 5: "numbers", 6: None, 7: "tests", 8: "tests"}


@pytest.fixture(scope="module")
def shop(spark: SparkSession) -> Chain:
    return Chain(spark, **SHOP)


def test_orders_name_their_one_session(shop: Chain) -> None:
    df = shop.mart("orders")
    assert_rows(df, *({"order_id": number, "session_id": name} for number, name in SESSIONS.items()))


def test_sessions_own_the_orders_that_name_them(shop: Chain) -> None:
    df = shop.mart("sessions")
    names = ("session_id", "person_id", "order_id", "orders", "net_amount")
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("s1", "c:1", 1, 1, "10.00"),
                ("second device", "c:1", None, 0, 0),
                ("bot", "c:1", None, 0, 0),
                ("shared", "c:3", 3, 2, "20.00"),
                ("numbers", "c:5", 5, 1, "10.00"),
                ("tests", "c:7", None, 0, 0),
            )
        ),
    )


def test_the_funnel_counts_an_order_in_its_one_session(shop: Chain) -> None:
    df = shop.mart("funnel_daily").where("session_date = DATE'2026-05-02'")
    names = ("channel", "sessions", "purchase_sessions")
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("email", 1, 1),
                ("affiliate", 1, 0),
                ("paid_social", 1, 1),
                ("organic_search", 1, 1),
                ("paid_search", 1, 0),  # the tests
            )
        ),
    )


def test_coverage_knows_the_orders_that_sessions_of_people_report(shop: Chain) -> None:
    df = shop.mart("tracking_coverage")
    names = ("channel", "orders", "tracked_orders", "untracked_orders", "unknown_purchases")
    assert_rows(
        df,
        *(
            dict(zip(names, row, strict=True))
            for row in (
                ("email", 1, 1, 0, 0),
                ("paid_social", 2, 2, 0, 0),
                ("organic_search", 1, 1, 0, 0),
                ("untracked", 2, 0, 2, 0),
            )
        ),
    )


@pytest.mark.parametrize("model", ["first_touch", "last_non_direct", "linear", "position"])
def test_every_order_with_a_session_has_its_channel_also_on_a_shared_device(shop: Chain, model: str) -> None:
    df = shop.mart("channel_attribution").where(F.col("model") == model)
    # The bot's session leads to nothing, whoever its person is.
    expected = {"email": 1, "paid_social": 2, "organic_search": 1, "untracked": 2}
    assert_rows(
        df,
        *({"channel": name, "attributed_orders": count} for name, count in expected.items()),
    )


def test_products_and_customers_take_the_same_sessions(shop: Chain) -> None:
    products = shop.mart("product_daily")
    bought = {number: int(SESSIONS[number] is not None) for number in (1, 2, 3, 4, 5, 6)}
    assert_rows(products, *({"product_id": n, "purchases": 1, "cart_orders": c} for n, c in bought.items()))
    channels = {1: "email", 2: "untracked", 3: "paid_social", 4: "paid_social", 5: "organic_search"}
    customers = shop.mart("customer_360")
    assert_rows(
        customers,
        *({"person_id": f"c:{n}", "acquisition_channel": name} for n, name in channels.items()),
        {"person_id": "c:6", "acquisition_channel": "untracked"},
        {"person_id": "c:7", "acquisition_channel": None},
    )


def test_the_marts_agree_on_how_many_orders_have_a_session(shop: Chain) -> None:
    def total(mart: str, figure: str) -> Any:
        (row,) = shop.mart(mart).select(F.expr(figure).alias("n")).collect()
        return row["n"]

    with_session = total("orders", "count_if(is_counted AND session_id IS NOT NULL)")
    assert with_session == 4
    assert total("sessions", "sum(orders)") == with_session
    assert total("tracking_coverage", "sum(tracked_orders)") == with_session
    distinct = total("orders", "count(DISTINCT CASE WHEN is_counted THEN session_id END)")
    assert total("sessions", "count_if(orders > 0)") == distinct
    assert total("funnel_daily", "sum(purchase_sessions)") == distinct
    untracked = "sum(CASE WHEN channel = 'untracked' THEN attributed_orders END) / 4"
    assert total("channel_attribution", untracked) == total("tracking_coverage", "sum(untracked_orders)") == 2
