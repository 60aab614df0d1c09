"""Search terms, and whether searches lead to products and orders."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.chain import Chain
from tests.unit.gold.session_rows import counted, event, placed, report, session

NAMES = (
    "term",
    "searches",
    "zero_result_searches",
    "clicked_searches",
    "ordered_searches",
    "search_click_rate",
)


def search(at: str, query: str | None, found: int | None = None, **more: Any) -> dict[str, Any]:
    return event("Products Searched", at, search_query=query, search_result_count=found, **more)


def test_searches_count_with_what_followed_them_in_the_same_session(spark: SparkSession) -> None:
    df = build(
        spark,
        "search_terms",
        gold_sessions=[
            session("s", "10:00", "10:30"),
            session("later", "12:00", "12:10"),
            session("robot", "10:00", "10:30", visitor_id="robot", is_bot=True),
        ],
        gold_orders=[
            counted(1, "10:09", report_event_id="10:09-Order Completed"),
            counted(2, "10:20", is_counted=False, report_event_id="10:20-Order Completed"),
        ],
        silver_events=[
            event("Product Viewed", "10:00"),
            search("10:01", "  Blaue   Lampe ", 3),
            event("Product Clicked", "10:02"),
            event("Product Viewed", "10:03"),
            search("10:04", "zelt", 0),
            search("10:05", "Zelt"),
            event("Order Completed", "10:09", order_id=1),
            search("10:10", "blaue lampe"),
            event("Order Completed", "10:20", order_id=2),
            event("Order Completed", "10:21", order_id=99),
            search("10:22", " "),
            search("12:00", "rug", 1),
            search("10:00", "zelt", visitor_id="robot"),
        ],
    )
    assert_rows(
        df,
        *(
            dict(zip(NAMES, row, strict=True))
            for row in (
                ("blaue lampe", 2, 0, 1, 1, "0.5"),
                ("zelt", 2, 1, 0, 2, "0"),
                ("rug", 1, 0, 0, 0, "0"),
            )
        ),
    )


def test_the_day_of_a_search_is_the_shops(spark: SparkSession) -> None:
    late = event("Products Searched", "22:30", search_query="tee")
    df = build(spark, "search_terms", gold_sessions=[session("s", "22:00", "23:00")], silver_events=[late])
    assert_rows(df, {"search_date": "2026-05-03", "term": "tee", "searches": 1, "is_complete": True})


@pytest.mark.parametrize(
    ("searched_at", "reports", "is_ordered"),
    [
        ("10:04", ["10:06"], True),
        ("10:04", ["10:06", "10:08"], True),  # the reload adds nothing
        ("10:07", ["10:06", "10:08"], False),  # between the report and its reload
        ("10:05", ["10:06"], True),  # the very second it was placed
        ("10:06", ["10:07"], False),  # placed before the search, reported late
        ("10:09", ["10:06"], False),
    ],
)
def test_an_order_counts_for_searches_before_its_first_report(
    spark: SparkSession, searched_at: str, reports: list[str], is_ordered: bool
) -> None:
    marts = Chain(
        spark,
        silver_sessions=[session("s", "10:00", "10:30")],
        silver_orders=[placed(1, "10:05")],
        silver_events=[search(searched_at, "lamp"), *(report(at, 1) for at in reports)],
    )
    assert_rows(marts.mart("search_terms"), {"term": "lamp", "ordered_searches": int(is_ordered)})


def test_an_order_counts_for_searches_of_its_own_session_only(spark: SparkSession) -> None:
    marts = Chain(
        spark,
        silver_sessions=[
            session("own", "10:00", "10:30"),
            session("second device", "10:00", "10:30", visitor_id="phone"),
            session("bot", "10:00", "10:30", visitor_id="bot", is_bot=True),
        ],
        silver_orders=[placed(1, "10:05", order_number="A1"), placed(2, "10:05", order_number="A2")],
        silver_events=[
            search("10:01", "own"),
            search("10:01", "phone", visitor_id="phone"),
            search("10:01", "bot", visitor_id="bot"),
            report("10:06", "A1"),
            report("10:07", 1, visitor_id="phone"),
            report("10:05", 2, visitor_id="bot"),
        ],
    )
    assert_rows(
        marts.mart("search_terms"),
        {"term": "own", "searches": 1, "ordered_searches": 1},
        {"term": "phone", "searches": 1, "ordered_searches": 0},
    )


LONG = "".join(chr(97 + number * 7 % 26) for number in range(200))


@pytest.mark.parametrize(
    ("queries", "expected"),
    [
        (["Lamp", " lamp ", "LAMP", "lamp\u00a0"], {"lamp": 4}),
        (["red\tlamp", "red  lamp", "red\u3000lamp", "red\u00a0\n lamp"], {"red lamp": 4}),
        ([LONG, f"{LONG}x", f"{LONG}{LONG}", f"{LONG[:-1]}z"], {LONG: 3, f"{LONG[:-1]}z": 1}),
        ([f"{LONG[:-1]} one", f"{LONG[:-1]} two"], {LONG[:-1]: 2}),
        (["\U0001f373" * 6000], {"\U0001f373" * 200: 1}),
        (["", " ", "\u3000", None], {}),
    ],
)
def test_searches_for_the_same_term_are_added_up_and_a_term_is_short_enough_for_a_key(
    spark: SparkSession, queries: list[str | None], expected: dict[str, int]
) -> None:
    df = build(
        spark,
        "search_terms",
        gold_sessions=[session("s", "10:00", "10:59")],
        silver_events=[search(f"10:{minute:02}", query) for minute, query in enumerate(queries)],
    )
    assert_rows(df, *({"term": term, "searches": count} for term, count in expected.items()))
