"""The person of an id, from the merges that name it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.identity import customer_number, person_uuid


def merged_ids(merges: DataFrame) -> DataFrame:
    """Return one row per id that a legal merge request names.

    Columns: distinct_id, person_id, customer_id (of the person, who has at most one: the replay ensures it),
    is_identified, linked_at.
    """
    legal = merges.where("outcome <> 'refused_illegal_id'")
    linked_at = F.when(~F.col("is_refused"), F.col("requested_at")).alias("linked_at")
    asking = legal.select("distinct_id", "person_id", linked_at, F.lit(True).alias("asks"))
    named = legal.select(
        F.col("other_distinct_id").alias("distinct_id"),
        F.col("other_person_id").alias("person_id"),
        linked_at,
        F.lit(False).alias("asks"),
    )
    ids = (
        asking.unionByName(named)
        .groupBy("distinct_id", "person_id")  # an id has one person
        .agg(F.min("linked_at").alias("linked_at"), F.max("asks").alias("asks"))
    )
    persons = ids.groupBy("person_id").agg(
        F.max(customer_number("distinct_id")).alias("customer_id"), F.max("asks").alias("is_identified")
    )
    return ids.drop("asks").join(persons, on="person_id", how="inner")  # many to one


def person_of(distinct_id: str) -> Column:
    """Return the person of an id after a left join with `merged_ids`: its own, where no merge names it."""
    return F.coalesce("person_id", person_uuid(distinct_id))


def customer_of(distinct_id: str) -> Column:
    """Return the customer of an id after a left join with `merged_ids`."""
    return F.coalesce("customer_id", customer_number(distinct_id))
