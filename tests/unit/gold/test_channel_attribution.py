"""Orders attributed to the sessions before them."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.session_rows import counted, session

NAMES = ("channel", "attributed_orders", "attributed_sales")


def came(day: str, channel: str, **more: Any) -> dict[str, Any]:
    return session(f"{day}{channel}", f"2026-{day} 08:00:00", channel=channel, **more)


def attribution(spark: SparkSession, model: str, **given: list[dict[str, Any]]) -> DataFrame:
    return build(spark, "channel_attribution", **given).where(F.col("model") == model)


FOUR = [
    came("04-01", "email"),
    came("04-02", "affiliate"),
    came("04-03", "paid_social"),
    came("04-04", "direct"),
]
MODELS = {
    "first_touch": [("email", 1, "10.01")],
    "last_non_direct": [("paid_social", 1, "10.01")],
    # 2.5025, 5.005, 7.5075 and 10.01, half-even, minus the previous one.
    "linear": [
        ("email", "0.25", "2.50"),
        ("affiliate", "0.25", "2.50"),
        ("paid_social", "0.25", "2.51"),
        ("direct", "0.25", "2.50"),
    ],
    "position": [
        ("email", "0.4", "4.00"),
        ("affiliate", "0.1", "1.00"),
        ("paid_social", "0.1", "1.01"),
        ("direct", "0.4", "4.00"),
    ],
}


@pytest.mark.parametrize("model", MODELS)
def test_each_model_shares_out_an_order_to_the_cent(spark: SparkSession, model: str) -> None:
    order = counted(1, "10:00", net_amount="12.00")
    refund = {"refund_line_key": "line:1", "order_id": 1, "returned_amount": "1.99"}
    df = attribution(spark, model, gold_orders=[order], gold_sessions=FOUR, gold_refund_lines=[refund])
    assert_rows(df, *(dict(zip(NAMES, row, strict=True)) for row in MODELS[model]))


def test_two_sessions_share_by_halves_and_only_direct_ones_count_as_direct(spark: SparkSession) -> None:
    order = counted(1, "10:00", net_amount="0.01")
    two = [came("04-01", "direct"), came("04-02", "direct", session_id="b")]
    halves = attribution(
        spark, "position", gold_orders=[order], gold_sessions=[came("04-01", "email"), two[1]]
    )
    assert_rows(
        halves,
        {"channel": "email", "attributed_orders": "0.5", "attributed_sales": "0.00"},
        {"channel": "direct", "attributed_orders": "0.5", "attributed_sales": "0.01"},
    )
    last = attribution(spark, "last_non_direct", gold_orders=[order], gold_sessions=two)
    assert_rows(last, {"channel": "direct", "attributed_orders": 1, "attributed_sales": "0.01"})


def test_only_the_persons_sessions_of_ninety_days_before_count(spark: SparkSession) -> None:
    df = attribution(
        spark,
        "linear",
        gold_orders=[
            counted(1, "08:00", net_amount="5.00"),
            counted(2, "09:00", net_amount="7.00", person_id="c:2"),
            counted(3, "10:00", net_amount="9.00", person_id="o:3", session_id="after"),
            counted(4, "10:00", net_amount="99.00", is_counted=False),
        ],
        gold_sessions=[
            came("02-01", "email"),  # 90 days before to the second
            came("02-02", "affiliate"),
            came("05-03", "paid_social"),
            came("05-01", "organic_search", is_bot=True),
            session(
                "after", "10:01", person_id="o:3", channel="referral"
            ),  # the page reports it a minute later
        ],
    )
    assert_rows(
        df,
        {"channel": "affiliate", "attributed_orders": 1, "attributed_sales": "5.00"},
        {"channel": "untracked", "attributed_orders": 1, "attributed_sales": "7.00"},
        {"channel": "referral", "attributed_orders": 1, "attributed_sales": "9.00"},
    )


def test_spend_stands_beside_every_model_and_a_missing_rate_is_never_one(spark: SparkSession) -> None:
    def spent(number: int, channel: str, currency: str, **more: Any) -> dict[str, Any]:
        amount = {"amount": "10.00", "currency": currency, "spend_date": "2026-05-02"}
        return {"marketing_spend_id": number, "channel": channel, **amount, **more}

    df = build(
        spark,
        "channel_attribution",
        gold_orders=[counted(1, "10:00", net_amount="25.00")],
        gold_sessions=[session("s", "09:00", channel="email")],
        silver_marketing_spend=[
            spent(1, "email", "EUR"),
            spent(2, "email", "USD"),
            spent(3, "affiliate", "JPY"),
            spent(4, "email", "EUR", is_deleted=True),
        ],
        silver_exchange_rates=[
            {"rate_date": "2026-05-02", "base_currency": "USD", "quote_currency": "EUR", "rate": "0.25"}
        ],
    )
    email = {"channel": "email", "attributed_sales": "25.00", "spend": "12.50", "roas": "2"}
    unknown = {"channel": "affiliate", "attributed_sales": "0.00", "spend": None, "roas": None}
    assert_rows(df, *[email] * 4, *[unknown] * 4)


@pytest.mark.parametrize("model", MODELS)
def test_an_order_has_its_own_session_as_a_touch_whoever_the_sessions_person_is(
    spark: SparkSession, model: str
) -> None:
    shared = session("shared", "09:00", channel="referral", person_id="c:1")
    df = attribution(
        spark,
        model,
        gold_orders=[
            counted(1, "10:00", net_amount="5.00", session_id="shared"),
            counted(2, "10:01", net_amount="7.00", session_id="shared", person_id="c:2"),
            counted(3, "10:02", net_amount="9.00", person_id="c:3"),
        ],
        gold_sessions=[shared, session("bot", "09:00", channel="email", person_id="c:3", is_bot=True)],
    )
    assert_rows(
        df,
        {"channel": "referral", "attributed_orders": 2, "attributed_sales": "12.00"},
        {"channel": "untracked", "attributed_orders": 1, "attributed_sales": "9.00"},
    )


def test_an_own_session_of_another_person_stands_among_the_persons_other_sessions(
    spark: SparkSession,
) -> None:
    df = attribution(
        spark,
        "linear",
        gold_orders=[counted(1, "10:00", net_amount="9.00", session_id="shared", person_id="c:2")],
        gold_sessions=[
            came("04-01", "email", person_id="c:2"),
            session("shared", "09:00", channel="referral"),
            came("04-02", "affiliate"),  # of the other customer
        ],
    )
    half = {"attributed_orders": "0.5", "attributed_sales": "4.50"}
    assert_rows(df, {"channel": "email", **half}, {"channel": "referral", **half})
