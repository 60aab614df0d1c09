"""Products per day, from view to margin."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide, total, zero
from spark_jobs.columns.timezones import is_complete, local_date
from spark_jobs.gold.catalogue import branches
from spark_jobs.gold.visits import in_visits

_KEY = ["sales_date", "product_id"]


def build(
    gold_orders: DataFrame,
    gold_order_lines: DataFrame,
    gold_refund_lines: DataFrame,
    gold_sessions: DataFrame,
    silver_event_products: DataFrame,
    silver_products: DataFrame,
    silver_categories: DataFrame,
    context: Context,
) -> DataFrame:
    """Return one row per day and product that was viewed, added to a cart, sold or returned.

    Full joins: a product sold without a tracked view keeps its sales, one viewed but unsold its views.
    """
    # Carts are known for tracked sessions only, so only orders of those are compared with them.
    tracked = gold_orders.where("session_id IS NOT NULL").select("order_id", F.lit(True).alias("is_tracked"))
    lines = gold_order_lines.join(tracked, on="order_id", how="left")  # many to at most one
    sold = lines.groupBy(F.col("order_date").alias("sales_date"), "product_id").agg(
        F.count_distinct("order_id").alias("purchases"),
        F.count_distinct(F.when(F.col("is_tracked"), F.col("order_id"))).alias("cart_orders"),
        F.sum("units").alias("units"),
        total("gross_sales").alias("gross_sales"),
        total("discounts").alias("discounts"),
        F.sum("product_margin").alias("product_margin"),
    )
    returned = (
        gold_refund_lines.where("product_id IS NOT NULL")
        .groupBy(F.col("refund_date").alias("sales_date"), "product_id")
        .agg(total("returned_amount").alias("returns"))
    )
    seen = _seen(silver_event_products, gold_sessions, context)
    today = silver_products.select("product_id", F.col("name").alias("product_name"), "category_id").join(
        branches(silver_categories), on="category_id", how="left"
    )  # many to at most one
    days = sold.join(returned, on=_KEY, how="full").join(seen, on=_KEY, how="full")  # one to at most one each
    days = days.join(today, on="product_id", how="left")  # many days to at most one product
    for name in ("views", "cart_adds", "purchases", "cart_orders", "units"):
        days = days.withColumn(name, F.coalesce(name, F.lit(0)))
    for name in ("gross_sales", "discounts", "returns"):
        days = days.withColumn(name, F.coalesce(name, zero()))
    return days.select(
        "sales_date",
        "product_id",
        "product_name",
        "category",
        "department",
        "views",
        "cart_adds",
        "purchases",
        "cart_orders",
        "units",
        "gross_sales",
        "discounts",
        "returns",
        (F.col("gross_sales") - F.col("discounts") - F.col("returns")).alias("net_sales"),
        divide(F.col("cart_adds"), F.col("views"), scale=6).alias("view_to_cart_rate"),
        divide(F.col("cart_orders"), F.col("cart_adds"), scale=6).alias("cart_to_order_rate"),
        "product_margin",
        is_complete("sales_date", context).alias("is_complete"),
    )


def _seen(event_products: DataFrame, sessions: DataFrame, context: Context) -> DataFrame:
    """Return views and cart additions per day and product, without bots; an event counts once per product.

    The products of an event are those in its list, or the one that it names directly.
    """
    is_view, is_add = F.col("event_name") == "Product Viewed", F.col("event_name") == "Product Added"
    once = (
        event_products.where(F.col("product_id").isNotNull() & (is_view | is_add))
        .select("event_id", "event_name", "occurred_at", "visitor_id", "product_id")
        .distinct()
    )
    return (
        in_visits(once, sessions)
        .groupBy(local_date("occurred_at", context).alias("sales_date"), "product_id")
        .agg(F.count_if(is_view).alias("views"), F.count_if(is_add).alias("cart_adds"))
    )
