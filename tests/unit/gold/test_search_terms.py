"""What people search for, and whether they find it."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build
from tests.unit.gold.visits import counted, event, visit

NAMES = (
    "term",
    "searches",
    "zero_result_searches",
    "clicked_searches",
    "ordered_searches",
    "search_click_rate",
)


def test_searches_count_with_what_followed_them_in_the_same_visit(spark: SparkSession) -> None:
    def search(at: str, query: str | None, found: int | None = None, **more: object) -> dict[str, object]:
        return event("Products Searched", at, search_query=query, search_result_count=found, **more)

    df = build(
        spark,
        "search_terms",
        gold_sessions=[
            visit("s", "10:00", "10:30"),
            visit("later", "12:00", "12:10"),
            visit("robot", "10:00", "10:30", visitor_id="robot", is_bot=True),
        ],
        gold_orders=[counted(1, "10:09"), counted(2, "10:20", is_counted=False)],
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
    df = build(spark, "search_terms", gold_sessions=[visit("s", "22:00", "23:00")], silver_events=[late])
    assert_rows(df, {"search_date": "2026-05-03", "term": "tee", "searches": 1, "is_complete": True})
