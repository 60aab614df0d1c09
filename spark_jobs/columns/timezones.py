"""Days: storage uses UTC, business uses the shop's time zone."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context


def local_date(moment: str | Column, context: Context) -> Column:
    """Return the calendar day of a UTC timestamp in the shop's time zone, however long that day is."""
    return F.to_date(F.from_utc_timestamp(moment, context.shop_timezone))


def today(context: Context) -> date:
    """Return the shop's calendar day that the build is as of."""
    return context.as_of.astimezone(ZoneInfo(context.shop_timezone)).date()


def last_complete_day(context: Context) -> date:
    """Return the last day that counts as over: `late_data_days` whole days have passed since it ended."""
    return today(context) - timedelta(days=1 + context.late_data_days)


def is_complete(last_day: str | Column, context: Context) -> Column:
    """Return whether a period that ends with `last_day` is over and its late-data allowance has passed."""
    column = F.col(last_day) if isinstance(last_day, str) else last_day
    return column <= F.lit(last_complete_day(context))
