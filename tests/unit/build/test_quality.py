"""Row checks, versions and whole-table checks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import (
    MissingColumnsError,
    conform,
    examples,
    newest_state,
    only_state,
    violations,
)
from tests.unit.dataframes import assert_rows, cleaned, rows

CATEGORIES = TABLES["silver.categories"]


def test_a_rejected_row_names_every_check_it_breaks(spark: SparkSession) -> None:
    checked = cleaned(
        spark,
        "payments",
        {"id": 1},
        {"id": 2, "method": " ", "status": "lost", "amount": "-0.01"},
        {"id": 3, "processed_at": "soon"},
        {"id": 4, "processed_at": "0000-00-00 00:00:00"},
        {"id": 5, "_op": "delete"},
    )
    assert_rows(
        checked,
        {"payment_id": 1, "_failed": []},
        {"payment_id": 2, "_failed": ["method_required", "status_not_allowed", "amount_below_minimum"]},
        {"payment_id": 3, "_failed": ["processed_at_unreadable"]},
        {"payment_id": 4, "_failed": []},
        {"payment_id": 5, "_failed": []},
    )


def test_a_warning_lets_the_row_pass(spark: SparkSession) -> None:
    checked = cleaned(
        spark, "orders", {"id": 1, "placed_at": "2026-03-02 00:00:00", "paid_at": "2026-03-01 00:00:00"}
    )
    assert_rows(checked, {"_failed": [], "_warned": ["paid_after_placed"], "_fatal": []})


def test_a_left_out_column_is_named(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnsError, match=r"silver\.categories lacks parent_category_id, slug"):
        conform(rows(spark, CATEGORIES).drop("parent_category_id", "slug"), CATEGORIES)


def test_checks_of_a_whole_mart_are_counted_by_name(spark: SparkSession) -> None:
    orders = TABLES["gold.orders"]
    df = rows(
        spark,
        orders,
        {"order_id": 1, "is_counted": True, "exclusion_reason": None},
        {"order_id": 2, "is_counted": True, "exclusion_reason": "test", "exchange_rate": None},
        {"order_id": 2, "is_counted": False, "exclusion_reason": "test", "status": None},
    )
    broken = {
        **{"key_not_unique": 1, "status_required": 1, "exclusion_has_a_reason": 1},
        "counted_order_has_exchange_rate": 2,
    }
    assert violations(df, orders) == broken


def test_the_later_snapshot_wins_and_a_deletion_keeps_its_values(spark: SparkSession) -> None:
    versions = cleaned(
        spark,
        "categories",
        {"id": 1, "name": "later", "updated_at": "2026-03-01 10:05:00", "_ingested_at": "2026-03-01 11:00"},
        {"id": 1, "name": "earlier", "updated_at": "2026-03-01 10:00:00", "_ingested_at": "2026-03-01 11:00"},
        {"id": 2, "name": "gone", "updated_at": "2026-03-01 10:00:00"},
        {"id": 2, "_op": "delete", "_ingested_at": "2026-03-02 00:00"},
        {"id": 3, "_op": "delete", "_ingested_at": "2026-03-02 00:00"},
        {"id": 4, "_op": "delete", "_ingested_at": "2026-03-02 00:00"},
        {"id": 4, "name": "back", "updated_at": "2026-03-03 00:00:00", "_ingested_at": "2026-03-03 01:00"},
        # Restored from a backup: the row has an old time, but it is in the snapshot.
        {"id": 5, "name": "first", "updated_at": "2026-03-01 10:00:00", "_ingested_at": "2026-03-01 11:00"},
        {"id": 5, "_op": "delete", "_ingested_at": "2026-03-02 00:00"},
        {"id": 5, "name": "old", "updated_at": "2026-02-01 10:00:00", "_ingested_at": "2026-03-03 01:00"},
    )
    assert_rows(
        newest_state(versions, CATEGORIES),
        {"category_id": 1, "name": "later", "is_deleted": False, "_is_delete_only": False},
        {"category_id": 2, "name": "gone", "is_deleted": True, "_is_delete_only": False},
        {"category_id": 3, "name": None, "is_deleted": True, "_is_delete_only": True},
        {"category_id": 4, "name": "back", "is_deleted": False, "_is_delete_only": False},
        {"category_id": 5, "name": "old", "is_deleted": False, "_is_delete_only": False},
    )


def test_rows_of_which_each_has_its_key_alone_need_no_grouping(spark: SparkSession) -> None:
    versions = cleaned(
        spark,
        "categories",
        {"id": 1, "name": "here", "updated_at": "2026-03-01 10:00:00"},
        {"id": 2, "_op": "delete", "_ingested_at": "2026-03-02 00:00"},
    )
    grouped, plain = newest_state(versions, CATEGORIES), only_state(versions, CATEGORIES)
    assert plain.columns == grouped.columns
    assert plain.sort("category_id").collect() == grouped.sort("category_id").collect()
    assert [row.is_deleted for row in plain.sort("category_id").collect()] == [False, True]


def test_a_broken_check_shows_key_and_values_of_a_few_rows(spark: SparkSession) -> None:
    table = TABLES["gold.orders"]
    counted = {"order_id": 1, "is_counted": True}
    df = rows(
        spark,
        table,
        {**counted, "status": "x\ny"},
        {**counted, "order_id": 2, "exclusion_reason": "test"},
        {**counted, "order_id": 3, "exclusion_reason": "lost"},
        *({**counted, "order_id": 4, "order_number": "a"} for _ in range(2)),
    )
    reasons = [
        "order_id=2: is_counted=True, exclusion_reason='test'",
        "order_id=3: is_counted=True, exclusion_reason='lost'",
    ]
    assert examples(df, table, "exclusion_has_a_reason") == reasons
    assert examples(df, table, "exclusion_has_a_reason", limit=1) == reasons[:1]
    assert examples(df, table, "exclusion_reason_not_allowed") == ["order_id=3: exclusion_reason='lost'"]
    assert examples(df, table, "key_not_unique") == ["order_id=4: rows=2"]
    assert examples(df, table, "counted_order_has_exchange_rate", limit=1) == [
        "order_id=1: is_counted=True, exchange_rate=null"
    ]


changes = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from("abc"), st.integers(0, 3), st.integers(4, 7)), max_size=8
)


@settings(max_examples=4, deadline=None)
@given(changes, st.integers(0, 8), st.randoms(use_true_random=False))
def test_no_split_into_batches_and_no_order_of_arrival_changes_the_outcome(
    spark: SparkSession, given_changes: list[tuple[int, str, int, int]], cut: int, random: Any
) -> None:
    versions = [
        {
            "category_id": key,
            "name": name,
            "updated_at": f"2026-03-01 00:00:0{updated}",
            "_version_at": f"2026-03-01 00:00:0{updated}",
            "_ingested_at": f"2026-03-01 00:00:0{ingested}",
        }
        for key, name, updated, ingested in given_changes
    ]

    def state(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
        df = newest_state(rows(spark, CATEGORIES, *of).selectExpr("*", "'upsert' AS _op"), CATEGORIES)
        text = ["name", "updated_at", "_version_at", "_ingested_at"]
        found = df.selectExpr("category_id", *(f"CAST({n} AS string) AS {n}" for n in text)).collect()
        return sorted((row.asDict() for row in found), key=lambda row: row["category_id"])

    at_once = state(versions)
    shuffled = random.sample(versions, len(versions))
    assert state([*state(shuffled[:cut]), *shuffled[cut:]]) == at_once
