"""Amounts in the reporting currency."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.currencies import RATE
from spark_jobs.columns.context import Context
from spark_jobs.columns.money import convert, unit_of_currency


def with_rate(
    df: DataFrame, exchange_rates: DataFrame, context: Context, *, currency: str, on: str, rate: str
) -> DataFrame:
    """Add the column `rate`: one unit of `currency` in the reporting currency on the day `on`.

    1 for the reporting currency itself; null where the shop has no rate, never 1: a wrong total is worse
    than none. Many rows to one rate.
    """
    known = exchange_rates.where(
        ~F.col("is_deleted") & (F.col("quote_currency") == context.reporting_currency)
    ).select(
        F.col("rate_date").alias(on), F.col("base_currency").alias(currency), F.col("rate").alias("found")
    )
    is_reporting = F.col(currency) == context.reporting_currency
    found = F.when(is_reporting, F.lit(1)).otherwise(F.col("found")).cast(RATE)
    return df.join(known, on=[on, currency], how="left").withColumn(rate, found).drop("found")


def converted(amount: str | Column, context: Context, rate: str = "exchange_rate") -> Column:
    """Amount in the reporting currency, rounded half-even to its minor unit; null without a rate."""
    column = F.col(amount) if isinstance(amount, str) else amount
    return convert(column, F.col(rate), reporting_unit(context))


def reporting_unit(context: Context) -> Column:
    """Return the smallest amount of the reporting currency."""
    return unit_of_currency(context.reporting_currency)
