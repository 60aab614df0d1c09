"""Amounts of the shop that do not add up across its own tables."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import MONEY_TYPE, divide_money, round_half_even, unit_of, zero
from spark_jobs.columns.timezones import local_date
from spark_jobs.gold.differences import (
    SUBJECTS,
    Difference,
    added,
    amount,
    beyond,
    differences,
    or_zero,
)
from spark_jobs.gold.exchange import converted, with_rate
from spark_jobs.gold.line_amounts import line_amounts

_PAID_OUT = ("captured", "chargeback")  # payments that captured money, whether or not it was returned later


def build(  # noqa: PLR0913, PLR0917 one argument per input
    gold_orders: DataFrame,
    silver_orders: DataFrame,
    silver_order_lines: DataFrame,
    silver_products: DataFrame,
    silver_refunds: DataFrame,
    silver_refund_lines: DataFrame,
    silver_payments: DataFrame,
    silver_exchange_rates: DataFrame,
    context: Context,
) -> DataFrame:
    """Rows of differences; rows that the shop deleted are ignored, excluded orders are flagged."""
    orders = _orders(gold_orders, silver_orders)
    lines = line_amounts(orders, silver_order_lines, context)
    refunds, refund_lines = _living(silver_refunds), _living(silver_refund_lines)
    payments = _living(silver_payments)
    found = reduce(
        DataFrame.unionByName,
        (
            _of_orders(orders, _living(silver_order_lines), refunds, payments),
            _of_lines(orders, lines, silver_products, refunds, refund_lines),
            _of_lines_without_order(orders, silver_order_lines, context),
            _of_refunds(orders, refunds, refund_lines, context),
            _of_refund_lines(orders, silver_order_lines, refunds, refund_lines, context),
            _of_payments(orders, payments, context),
        ),
    )
    rated = with_rate(
        found.withColumn("rate_date", F.coalesce("order_date", "difference_date")),
        silver_exchange_rates,
        context,
        currency="currency",
        on="rate_date",
        rate="rate_of_day",
    )
    of_order = F.when(F.col("currency") == F.col("order_currency"), F.col("exchange_rate"))
    return rated.withColumn("rate", F.coalesce(of_order, F.col("rate_of_day"))).select(
        F.concat_ws(":", "kind", F.col("subject").cast("string")).alias("difference_key"),
        "difference_date",
        "kind",
        *SUBJECTS,
        "is_counted",
        "currency",
        "expected_currency",
        "expected_amount_original",
        "found_amount_original",
        "difference_amount_original",
        converted("difference_amount_original", context, "rate").alias("difference_amount"),
        "expected_units",
        "found_units",
    )


def _living(rows: DataFrame) -> DataFrame:
    return rows.where(~F.col("is_deleted"))


def _orders(gold_orders: DataFrame, silver_orders: DataFrame) -> DataFrame:
    """Return orders that the shop still has: their terms, and whether and when they count."""
    known = gold_orders.select("order_id", "order_date", "is_counted", "currency", "exchange_rate")
    terms = _living(silver_orders).select(
        "order_id",
        "prices_include_tax",
        "discount_amount",
        "shipping_amount",
        "shipping_tax_amount",
        F.col("tax_amount").alias("order_tax"),
        "total_amount",
        (F.col("paid_at").isNotNull() | (F.col("status") == "paid")).alias("is_paid"),
    )
    return known.join(terms, on="order_id", how="inner")  # one to one


def _of_orders(orders: DataFrame, lines: DataFrame, refunds: DataFrame, payments: DataFrame) -> DataFrame:
    terms = orders.select("order_id", "currency", "prices_include_tax")
    price = F.col("unit_price_amount") * F.col("quantity").try_cast("decimal(10,0)")
    listed = round_half_even(price, unit_of("currency"))
    tax_on_top = F.when(F.col("prices_include_tax"), zero()).otherwise(amount("tax_amount"))
    line_sums = (
        lines.join(terms, on="order_id", how="inner")  # many lines to one order
        .groupBy("order_id")
        .agg(
            F.sum(listed - amount("discount_amount") + tax_on_top).alias("lines_total"),
            F.sum("tax_amount").alias("lines_tax"),
            F.lit(True).alias("has_lines"),
        )
    )
    given_back = refunds.groupBy("order_id", "currency").agg(
        F.sum("total_amount").alias("refunded"),
        F.sum(added("shipping_amount", "shipping_tax_amount")).alias("refunded_shipping"),
    )
    paid = payments.groupBy("order_id").agg(F.count(F.lit(1)).alias("payments"))
    took = payments.where(F.col("status").isin(*_PAID_OUT))
    captured = took.groupBy("order_id", "currency").agg(
        F.sum(F.when(F.col("status") == "captured", F.col("amount"))).alias("captured")
    )
    foreign = _with_order(took, orders).where(_is_foreign()).select("order_id").distinct()
    full = (
        orders.join(line_sums, on="order_id", how="left")  # one to at most one, here and below
        .join(given_back, on=["order_id", "currency"], how="left")
        .join(paid, on="order_id", how="left")
        .join(captured, on=["order_id", "currency"], how="left")
        .join(foreign.withColumn("is_paid_in_another", F.lit(True)), on="order_id", how="left")
        .withColumns(
            {
                "difference_date": F.col("order_date"),
                "order_currency": F.col("currency"),
                "shipping": added("shipping_amount", "shipping_tax_amount"),
                "taken": or_zero("captured"),
                "back": or_zero("refunded"),
            }
        )
    )
    has_lines = F.coalesce("has_lines", F.lit(False))
    expected = added("lines_total", "shipping") - amount("discount_amount")
    total, rest = amount("total_amount"), F.col("taken") - amount("total_amount")
    # A double payment may have been refunded, and an amount never captured may be booked as a refund.
    is_settled = reduce(
        Column.__or__,
        (F.abs(gap) < unit_of("currency") for gap in (rest, rest - F.col("back"), rest + F.col("back"))),
    )
    is_checked = F.col("is_counted") & F.col("is_paid") & (F.col("payments") > 0)
    is_checked &= F.col("is_paid_in_another").isNull()
    return differences(
        full,
        Difference("order_total", "order_id", expected, total, when=has_lines),
        Difference(
            "order_without_lines", "order_id", F.col("shipping"), total, when=~has_lines, is_certain=True
        ),
        Difference(
            "order_tax",
            "order_id",
            added("lines_tax", "shipping_tax_amount"),
            amount("order_tax"),
            when=has_lines,
        ),
        Difference("payment_total", "order_id", total, F.col("taken"), when=is_checked & ~is_settled),
        beyond("refunded_shipping", "order_id", F.col("shipping"), or_zero("refunded_shipping")),
    )


def _of_lines(
    orders: DataFrame, lines: DataFrame, products: DataFrame, refunds: DataFrame, refund_lines: DataFrame
) -> DataFrame:
    back = refund_lines.join(
        refunds.select("refund_id", "currency"), on="refund_id", how="inner"
    )  # many lines to one refund
    amounts = back.groupBy("order_line_id", "currency").agg(
        F.sum("amount").alias("amount_back"), F.count(F.lit(1)).alias("times_back")
    )
    units = back.groupBy("order_line_id").agg(F.sum("quantity").alias("units_back"))
    known = products.select("product_id", F.lit(True).alias("is_known"))
    terms = orders.select("order_id", "order_date", "is_counted", "currency", "prices_include_tax")
    rates = orders.select("order_id", "exchange_rate")
    full = (
        lines.select(
            "order_id",
            "order_line_id",
            "product_id",
            "quantity",
            "net_original",
            "tax_amount",
            "tax_rate_share",
        )
        .join(terms, on="order_id", how="inner")  # many lines to one order
        .join(rates, on="order_id", how="inner")
        .join(known, on="product_id", how="left")  # many to at most one
        .join(amounts, on=["order_line_id", "currency"], how="left")  # one to at most one, here and below
        .join(units, on="order_line_id", how="left")
        .withColumns({"difference_date": F.col("order_date"), "order_currency": F.col("currency")})
    )
    net = amount("net_original")
    # Each partial refund of a line may have been rounded up by half a minor unit.
    rounding = F.col("times_back") * unit_of("currency") / 2
    per_unit = unit_of("currency") * F.greatest(F.col("quantity"), F.lit(1)).cast("decimal(19,0)")
    is_unknown = F.col("product_id").isNotNull() & F.col("is_known").isNull()
    return differences(
        full,
        Difference("line_tax", "order_line_id", _tax_by_rate(), amount("tax_amount"), tolerance=per_unit),
        Difference("line_without_product", "order_line_id", None, net, when=is_unknown, is_certain=True),
        beyond("refunded_amount", "order_line_id", net, or_zero("amount_back"), rounding),
        Difference(
            "refunded_units",
            "order_line_id",
            when=F.col("units_back") > F.col("quantity"),
            is_certain=True,
            units=("quantity", "units_back"),
        ),
    )


def _tax_by_rate() -> Column:
    """Tax of a line by its recorded rate, in whole minor units; `net_original` is after every discount."""
    rate, unit = F.col("tax_rate_share"), unit_of("currency")
    parts = (rate * 10_000).cast("decimal(10,0)")
    inside = divide_money(added("net_original", "tax_amount") * parts, parts + 10_000, unit)
    return F.when(F.col("prices_include_tax"), inside).otherwise(
        round_half_even(F.col("net_original") * rate, unit)
    )


def _of_lines_without_order(orders: DataFrame, lines: DataFrame, context: Context) -> DataFrame:
    lost = _living(lines).join(orders.select("order_id"), on="order_id", how="left_anti")
    listed = F.col("unit_price_amount") * F.col("quantity").try_cast("decimal(10,0)")
    value = listed.try_cast(MONEY_TYPE) - amount("discount_amount")
    return differences(
        lost.withColumn("difference_date", local_date("updated_at", context)),
        Difference("line_without_order", "order_line_id", None, value, is_certain=True),
    )


def _of_refunds(
    orders: DataFrame, refunds: DataFrame, refund_lines: DataFrame, context: Context
) -> DataFrame:
    sums = refund_lines.groupBy("refund_id").agg(F.sum(added("amount", "tax_amount")).alias("lines_total"))
    full = (
        _with_order(refunds, orders)
        .join(sums, on="refund_id", how="left")  # one to at most one
        .withColumn("difference_date", local_date("refunded_at", context))
    )
    total, shipping = amount("total_amount"), added("shipping_amount", "shipping_tax_amount")
    is_bare = F.col("lines_total").isNull() & (total > shipping)
    return differences(
        full,
        Difference("refund_total", "refund_id", or_zero("lines_total") + shipping, total, when=~is_bare),
        Difference("refund_without_lines", "refund_id", shipping, total, when=is_bare),
        Difference("refund_currency", "refund_id", None, total, when=_is_foreign(), is_certain=True),
        Difference(
            "refund_without_order",
            "refund_id",
            None,
            total,
            when=F.col("order_currency").isNull(),
            is_certain=True,
        ),
    )


def _of_refund_lines(
    orders: DataFrame, lines: DataFrame, refunds: DataFrame, refund_lines: DataFrame, context: Context
) -> DataFrame:
    of_refund = refunds.select("refund_id", "order_id", "refunded_at", "currency")
    of_line = _living(lines).select("order_line_id", F.col("order_id").alias("order_of_line"))
    full = (
        refund_lines.join(of_refund, on="refund_id", how="left")  # many to at most one, here and below
        .join(of_line, on="order_line_id", how="left")
        .withColumn("difference_date", local_date(F.coalesce("refunded_at", "updated_at"), context))
    )
    value = added("amount", "tax_amount")
    has_refund = F.col("refunded_at").isNotNull()
    is_of_it = F.coalesce(F.col("order_of_line") == F.col("order_id"), F.lit(False))
    return differences(
        _with_order(full, orders),
        Difference(
            "refund_line_without_refund", "refund_line_id", None, value, when=~has_refund, is_certain=True
        ),
        Difference(
            "refund_line_without_order_line",
            "refund_line_id",
            None,
            value,
            when=has_refund & ~is_of_it,
            is_certain=True,
        ),
    )


def _of_payments(orders: DataFrame, payments: DataFrame, context: Context) -> DataFrame:
    made = payments.where(F.col("status") != "failed")
    moment = F.coalesce("processed_at", "updated_at")
    full = _with_order(made, orders).withColumn(
        "difference_date", F.coalesce("order_date", local_date(moment, context))
    )
    value, is_lost = amount("amount"), F.col("order_currency").isNull()
    return differences(
        full,
        Difference("payment_currency", "payment_id", None, value, when=_is_foreign(), is_certain=True),
        Difference("payment_without_order", "payment_id", None, value, when=is_lost, is_certain=True),
    )


def _with_order(rows: DataFrame, orders: DataFrame) -> DataFrame:
    """Add the order's day, currency and rate to rows; nulls where the shop does not have the order."""
    known = orders.select(
        "order_id", "order_date", "is_counted", F.col("currency").alias("order_currency"), "exchange_rate"
    )
    return rows.join(known, on="order_id", how="left")  # many to at most one


def _is_foreign() -> Column:
    """Return whether a row's currency differs from its order's."""
    return F.coalesce(F.col("currency") != F.col("order_currency"), F.lit(False))
