"""The category tree and its history."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

# Each step doubles the number of levels climbed: trees of up to 2³ + 1 levels.
_STEPS = 3


def branches(categories: DataFrame) -> DataFrame:
    """Return one row per category: category_id, category (its name), department (name of its top ancestor).

    Deleted categories keep their last name, for products sold under it. An unknown parent ends the branch.
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


def branch_spans(versions: DataFrame) -> DataFrame:
    """Return branches over time: category_id, category, department with [starts_at, ends_at); null is open.

    A category's first version also covers everything before it; its deletion ends no span, for products sold
    under it. Spans of a category do not overlap. An unknown parent ends the branch.
    """
    known = _category_spans(versions)
    tops = known.select(
        "category_id", F.col("name").alias("category"), "parent_category_id", "starts_at", "ends_at"
    )
    parents = known.select("category_id", F.col("category_id").alias("top_id"), "starts_at", "ends_at")
    tops = _over_time(tops, "parent_category_id", parents, "top_id")
    tops = tops.withColumn("top_id", F.coalesce("top_id", "category_id")).drop("parent_category_id")
    for _ in range(_STEPS):
        above = tops.select("category_id", F.col("top_id").alias("higher_id"), "starts_at", "ends_at")
        higher = _over_time(tops, "top_id", above, "higher_id")
        tops = higher.withColumn("top_id", F.coalesce("higher_id", "top_id")).drop("higher_id")
    names = known.select("category_id", F.col("name").alias("department"), "starts_at", "ends_at")
    return _over_time(tops, "top_id", names, "department").select(
        "category_id", "category", "department", "starts_at", "ends_at"
    )


def _category_spans(versions: DataFrame) -> DataFrame:
    history = Window.partitionBy("category_id").orderBy("valid_from")
    return (
        versions.where(~F.col("is_current_deletion"))
        .withColumn("ends_at", F.lead("valid_from").over(history))
        .withColumn("starts_at", F.when(F.row_number().over(history) > 1, F.col("valid_from")))
    )


def _over_time(spans: DataFrame, by: str, others: DataFrame, name: str) -> DataFrame:
    """Split `spans` where the category in column `by` changes, and add the column `name` of `others`.

    Spans of a category in `others` cover all time: one span becomes at least one.
    """
    there = others.select(
        F.col("category_id").alias("other_id"),
        name,
        F.col("starts_at").alias("from_there"),
        F.col("ends_at").alias("to_there"),
    )
    begins_before_end = F.col("from_there").isNull() | F.col("ends_at").isNull()
    ends_after_begin = F.col("to_there").isNull() | F.col("starts_at").isNull()
    overlaps = (
        (F.col(by) == F.col("other_id"))
        & (begins_before_end | (F.col("from_there") < F.col("ends_at")))
        & (ends_after_begin | (F.col("to_there") > F.col("starts_at")))
    )
    return (
        spans.join(there, on=overlaps, how="left")
        .withColumn("starts_at", F.greatest("starts_at", "from_there"))  # both ignore nulls
        .withColumn("ends_at", F.least("ends_at", "to_there"))
        .drop("other_id", "from_there", "to_there")
    )


def product_spans(versions: DataFrame) -> DataFrame:
    """Return product versions with [starts_at, ends_at); null is open. The first also covers all time before.

    A deletion ends the version before it and is not a version itself. It is void when a later snapshot of the
    shop has that version again.
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
    """Return unit costs with [starts_at, ends_at), without overlaps: the span that starts later wins."""
    history = Window.partitionBy("product_id").orderBy("valid_from", "product_cost_id")
    ends = F.least("valid_to", F.lead("valid_from").over(history))  # least() ignores nulls
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
