"""What each order line comes to: without tax, after every discount, in both currencies."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.gold.exchange import converted
from spark_jobs.lib.money import divide, round_half_even, zero


def line_amounts(orders: DataFrame, lines: DataFrame) -> DataFrame:
    """Lines of these orders with their amounts, one row per line.

    `orders` has order_id, prices_include_tax, discount_amount and exchange_rate; `lines` are silver's.
    Adds gross_original and net_original in the order's currency; gross_sales, net_amount, discounts and
    line_tax in the reporting one (null without a rate). Tax is what the line itself recorded, not today's.
    """
    terms = orders.select(
        "order_id", "prices_include_tax", F.col("discount_amount").alias("order_discount"), "exchange_rate"
    )
    kept = lines.where(~F.col("is_deleted")).join(
        terms, on="order_id", how="inner"
    )  # many lines to one order
    listed = round_half_even(F.col("unit_price_amount") * F.col("quantity").cast("decimal(12,0)"))
    priced = _with_share(kept.withColumn("listed", listed))
    discount = F.col("discount_amount") + F.col("order_discount_share")
    includes_tax = F.col("prices_include_tax")
    without_tax = divide(F.col("listed"), F.lit(1) + F.col("tax_rate_share"))
    gross = F.when(includes_tax & (F.col("tax_rate_share") != 0), without_tax).otherwise(F.col("listed"))
    taken_out = F.when(includes_tax, F.col("tax_amount")).otherwise(zero())
    net = F.col("listed") - discount - taken_out
    return (
        priced.withColumn("gross_original", gross.cast("decimal(18,2)"))
        .withColumn("net_original", net.cast("decimal(18,2)"))
        .withColumn("gross_sales", converted("gross_original"))
        .withColumn("net_amount", converted("net_original"))
        .withColumn("discounts", (F.col("gross_sales") - F.col("net_amount")).cast("decimal(18,2)"))
        .withColumn("line_tax", converted("tax_amount"))
        .drop("listed", "order_discount", "order_discount_share", "prices_include_tax")
    )


def _with_share(lines: DataFrame) -> DataFrame:
    """The order's own discount, spread over its lines by value; the last line takes the rest."""
    of_order = Window.partitionBy("order_id")
    position = F.struct("line_number", "order_line_id")
    value = F.col("listed") - F.col("discount_amount")
    is_last = position == F.max(position).over(of_order)
    part = divide(F.col("order_discount") * value, F.sum(value).over(of_order))
    has_discount = F.col("order_discount") != 0
    spread = lines.withColumn("is_last", is_last).withColumn(
        "part", F.when(has_discount & ~F.col("is_last"), part)
    )
    rest: Column = F.col("order_discount") - F.coalesce(F.sum("part").over(of_order), zero())
    share = F.when(F.col("is_last"), rest).otherwise(F.coalesce("part", zero())).cast("decimal(18,2)")
    return spread.withColumn("order_discount_share", share).drop("is_last", "part")
