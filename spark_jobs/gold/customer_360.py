"""One row of key figures per customer."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.context import Context
from spark_jobs.columns.money import divide_money, total, zero
from spark_jobs.columns.timezones import today
from spark_jobs.gold.exchange import reporting_unit

_AMOUNTS = ("gross_sales", "discounts", "returns", "product_margin")


def build(
    silver_customers: DataFrame,
    gold_orders: DataFrame,
    gold_order_lines: DataFrame,
    gold_refund_lines: DataFrame,
    context: Context,
) -> DataFrame:
    """One row per person: all accounts except test accounts, and everyone else with a counted order."""
    persons = (
        _accounts(silver_customers)
        .join(_orders(gold_orders), on="person_id", how="full")  # one to at most one, either may be missing
        .where("is_account OR orders > 0")
        .join(_margins(gold_order_lines), on="person_id", how="left")  # one to at most one
        .join(_returns(gold_orders, gold_refund_lines), on="person_id", how="left")  # one to at most one
        .join(_favourites(gold_order_lines), on="person_id", how="left")  # one to at most one
        .join(_usual_gap(gold_orders), on="person_id", how="left")  # one to at most one
        .withColumn("orders", F.coalesce("orders", F.lit(0)))
    )
    for name in _AMOUNTS:
        persons = persons.withColumn(name, F.coalesce(name, zero()))
    before_returns = F.col("gross_sales") - F.col("discounts")
    is_guest = ~F.col("person_id").startswith("c:")
    scored = _with_scores(persons.withColumn("net_sales", before_returns - F.col("returns")))
    return scored.select(
        "person_id",
        F.when(~is_guest, F.expr("substring(person_id, 3)").try_cast("bigint")).alias("customer_id"),
        is_guest.alias("is_guest"),
        "country_code",
        "first_order_date",
        "last_order_date",
        "orders",
        "gross_sales",
        "discounts",
        "returns",
        "net_sales",
        "product_margin",
        divide_money(before_returns, F.col("orders"), reporting_unit(context)).alias("average_order_value"),
        "favourite_category",
        "acquisition_channel",
        F.datediff(F.lit(today(context)), "last_order_date").alias("recency_days"),
        "recency_score",
        "frequency_score",
        "monetary_score",
        _segment().alias("rfm_segment"),
        F.expr("date_add(last_order_date, usual_gap_days)").alias("expected_next_order_date"),
    )


def _accounts(customers: DataFrame) -> DataFrame:
    """Return accounts except test accounts; deleted ones only add their country to their orders."""
    return customers.where(~F.col("is_test")).select(
        F.concat(F.lit("c:"), F.col("customer_id").cast("string")).alias("person_id"),
        "country_code",
        (~F.col("is_deleted")).alias("is_account"),
    )


def _orders(orders: DataFrame) -> DataFrame:
    first_channel = F.when(F.col("is_first_order"), F.coalesce("channel", F.lit("untracked")))
    return (
        orders.where("is_counted")
        .groupBy("person_id")
        .agg(
            F.count(F.lit(1)).alias("orders"),
            F.min("order_date").alias("first_order_date"),
            F.max("order_date").alias("last_order_date"),
            total("gross_sales").alias("gross_sales"),
            total("discounts").alias("discounts"),
            F.max(first_channel).alias("acquisition_channel"),
        )
    )


def _margins(lines: DataFrame) -> DataFrame:
    return lines.groupBy("person_id").agg(total("product_margin").alias("product_margin"))


def _returns(orders: DataFrame, refund_lines: DataFrame) -> DataFrame:
    """Return all refunds of a person's orders, whether or not the shop still has the line."""
    persons = orders.select("order_id", "person_id")
    return (
        refund_lines.join(persons, on="order_id", how="inner")  # many to one
        .groupBy("person_id")
        .agg(total("returned_amount").alias("returns"))
    )


def _favourites(lines: DataFrame) -> DataFrame:
    units = (
        lines.where("category IS NOT NULL").groupBy("person_id", "category").agg(F.sum("units").alias("u"))
    )
    best = F.min_by("category", F.struct(-F.col("u"), "category"))
    return units.groupBy("person_id").agg(best.alias("favourite_category"))


def _usual_gap(orders: DataFrame) -> DataFrame:
    """Return the median days between a person's orders, rounded down; only from three orders on."""
    in_turn = Window.partitionBy("person_id").orderBy("placed_at", "order_id")
    gap = F.datediff("order_date", F.lag("order_date").over(in_turn))
    lower, upper = ((F.size("gaps") - 1) / 2).cast("int"), (F.size("gaps") / 2).cast("int")
    gaps = orders.where("is_counted").select("person_id", gap.alias("gap")).where("gap IS NOT NULL")
    return (
        gaps.groupBy("person_id")
        .agg(F.array_sort(F.collect_list("gap")).alias("gaps"))
        .where(F.size("gaps") >= 2)
        .select(
            "person_id",
            ((F.get("gaps", lower) + F.get("gaps", upper)) / 2).cast("int").alias("usual_gap_days"),
        )
    )


def _with_scores(persons: DataFrame) -> DataFrame:
    """Score persons with orders from 1 to 5, by quintile; equal persons get the same, lower score."""
    buyers = F.col("orders") > 0

    def score(by: str) -> Column:
        among = Window.partitionBy(buyers)
        below = (F.rank().over(among.orderBy(by)) - 1) * 5
        count = F.count(F.lit(1)).over(among)
        return F.when(buyers, ((below - below % count) / count).cast("int") + 1)

    return persons.select(
        "*",
        score("last_order_date").alias("recency_score"),
        score("orders").alias("frequency_score"),
        score("net_sales").alias("monetary_score"),
    )


def _segment() -> Column:
    recency, frequency, monetary = (F.col(f"{name}_score") for name in ("recency", "frequency", "monetary"))
    return (
        F.when(F.col("orders") == 0, "no_orders")
        .when((recency >= 4) & (frequency >= 4) & (monetary >= 4), "champions")
        .when((recency >= 3) & (frequency >= 4), "loyal")
        .when((recency >= 4) & (F.col("orders") == 1), "new")
        .when(recency >= 4, "promising")
        .when((recency <= 2) & ((frequency >= 4) | (monetary >= 4)), "at_risk")
        .when(recency <= 2, "lost")
        .otherwise("needs_attention")
    )
