"""Statements of a self-hosted PostHog about the person of an id, as requests to merge ids."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.identity import is_illegal_id, person_uuid


def stated_requests(statements: DataFrame, events: DataFrame) -> DataFrame:
    """Return at, event_id, into, other: all but one of each person's ids, to be merged with that one.

    For each id only the statement with the greatest version counts, whenever it arrives: a moved id makes no
    request for its former person, and a withdrawn one makes none at all. An id without a statement (its
    statements may be older than the topic) belongs to the person that was created for it: PostHog derives the
    person's UUID from it. That id is the one to merge with; without it, the first in alphabetical order.
    """
    newest = (
        statements.groupBy("team_id", "distinct_id")
        .agg(F.max(F.struct("version", "is_withdrawn", "posthog_person_id", "stated_at")).alias("newest"))
        .select("team_id", "distinct_id", "newest.*")
    )
    columns = ("team_id", "distinct_id", "posthog_person_id", "stated_at")
    stated = newest.where(~F.col("is_withdrawn")).select(*columns)
    members = stated.unionByName(_founders(newest, stated, events).select(*columns))
    is_founder = person_uuid("distinct_id", F.col("team_id")) == F.col("posthog_person_id")
    preferred = F.struct(
        is_illegal_id("distinct_id").cast("int").alias("illegal"),
        (~is_founder).cast("int").alias("joined"),
        F.col("distinct_id").alias("into"),
    )
    persons = (
        members.groupBy("posthog_person_id")
        .agg(
            F.min(preferred).alias("preferred"), F.min("stated_at").alias("since"), F.count("*").alias("ids")
        )
        .where("ids > 1")
        .select("posthog_person_id", F.col("preferred.into").alias("into"), "since")
    )
    return (
        members.join(persons, on="posthog_person_id", how="inner")  # many to one
        .where("distinct_id <> `into`")
        .select(
            F.unix_micros(F.coalesce("stated_at", "since")).alias("at"),
            F.concat_ws(":", F.lit("person_distinct_id"), "team_id", "distinct_id").alias("event_id"),
            "into",
            F.col("distinct_id").alias("other"),
        )
    )


def _founders(newest: DataFrame, stated: DataFrame, events: DataFrame) -> DataFrame:
    """Return ids of events without a statement from which the UUID of a stated person is derived."""
    others = events.where("merged_distinct_id IS NOT NULL").select(
        F.col("merged_distinct_id").alias("distinct_id")
    )
    seen = events.select("distinct_id").unionByName(others).distinct()
    said_nothing_of = seen.crossJoin(newest.select("team_id").distinct()).join(
        newest.select("team_id", "distinct_id"), on=["team_id", "distinct_id"], how="left_anti"
    )
    named = said_nothing_of.select(
        "team_id",
        "distinct_id",
        person_uuid("distinct_id", F.col("team_id")).alias("posthog_person_id"),
        F.lit(None).cast("timestamp").alias("stated_at"),
    )
    return named.join(stated.select("posthog_person_id").distinct(), on="posthog_person_id", how="left_semi")
