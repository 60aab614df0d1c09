"""Orders attributed to channels, by four models."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from contracts.gold.channel_attribution import MODELS
from contracts.gold.sessions import LOOKBACK_DAYS
from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide, divide_money, total, zero
from spark_jobs.columns.timezones import is_complete
from spark_jobs.gold.exchange import converted, reporting_unit, with_rate

_KEY = ["sales_date", "channel", "model"]


def build(
    gold_orders: DataFrame,
    gold_sessions: DataFrame,
    gold_refund_lines: DataFrame,
    silver_marketing_spend: DataFrame,
    silver_exchange_rates: DataFrame,
    context: Context,
) -> DataFrame:
    """Return one row per day, channel and model."""
    touches = _touches(_orders(gold_orders, gold_refund_lines), gold_sessions)
    shares = touches.select(
        F.col("order_date").alias("sales_date"),
        "channel",
        "net_sales",
        F.explode(F.array(*(_share(model) for model in MODELS))).alias("share"),
    ).where("share.upto > share.before")
    unit = reporting_unit(context)
    credited = shares.groupBy("sales_date", "channel", F.col("share.model").alias("model")).agg(
        F.sum(_part(lambda upto, of: divide(upto, of, 6))).cast("decimal(18,6)").alias("attributed_orders"),
        total(_part(lambda upto, of: divide_money(F.col("net_sales") * upto, of, unit))).alias(
            "attributed_sales"
        ),
    )
    days = credited.join(_spend(silver_marketing_spend, silver_exchange_rates, context), on=_KEY, how="full")
    return days.select(  # one to at most one, either may be missing
        *_KEY,
        F.coalesce("attributed_orders", F.lit(0)).alias("attributed_orders"),
        F.coalesce("attributed_sales", zero()).alias("attributed_sales"),
        # Spend without a rate stays null, which the contract rejects.
        F.when(F.coalesce("has_spend", F.lit(False)), F.col("spend")).otherwise(zero()).alias("spend"),
        divide(F.coalesce("attributed_sales", zero()), F.col("spend"), scale=6).alias("roas"),
        is_complete("sales_date", context).alias("is_complete"),
    )


def _orders(orders: DataFrame, refund_lines: DataFrame) -> DataFrame:
    """Return counted orders with their amounts after all refunds so far."""
    returned = refund_lines.groupBy("order_id").agg(total("returned_amount").alias("returned"))
    return (
        orders.where("is_counted")
        .join(returned, on="order_id", how="left")  # one to at most one
        .select(
            "order_id",
            "order_date",
            "placed_at",
            "person_id",
            F.col("session_id").alias("own_session_id"),
            (F.col("net_amount") - F.coalesce("returned", zero())).alias("net_sales"),
        )
    )


def _touches(orders: DataFrame, sessions: DataFrame) -> DataFrame:
    """Return one row per order and session that led to it: its person's earlier sessions and its own.

    `place` is the position among `places`; `last_place` is that of the last session that was not direct, or
    else of the last. An order without a session has one touch, `untracked`.
    """
    people = sessions.where("NOT is_bot").select("session_id", "started_at", "channel", "person_id")
    found = (
        _own(orders, people)
        .unionByName(_of_person(orders, people))
        .join(orders.select("order_id", "order_date", "net_sales"), on="order_id", how="right")  # many to one
        .select(
            "order_id",
            "order_date",
            "net_sales",
            "session_id",
            "started_at",
            F.coalesce("channel", F.lit("untracked")).alias("channel"),
        )
    )
    all_of_order = Window.partitionBy("order_id")
    place = F.row_number().over(all_of_order.orderBy("started_at", "session_id"))
    found = found.select("*", place.alias("place"), F.count(F.lit(1)).over(all_of_order).alias("places"))
    not_direct = F.max(F.when(F.col("channel") != "direct", F.col("place"))).over(all_of_order)
    return found.withColumn("last_place", F.coalesce(not_direct, "places"))


def _own(orders: DataFrame, sessions: DataFrame) -> DataFrame:
    """Return the session an order was placed in, whoever its person is: a device may be shared."""
    own = orders.where("own_session_id IS NOT NULL").select(
        "order_id", F.col("own_session_id").alias("session_id")
    )
    return own.join(sessions.drop("person_id"), on="session_id", how="inner")  # many to one


def _of_person(orders: DataFrame, sessions: DataFrame) -> DataFrame:
    """Return the other sessions of an order's person, from the days before it."""
    begun = F.col("started_at")
    is_recent = begun > F.col("placed_at") - F.expr(f"INTERVAL {LOOKBACK_DAYS} DAYS")
    is_other = ~F.col("session_id").eqNullSafe(F.col("own_session_id"))
    return (
        orders.select("order_id", "person_id", "placed_at", "own_session_id")
        .join(sessions, on="person_id", how="inner")  # many to many
        .where((begun <= F.col("placed_at")) & is_recent & is_other)
        .select("order_id", "session_id", "started_at", "channel")
    )


def _share(model: str) -> Column:
    """Return a touch's share of its order: the sum of all touches up to it, minus the sum before it.

    Both sums are whole parts of `of`, so that the shares add up after the sums are rounded.
    """
    place, places = F.col("place"), F.col("places")
    between = F.greatest(places - 2, F.lit(1))

    def upto(here: Column) -> tuple[Column, Column]:
        if model == "first_touch":
            return F.least(here, F.lit(1)), F.lit(1)
        if model == "last_non_direct":
            return F.when(here >= F.col("last_place"), 1).otherwise(0), F.lit(1)
        if model == "linear":
            return here, places
        # Position: 2/5 for the first, 1/5 shared by those in between, 2/5 for the last; halves for two.
        middle = F.when(places == 2, F.lit(5)).otherwise(between * 4 + (here - 1) * 2)
        parts = F.when(here <= 0, 0).when(here >= places, between * 10).otherwise(middle)
        return parts, between * 10

    reached, whole = upto(place)
    before, _ = upto(place - 1)
    return F.struct(
        F.lit(model).alias("model"),
        reached.cast("bigint").alias("upto"),
        before.cast("bigint").alias("before"),
        whole.cast("bigint").alias("of"),
    )


def _part(share: Callable[[Column, Column], Column]) -> Column:
    """Return the share of a single touch, as `share` gives it for (parts, of how many)."""
    upto, before, whole = (F.col(f"share.{name}") for name in ("upto", "before", "of"))
    return share(upto, whole) - share(before, whole)


def _spend(spend: DataFrame, exchange_rates: DataFrame, context: Context) -> DataFrame:
    """Return spend per day and channel, repeated for each model; null where a rate is missing."""
    rated = with_rate(
        spend.where(~F.col("is_deleted")),
        exchange_rates,
        context,
        currency="currency",
        on="spend_date",
        rate="rate",
    )
    amount = converted("amount", context, "rate")
    days = rated.groupBy(F.col("spend_date").alias("sales_date"), "channel").agg(
        F.when(F.count_if(amount.isNull()) == 0, total(amount)).alias("spend"),
        F.lit(True).alias("has_spend"),
    )
    models = F.explode(F.array(*map(F.lit, MODELS))).alias("model")
    return days.select("sales_date", "channel", "spend", "has_spend", models)
