"""Sales per week and month, compared with earlier periods."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide, divide_money, total
from spark_jobs.columns.timezones import is_complete, today
from spark_jobs.gold.exchange import reporting_unit

_PERIODS_AVERAGED = 4


def build(gold_daily_sales: DataFrame, context: Context) -> DataFrame:
    """Return one row per week (from Monday) and month, from the first to the last day with sales, no gaps."""
    days = gold_daily_sales.groupBy("sales_date").agg(
        F.sum("orders").alias("orders"),
        total("gross_sales").alias("gross_sales"),
        total("discounts").alias("discounts"),
        total("net_sales").alias("net_sales"),
    )
    periods = _periods(days, context)
    spans = _spans(periods)
    in_span = F.col("sales_date").between(F.col("from_date"), F.col("to_date"))
    found = spans.join(days, on=in_span, how="left")  # one span to many days

    def figure(name: str, of: str) -> Column:
        return F.coalesce(F.sum(F.when(F.col("span") == of, F.col(name))), F.lit(0))

    sums = found.groupBy("period", "period_start_date").agg(
        *(
            figure(name, of).alias(f"{name}_{of}")
            for of in ("now", "previous", "year_before")
            for name in ("orders", "gross_sales", "discounts", "net_sales")
        )
    )
    rows = periods.join(sums, on=["period", "period_start_date"], how="inner")  # one to one
    for of in ("previous", "year_before"):
        for name in ("orders", "net_sales"):
            known = F.when(F.col(f"has_{of}"), F.col(f"{name}_{of}"))
            rows = rows.withColumn(f"{name}_{of}", known)
    unit = reporting_unit(context)
    recent = Window.partitionBy("period").orderBy("period_start_date").rowsBetween(1 - _PERIODS_AVERAGED, 0)
    average = divide_money(F.sum("net_sales_now").over(recent), F.lit(_PERIODS_AVERAGED), unit)
    has_all = F.col("is_over") & (F.count(F.lit(1)).over(recent) == _PERIODS_AVERAGED)
    return rows.select(
        "period",
        "period_start_date",
        "period_end_date",
        "days_elapsed",
        F.col("orders_now").alias("orders"),
        F.col("gross_sales_now").alias("gross_sales"),
        F.col("net_sales_now").alias("net_sales"),
        divide_money(F.col("gross_sales_now") - F.col("discounts_now"), F.col("orders_now"), unit).alias(
            "average_order_value"
        ),
        F.when(has_all, average).alias("net_sales_moving_average"),
        "orders_previous",
        "net_sales_previous",
        _change("net_sales_previous").alias("net_sales_change_share"),
        "orders_year_before",
        "net_sales_year_before",
        _change("net_sales_year_before").alias("net_sales_year_change_share"),
        is_complete("period_end_date", context).alias("is_complete"),
    )


def _periods(days: DataFrame, context: Context) -> DataFrame:
    """Return every period with its days, and the spans of the two periods it is compared with.

    An unfinished period is compared with the same number of days, a finished one with the whole other period.
    A span that starts before the first day with sales is incomplete, so it is not compared.
    """
    ends = days.agg(F.min("sales_date").alias("first_date"), F.max("sales_date").alias("last_date")).where(
        "first_date IS NOT NULL"
    )
    now = F.lit(today(context))

    def starts(unit: str, step: str) -> DataFrame:
        first = F.to_date(F.date_trunc(unit, "first_date"))
        each = F.explode(F.sequence(first, F.col("last_date"), F.expr(step)))
        return ends.select(F.lit(unit).alias("period"), each.alias("period_start_date"), "first_date")

    start = F.col("period_start_date")
    weeks = starts("week", "interval 7 days").select(
        "*",
        F.date_add(start, 6).alias("period_end_date"),
        F.date_add(start, -7).alias("previous_from"),
        F.date_add(start, -364).alias("year_before_from"),
    )
    months = starts("month", "interval 1 month").select(
        "*",
        F.last_day(start).alias("period_end_date"),
        F.add_months(start, -1).alias("previous_from"),
        F.add_months(start, -12).alias("year_before_from"),
    )
    length = F.datediff("period_end_date", start) + 1
    periods = (
        weeks.unionByName(months)
        .withColumn("is_over", F.col("period_end_date") < now)
        .withColumn("days_elapsed", F.greatest(F.lit(0), F.least(length, F.datediff(now, start) + 1)))
    )
    for of in ("previous", "year_before"):
        begin = F.col(f"{of}_from")
        whole = F.when(F.col("period") == "week", F.date_add(begin, 6)).otherwise(F.last_day(begin))
        as_far = F.least(whole, F.date_add(begin, F.col("days_elapsed") - 1))
        periods = periods.withColumn(
            f"{of}_to", F.when(F.col("is_over"), whole).otherwise(as_far)
        ).withColumn(f"has_{of}", begin >= F.col("first_date"))
    return periods


def _spans(periods: DataFrame) -> DataFrame:
    def span(name: str, begin: str, end: str) -> DataFrame:
        return periods.select(
            "period",
            "period_start_date",
            F.lit(name).alias("span"),
            F.col(begin).alias("from_date"),
            F.col(end).alias("to_date"),
        )

    return (
        span("now", "period_start_date", "period_end_date")
        .unionByName(span("previous", "previous_from", "previous_to"))
        .unionByName(span("year_before", "year_before_from", "year_before_to"))
    )


def _change(base: str) -> Column:
    before = F.col(base)
    return divide(F.col("net_sales_now") - before, F.abs(before), scale=6)
