"""The catalogue's tree and its past."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

# Each step doubles how far up the top of a branch is found: trees of up to 2³ + 1 levels.
_STEPS = 3


def branches(categories: DataFrame) -> DataFrame:
    """category_id, category (its name) and department (the name at the top of its branch), one row each.

    Removed categories keep their last name, for products sold under it. An unknown parent ends the branch.
    """
    known = categories.select("category_id", "parent_category_id", F.col("name").alias("category"))
    names = known.select(F.col("category_id").alias("top_id"), F.col("category").alias("department"))
    parents = known.select("category_id", F.col("parent_category_id").alias("top_id")).join(
        names.select("top_id"), on="top_id", how="inner"
    )  # one to at most one
    tops = known.select("category_id", "category").join(parents, on="category_id", how="left")
    tops = tops.withColumn("top_id", F.coalesce("top_id", "category_id"))
    for _ in range(_STEPS):
        above = tops.select(F.col("category_id").alias("top_id"), F.col("top_id").alias("higher_id"))
        tops = tops.join(above, on="top_id", how="left")  # many to one
        tops = tops.select("category_id", "category", F.coalesce("higher_id", "top_id").alias("top_id"))
    return tops.join(names, on="top_id", how="left").select("category_id", "category", "department")


def product_spans(versions: DataFrame) -> DataFrame:
    """Product versions with [starts_at, ends_at); null is open. The first covers everything before it too.

    A removal ends the version before it and is none itself. It never was when a later snapshot of the shop
    held that version again.
    """
    history = Window.partitionBy("product_id").orderBy("valid_from")
    seen_again = F.max(F.when(~F.col("is_current_deletion"), F.col("_ingested_at"))).over(history)
    is_void = F.col("is_current_deletion") & F.coalesce(seen_again > F.col("_ingested_at"), F.lit(False))
    standing = versions.withColumn("is_void", is_void).where("NOT is_void")
    spans = standing.withColumn("ends_at", F.lead("valid_from").over(history)).withColumn(
        "starts_at", F.when(F.row_number().over(history) > 1, F.col("valid_from"))
    )
    return spans.where(~F.col("is_current_deletion")).select(
        "product_id", "brand", "category_id", "starts_at", "ends_at"
    )


def cost_spans(costs: DataFrame) -> DataFrame:
    """Unit costs with [starts_at, ends_at), made not to overlap: the span that starts later wins."""
    history = Window.partitionBy("product_id").orderBy("valid_from", "product_cost_id")
    ends = F.least("valid_to", F.lead("valid_from").over(history))  # least() passes over nulls
    return (
        costs.where(~F.col("is_deleted"))
        .select(
            "product_id",
            "unit_cost_amount",
            F.col("currency").alias("unit_cost_currency"),
            F.col("valid_from").alias("starts_at"),
            ends.alias("ends_at"),
        )
        .where("ends_at IS NULL OR ends_at > starts_at")
    )
