"""Exchange rates that a mart needs and the shop does not have: the currency, the day and the use."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.gold.exchange import with_rate

# Checks that a missing rate breaks, by mart.
BROKEN_WITHOUT_RATE = {
    "orders": "counted_order_has_exchange_rate",
    "refund_lines": "exchange_rate_required",
    "channel_attribution": "spend_required",
}


def missing_rates(
    mart: str, built: DataFrame, inputs: Mapping[str, DataFrame], context: Context
) -> DataFrame:
    """Return one row per currency and day without a rate: currency, day, needed_by, rows, example (an id).

    `inputs` are those of the mart's function, by parameter name.

    Raises:
        KeyError: for a mart that requires no conversion.
    """
    if mart == "orders":
        rows, needed_by = built.where("is_counted AND exchange_rate IS NULL"), "orders"
        day, identifier = "order_date", "order_id"
    elif mart == "refund_lines":
        rows, needed_by = built.where("exchange_rate IS NULL"), "refunds of orders"
        day, identifier = "order_date", "refund_id"
    elif mart == "channel_attribution":
        spend = inputs["silver_marketing_spend"].where(~F.col("is_deleted"))
        rated = with_rate(
            spend,
            inputs["silver_exchange_rates"],
            context,
            currency="currency",
            on="spend_date",
            rate="exchange_rate",
        )
        rows, needed_by = rated.where("exchange_rate IS NULL"), "rows of marketing_spend"
        day, identifier = "spend_date", "marketing_spend_id"
    else:
        raise KeyError(mart)
    return rows.groupBy("currency", F.col(day).alias("day")).agg(
        F.lit(needed_by).alias("needed_by"),
        F.count_distinct(identifier).alias("rows"),
        F.min(identifier).alias("example"),
    )
