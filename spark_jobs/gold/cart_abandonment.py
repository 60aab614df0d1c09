"""Carts: ordered, abandoned, or recovered later."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import total_if_all_known, zero
from spark_jobs.columns.timezones import local_date
from spark_jobs.gold.exchange import converted, with_rate
from spark_jobs.gold.visits import in_visits

_IN, _OUT = "Product Added", "Product Removed"
_IDLE = "INTERVAL 30 MINUTES"  # after it a session is over


def build(
    silver_event_products: DataFrame,
    gold_sessions: DataFrame,
    gold_orders: DataFrame,
    gold_order_lines: DataFrame,
    silver_exchange_rates: DataFrame,
    context: Context,
) -> DataFrame:
    """Return one row per cart that a product was added to."""
    moves = _moves(silver_event_products, gold_sessions)
    left, carts = _left(moves), _carts(moves, gold_sessions, context)
    values = _values(left, carts, silver_exchange_rates, context)
    purchases = _purchases(carts, left, gold_orders, gold_order_lines)
    carts = carts.join(values, on="cart_id", how="left").join(purchases, on="cart_id", how="left")
    is_empty = F.col("product_count").isNull()  # one to at most one, above
    bought_at = F.col("purchase.placed_at")
    is_late = bought_at > F.col("visit_ended_at") + F.expr(_IDLE)
    status = (
        F.when(is_late, "recovered")
        .when(bought_at.isNotNull(), "ordered")
        .when(is_empty, "emptied")
        .when(F.col("last_activity_at") >= F.lit(context.as_of), "open")
        .otherwise("abandoned")
    )
    stage = (
        F.when(bought_at.isNotNull(), "order")
        .when(F.col("has_payment"), "payment")
        .when(F.col("has_checkout"), "checkout")
        .otherwise("cart")
    )
    return carts.select(
        "cart_id",
        "cart_date",
        "session_id",
        "person_id",
        "channel",
        "device",
        "first_activity_at",
        "last_activity_at",
        F.coalesce("product_count", F.lit(0)).alias("product_count"),
        F.when(is_empty, zero()).otherwise(F.col("cart_value")).alias("cart_value"),
        stage.alias("stage_reached"),
        status.alias("status"),
        F.col("purchase.order_id").alias("order_id"),
        F.when(is_late, bought_at).alias("recovered_at"),
    )


def _moves(event_products: DataFrame, sessions: DataFrame) -> DataFrame:
    """Return products added to and removed from carts, with their session; removed units are negative.

    A move without a currency takes the one last named for its cart, or else the first named later.
    """
    # A removal subtracts, whether its sender writes 1 or -1. Decimal, so that sums of any quantities fit.
    said = F.coalesce("quantity", F.lit(1)).cast("decimal(20,0)")
    moves = event_products.where(F.col("event_name").isin(_IN, _OUT)).select(
        "visitor_id",
        "occurred_at",
        F.struct("occurred_at", "event_id", "line_number").alias("moment"),
        F.col("cart_id").alias("named_cart_id"),
        "product_id",
        F.coalesce(F.col("product_id").cast("string"), F.concat(F.lit("sku:"), "sku")).alias("product"),
        F.when(F.col("event_name") == _IN, said).otherwise(-F.abs(said)).alias("units"),
        F.array_contains("unreadable_claims", "quantity").alias("is_unclear"),
        F.when(F.col("price_amount") >= 0, F.col("price_amount")).alias("price"),
        "currency",
    )
    found = in_visits(moves, sessions, "checkout_count", "payment_count")
    unnamed = F.concat(F.lit("session:"), "session_id")
    found = found.withColumn("cart_id", F.coalesce("named_cart_id", unnamed))
    cart = Window.partitionBy("cart_id")
    so_far = cart.orderBy("moment").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    named = F.when(F.col("currency").isNotNull(), F.struct("moment", "currency"))
    currency = F.coalesce(
        F.max(named).over(so_far).getField("currency"), F.min(named).over(cart).getField("currency")
    )
    return found.withColumn("currency", currency)


def _left(moves: DataFrame) -> DataFrame:
    """Return one row per cart and product left in it: its units, and its last price and currency.

    Removing more than there is leaves zero units: the result is the sum of all moves, minus the lowest
    negative value of the running sum.
    """
    so_far = (
        Window.partitionBy("cart_id", "product")
        .orderBy("moment")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    sums = moves.withColumn("running", F.sum("units").over(so_far))
    priced = F.when(F.col("price").isNotNull(), F.col("moment"))
    return (
        sums.groupBy("cart_id", "product")
        .agg(
            F.max("product_id").alias("product_id"),
            (F.sum("units") - F.least(F.min("running"), F.lit(0))).alias("units_left"),
            F.max("is_unclear").alias("is_unclear"),
            F.max_by(F.struct("price", "currency"), priced).alias("last"),
        )
        .where("units_left > 0")
        .select("cart_id", "product_id", "units_left", "is_unclear", "last.price", "last.currency")
    )


def _carts(moves: DataFrame, sessions: DataFrame, context: Context) -> DataFrame:
    """Return one row per cart with an added product, with the session in which it was started."""
    carts = moves.groupBy("cart_id").agg(
        F.min_by("session_id", "moment").alias("session_id"),
        F.min("occurred_at").alias("first_activity_at"),
        F.max("occurred_at").alias("last_activity_at"),
        F.max(F.col("checkout_count") > 0).alias("has_checkout"),
        F.max(F.col("payment_count") > 0).alias("has_payment"),
        F.max("units").alias("most_units"),
    )
    visits = sessions.select(
        "session_id", "person_id", "channel", "device", F.col("ended_at").alias("visit_ended_at")
    )
    return (
        carts.where("most_units > 0")
        .join(visits, on="session_id", how="inner")  # many to one
        .withColumn("cart_date", local_date("first_activity_at", context))
    )


def _values(left: DataFrame, carts: DataFrame, exchange_rates: DataFrame, context: Context) -> DataFrame:
    """Return the products left per cart and their value; null when any unit count, price or rate is unknown.

    Each currency is summed and converted separately, at the rate of the cart's day.
    """
    units = F.when(~F.col("is_unclear"), F.col("units_left")).try_cast("decimal(9,0)")
    parts = (
        left.withColumn("worth", units * F.col("price"))
        .groupBy("cart_id", "currency")
        .agg(F.count(F.lit(1)).alias("products"), total_if_all_known("worth").alias("worth"))
    )
    dated = parts.join(carts.select("cart_id", "cart_date"), on="cart_id", how="inner")  # many to one
    rated = with_rate(
        dated, exchange_rates, context, currency="currency", on="cart_date", rate="exchange_rate"
    )
    return (
        rated.withColumn("value", converted("worth", context))
        .groupBy("cart_id")
        .agg(F.sum("products").alias("product_count"), total_if_all_known("value").alias("cart_value"))
    )


def _purchases(carts: DataFrame, left: DataFrame, orders: DataFrame, lines: DataFrame) -> DataFrame:
    """First counted order since a cart was started: of that session, or its person's with its products.

    Of that session, any order counts whoever placed it, as two customers may share a device.
    """
    counted = orders.where("is_counted").select("person_id", "order_id", "placed_at", "session_id")
    wanted = carts.select("cart_id", "person_id", "first_activity_at", "session_id")
    since, found = "placed_at >= first_activity_at", ("cart_id", "order_id", "placed_at")
    there = wanted.drop("person_id").join(counted, on="session_id").where(since)  # many to many
    theirs = wanted.drop("session_id").join(counted, on="person_id").where(since)  # many to many
    with_products = theirs.join(lines.select("order_id", "product_id"), on="order_id").join(  # one to many
        left, on=["cart_id", "product_id"], how="left_semi"
    )
    first = F.min(F.struct("placed_at", "order_id")).alias("purchase")
    return there.select(*found).unionByName(with_products.select(*found)).groupBy("cart_id").agg(first)
