"""Amounts of order lines: without tax, after every discount, in both currencies."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import (
    AMOUNT_TYPE,
    divide_money,
    proportion,
    round_half_even,
    unit_of,
    zero,
)
from spark_jobs.gold.exchange import converted


def line_amounts(orders: DataFrame, lines: DataFrame, context: Context) -> DataFrame:
    """Return the lines of these orders with their amounts, one row per line.

    `orders` has order_id, currency, prices_include_tax, discount_amount and exchange_rate; `lines` are
    silver's. Adds gross_original and net_original in the order's currency; gross_sales, net_amount, discounts
    and line_tax in the reporting one (null without a rate). Tax is the tax recorded with the line, not
    today's. An amount out of range (`AMOUNT_TYPE`) is null.
    """
    terms = orders.select(
        "order_id",
        "prices_include_tax",
        F.col("discount_amount").alias("order_discount"),
        "exchange_rate",
        unit_of("currency").alias("unit"),
    )
    kept = lines.where(~F.col("is_deleted")).join(
        terms, on="order_id", how="inner"
    )  # many lines to one order
    price = F.col("unit_price_amount") * F.col("quantity").try_cast("decimal(10,0)")
    listed = round_half_even(price, F.col("unit")).try_cast(AMOUNT_TYPE)
    shared = _with_share(kept.withColumn("listed", listed))
    discount = F.col("discount_amount") + F.col("order_discount_share")
    priced = shared.withColumn("discount", discount.try_cast(AMOUNT_TYPE)).withColumn(
        "paid", (F.col("listed") - F.col("discount")).try_cast(AMOUNT_TYPE)
    )
    taken_out = F.when(F.col("prices_include_tax"), F.col("tax_amount")).otherwise(zero())
    netted = priced.withColumn("net_original", (F.col("paid") - taken_out).try_cast(AMOUNT_TYPE))
    gross = F.when(F.col("prices_include_tax"), _without_tax()).otherwise(F.col("listed"))
    return (
        netted.withColumn("gross_original", gross.try_cast(AMOUNT_TYPE))
        .withColumn("gross_sales", converted("gross_original", context))
        .withColumn("net_amount", converted("net_original", context))
        .withColumn("discounts", F.col("gross_sales") - F.col("net_amount"))
        .withColumn("line_tax", converted("tax_amount", context))
        .drop("listed", "discount", "paid", "unit", "order_discount", "order_discount_share")
        .drop("prices_include_tax")
    )


def _without_tax() -> Column:
    """Return a line's price before discounts, excluding tax.

    The recorded tax applies to the price paid, after discounts. The same share is taken out of the price
    before discounts: listed × net ÷ paid, so that a line without a discount shows none. Where nothing was
    paid there is no such share, and the recorded rate is used.
    """
    net, paid, discount, unit = (F.col(name) for name in ("net_original", "paid", "discount", "unit"))
    # listed × net ÷ paid is net + discount × net ÷ paid; rounded once, with the part of net above an even
    # unit.
    above_even = F.pmod(net, unit * 2)
    in_proportion = (net - above_even) + proportion(discount, net, paid, unit, above_even)
    by_rate = divide_money(F.col("listed"), F.lit(1) + F.col("tax_rate_share"), unit)
    is_taxed_away = (paid > 0) & (net <= 0)  # with more tax than was paid, no discount remains
    return F.when((discount == 0) | is_taxed_away, net).when(paid > 0, in_proportion).otherwise(by_rate)


def _with_share(lines: DataFrame) -> DataFrame:
    """Spread the order's own discount over its lines by value; the last line gets the remainder."""
    of_order = Window.partitionBy("order_id")
    position = F.struct("line_number", "order_line_id")
    value = (F.col("listed") - F.col("discount_amount")).try_cast(AMOUNT_TYPE)
    is_last = position == F.max(position).over(of_order)
    part = proportion(F.col("order_discount"), value, F.sum(value).over(of_order), F.col("unit"))
    has_discount = F.col("order_discount") != 0
    spread = lines.withColumn("is_last", is_last).withColumn(
        "part", F.when(has_discount & ~F.col("is_last"), part)
    )
    rest: Column = F.col("order_discount") - F.coalesce(F.sum("part").over(of_order), zero())
    share = F.when(F.col("is_last"), rest).otherwise(F.coalesce("part", zero())).try_cast(AMOUNT_TYPE)
    return spread.withColumn("order_discount_share", share).drop("is_last", "part")
