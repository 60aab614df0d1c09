"""Requests to merge two ids into one person, replayed."""

from __future__ import annotations

import sys

import pandas as pd
from pyspark import cloudpickle
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns import person_merges as merging
from spark_jobs.columns.connected_components import components
from spark_jobs.columns.context import Context
from spark_jobs.columns.identity import customer_number, is_illegal_id, person_uuid
from spark_jobs.columns.person_merges import STATED, Outcome, Request, replay
from spark_jobs.silver.person_requests import stated_requests

# Up to this number the driver replays all requests at once; above it, Spark's workers replay them by
# component.
MOST_ON_DRIVER = 50_000
# Number of parts into which the workers' requests are split; a component is never split.
PIECES = 64

_OUTCOME = (
    "at bigint, event_id string, method string, `into` string, other string,"
    " outcome string, founder string, other_founder string"
)


def derive(silver_events: DataFrame, silver_person_distinct_ids: DataFrame, context: Context) -> DataFrame:
    """Return one row per request. All are replayed, as a late arrival may change the effect of later ones."""
    requests = _requests(silver_events, silver_person_distinct_ids)
    few = requests.limit(MOST_ON_DRIVER + 1).collect()
    if len(few) <= MOST_ON_DRIVER:
        outcomes = silver_events.sparkSession.createDataFrame(replay(Request(*row) for row in few), _OUTCOME)
    else:
        outcomes = replayed_by_component(requests)
    return outcomes.select(
        "event_id",
        F.timestamp_micros("at").alias("requested_at"),
        "method",
        F.col("into").alias("distinct_id"),
        F.col("other").alias("other_distinct_id"),
        "outcome",
        F.col("outcome").startswith("refused").alias("is_refused"),
        person_uuid("founder").alias("person_id"),
        person_uuid("other_founder").alias("other_person_id"),
    )


def replayed_by_component(requests: DataFrame) -> DataFrame:
    """Return the same outcomes as `replay`, computed by Spark's workers.

    Nodes are hashes of ids: two ids with the same hash would merely be replayed in the same part.
    """
    hashed = requests.select("*", F.xxhash64("into").alias("a"), F.xxhash64("other").alias("b"))
    of_node = components(hashed.where("NOT is_illegal AND a <> b").select("a", "b"))
    together = hashed.join(of_node, on=hashed["a"] == of_node["node"], how="left")  # many to at most one
    piece = F.pmod(F.xxhash64(F.coalesce("component", "a")), F.lit(PIECES))
    return (
        together.select(*Request._fields, piece.alias("piece"))
        .groupBy("piece")
        .applyInPandas(_replay_piece, _OUTCOME)
    )


def _replay_piece(piece: pd.DataFrame) -> pd.DataFrame:
    columns = (piece[name] for name in Request._fields)
    outcomes = replay(map(Request, *columns))
    return pd.DataFrame(outcomes, columns=list(Outcome._fields))


# Spark's workers do not have our code: functions are sent to them by value, not by name.
for module in (merging, sys.modules[__name__]):
    cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]


def _requests(events: DataFrame, statements: DataFrame) -> DataFrame:
    """Return the columns of `Request`. A request to merge an id with itself is dropped."""
    asked = events.where("merged_distinct_id IS NOT NULL AND merged_distinct_id <> distinct_id").select(
        F.unix_micros("occurred_at").alias("at"),
        "event_id",
        F.col("event_name").alias("method"),
        F.col("distinct_id").alias("into"),
        F.col("merged_distinct_id").alias("other"),
    )
    if statements.limit(1).collect():  # without a PostHog, the events need not be searched
        stated = stated_requests(statements, events).withColumn("method", F.lit(STATED))
        asked = asked.unionByName(stated)
    return asked.select(
        *("at", "event_id", "method", "into", "other"),
        customer_number("into").cast("string").alias("into_customer"),
        customer_number("other").cast("string").alias("other_customer"),
        (is_illegal_id("into") | is_illegal_id("other")).alias("is_illegal"),
    )
