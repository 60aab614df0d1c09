"""Order lines as sold."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import total, zero
from spark_jobs.gold.catalogue import branch_spans, cost_spans, product_spans
from spark_jobs.gold.exchange import converted, with_rate
from spark_jobs.gold.line_amounts import line_amounts


def build(  # noqa: PLR0913, PLR0917 one argument per input
    gold_orders: DataFrame,
    silver_orders: DataFrame,
    silver_order_lines: DataFrame,
    silver_product_versions: DataFrame,
    silver_category_versions: DataFrame,
    silver_product_costs: DataFrame,
    silver_exchange_rates: DataFrame,
    gold_refund_lines: DataFrame,
    context: Context,
) -> DataFrame:
    """Return one row per line of a counted order, including lines without product, cost or refund."""
    counted = gold_orders.where("is_counted").select(
        "order_id", "order_date", "placed_at", "person_id", "sales_channel", "currency", "exchange_rate"
    )
    terms = silver_orders.select("order_id", "prices_include_tax", "discount_amount")
    orders = counted.join(terms, on="order_id", how="inner")  # one to one
    sold = line_amounts(orders, silver_order_lines, context).join(
        counted.drop("exchange_rate"), on="order_id", how="inner"
    )  # many lines to one order
    known = _at_sale(sold, product_spans(silver_product_versions), "product_id")
    known = _at_sale(known, branch_spans(silver_category_versions), "category_id")
    costed = with_rate(
        _at_sale(known, cost_spans(silver_product_costs), "product_id"),
        silver_exchange_rates,
        context,
        currency="unit_cost_currency",
        on="order_date",
        rate="cost_rate",
    )
    returned = gold_refund_lines.groupBy("order_line_id").agg(
        F.sum("units").alias("returned_units"), total("returned_amount").alias("returns")
    )
    # Rounded once, after multiplication by units and rate.
    cost = converted(
        F.col("unit_cost_amount") * F.col("quantity").try_cast("decimal(10,0)"), context, "cost_rate"
    )
    full = (
        costed.join(returned, on="order_line_id", how="left")  # one to at most one
        .withColumn("returns_by_order_date", F.coalesce("returns", zero()))
        .withColumn("net_sales_by_order_date", F.col("net_amount") - F.col("returns_by_order_date"))
        .withColumn("cost_of_goods", cost)
    )
    return full.select(
        "order_line_id",
        "order_id",
        "line_number",
        "order_date",
        "placed_at",
        "person_id",
        "sales_channel",
        "product_id",
        "sku",
        "product_name",
        "brand",
        "category",
        "department",
        F.col("quantity").alias("units"),
        "currency",
        "gross_sales",
        "discounts",
        "net_amount",
        F.col("net_original").alias("net_amount_original"),
        "line_tax",
        F.coalesce("returned_units", F.lit(0)).alias("returned_units"),
        "returns_by_order_date",
        "net_sales_by_order_date",
        "unit_cost_amount",
        "unit_cost_currency",
        "cost_of_goods",
        (F.col("net_sales_by_order_date") - F.col("cost_of_goods")).alias("product_margin"),
    )


def _at_sale(lines: DataFrame, spans: DataFrame, key: str) -> DataFrame:
    """Join lines with the span valid at their sale; spans of a `key` do not overlap: many to at most one."""
    spans = spans.withColumnRenamed(key, "spanned_id")
    is_valid = (
        (F.col(key) == F.col("spanned_id"))
        & (F.col("starts_at").isNull() | (F.col("placed_at") >= F.col("starts_at")))
        & (F.col("ends_at").isNull() | (F.col("placed_at") < F.col("ends_at")))
    )
    return lines.join(spans, on=is_valid, how="left").drop("spanned_id", "starts_at", "ends_at")
