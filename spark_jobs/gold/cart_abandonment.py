"""Carts: bought, left behind, or bought later after all."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.gold.exchange import converted, with_rate
from spark_jobs.gold.visits import in_visits
from spark_jobs.lib.context import Context
from spark_jobs.lib.money import MONEY_TYPE
from spark_jobs.lib.timezones import local_date

_IN, _OUT = "Product Added", "Product Removed"
_IDLE = "INTERVAL 30 MINUTES"  # after it a visit is over


def build(
    silver_event_products: DataFrame,
    gold_sessions: DataFrame,
    gold_orders: DataFrame,
    gold_order_lines: DataFrame,
    silver_exchange_rates: DataFrame,
    context: Context,
) -> DataFrame:
    """One row per cart that a product was put into."""
    moves = _moves(silver_event_products, gold_sessions)
    carts = _carts(moves, gold_sessions, context)
    carts = carts.join(_purchases(carts, moves, gold_orders, gold_order_lines), on="cart_id", how="left")
    rated = with_rate(  # one to at most one, above and here
        carts, silver_exchange_rates, context, currency="currency", on="cart_date", rate="exchange_rate"
    )
    bought_at = F.col("purchase.placed_at")
    is_late = bought_at > F.col("visit_ended_at") + F.expr(_IDLE)
    status = (
        F.when(is_late, "recovered")
        .when(bought_at.isNotNull(), "ordered")
        .when(F.col("product_count") == 0, "emptied")
        .when(F.col("last_activity_at") >= F.lit(context.as_of), "open")
        .otherwise("abandoned")
    )
    stage = (
        F.when(bought_at.isNotNull(), "order")
        .when(F.col("has_payment"), "payment")
        .when(F.col("has_checkout"), "checkout")
        .otherwise("cart")
    )
    return rated.select(
        "cart_id",
        "cart_date",
        "session_id",
        "person_id",
        "channel",
        "device",
        "first_activity_at",
        "last_activity_at",
        "product_count",
        converted("value", context).alias("cart_value"),
        stage.alias("stage_reached"),
        status.alias("status"),
        F.col("purchase.order_id").alias("order_id"),
        F.when(is_late, bought_at).alias("recovered_at"),
    )


def _moves(event_products: DataFrame, sessions: DataFrame) -> DataFrame:
    """Products put into carts and taken out, with their visit; pieces taken out are below zero."""
    sign = F.when(F.col("event_name") == _IN, 1).otherwise(-1)
    moves = event_products.where(F.col("event_name").isin(_IN, _OUT)).select(
        "visitor_id",
        "occurred_at",
        "event_id",
        F.col("cart_id").alias("named_cart_id"),
        "product_id",
        (sign * F.coalesce("quantity", F.lit(1))).alias("pieces"),
        "price_amount",
        "currency",
    )
    found = in_visits(moves, sessions, "checkout_count", "payment_count")
    unnamed = F.concat(F.lit("session:"), "session_id")
    return found.withColumn("cart_id", F.coalesce("named_cart_id", unnamed))


def _carts(moves: DataFrame, sessions: DataFrame, context: Context) -> DataFrame:
    """One row per cart with something put in: what is left, and the visit it was begun in."""

    def first(name: str) -> Column:
        return F.min_by(name, F.when(F.col(name).isNotNull(), F.struct("occurred_at", "event_id")))

    carts = moves.groupBy("cart_id").agg(
        first("session_id").alias("session_id"),
        first("currency").alias("currency"),
        F.min("occurred_at").alias("first_activity_at"),
        F.max("occurred_at").alias("last_activity_at"),
        F.max(F.col("checkout_count") > 0).alias("has_checkout"),
        F.max(F.col("payment_count") > 0).alias("has_payment"),
        F.greatest(F.sum(F.col("pieces") * F.col("price_amount")), F.lit(0)).cast(MONEY_TYPE).alias("value"),
        F.max("pieces").alias("most_pieces"),
    )
    left = _left(moves).groupBy("cart_id").agg(F.count(F.lit(1)).alias("product_count"))
    visits = sessions.select(
        "session_id", "person_id", "channel", "device", F.col("ended_at").alias("visit_ended_at")
    )
    return (
        carts.where("most_pieces > 0")
        .join(left, on="cart_id", how="left")  # one to at most one
        .join(visits, on="session_id", how="inner")  # many to one
        .withColumn("product_count", F.coalesce("product_count", F.lit(0)))
        .withColumn("cart_date", local_date("first_activity_at", context))
    )


def _left(moves: DataFrame) -> DataFrame:
    """(cart_id, product_id) of what was not taken out again."""
    pieces = moves.groupBy("cart_id", "product_id").agg(F.sum("pieces").alias("left"))
    return pieces.where("left > 0").select("cart_id", "product_id")


def _purchases(carts: DataFrame, moves: DataFrame, orders: DataFrame, lines: DataFrame) -> DataFrame:
    """The first counted order of the cart's person since it was begun, of that visit or with its products."""
    counted = orders.where("is_counted").select("person_id", "order_id", "placed_at", "session_id")
    wanted = carts.select("cart_id", "person_id", "first_activity_at", F.col("session_id").alias("begun_in"))
    candidates = wanted.join(counted, on="person_id", how="inner").where("placed_at >= first_activity_at")
    shared = (
        candidates.select("cart_id", "order_id")
        .join(lines.select("order_id", "product_id"), on="order_id", how="inner")  # one to many
        .join(_left(moves), on=["cart_id", "product_id"], how="left_semi")
        .select("cart_id", "order_id", F.lit(True).alias("has_its_products"))
        .distinct()
    )
    found = candidates.join(shared, on=["cart_id", "order_id"], how="left")  # one to at most one
    is_bought = F.coalesce(F.col("session_id") == F.col("begun_in"), F.lit(False)) | F.coalesce(
        "has_its_products", F.lit(False)
    )
    first = F.min(F.struct("placed_at", "order_id"))
    return found.where(is_bought).groupBy("cart_id").agg(first.alias("purchase"))
