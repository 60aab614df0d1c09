"""Sales per week and month, compared with earlier periods."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tests.unit.dataframes import assert_rows, build


def test_a_month_that_is_not_over_is_compared_with_as_many_days(spark: SparkSession) -> None:
    # The build is as of 1 July in Berlin: July has one day so far.
    sales = [("2026-04-30", "1"), ("2026-05-31", "100"), ("2026-06-01", "10"), ("2026-06-30", "40")]
    trends = build(
        spark,
        "order_trends",
        gold_daily_sales=[
            {"sales_date": day, "sales_channel": "web", "orders": 1, "net_sales": net}
            for day, net in [*sales, ("2026-07-01", "5")]
        ],
    ).where("period = 'month'")
    names = ("period_start_date", "days_elapsed", "net_sales", "net_sales_previous", "net_sales_change_share")
    names = (*names, "net_sales_moving_average", "is_complete")
    assert_rows(
        trends,
        dict(zip(names, ("2026-04-01", 30, "1", None, None, None, True), strict=True)),
        dict(zip(names, ("2026-05-01", 31, "100", None, None, None, True), strict=True)),
        dict(zip(names, ("2026-06-01", 30, "50", "100", "-0.5", None, False), strict=True)),
        dict(zip(names, ("2026-07-01", 1, "5", "10", "-0.5", None, False), strict=True)),
    )


def test_weeks_start_on_monday_and_gaps_are_rows_too(spark: SparkSession) -> None:
    trends = build(
        spark,
        "order_trends",
        gold_daily_sales=[
            {"sales_date": day, "sales_channel": "web", "orders": 1, "net_sales": "8"}
            for day in ("2026-05-04", "2026-05-31")
        ],
    ).where("period = 'week'")
    starts = ("2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25")
    assert_rows(
        trends,
        *(
            {
                "period_start_date": start,
                "orders": int(n % 3 == 0),
                "net_sales_moving_average": "4" if n == 3 else None,
            }
            for n, start in enumerate(starts)
        ),
    )
