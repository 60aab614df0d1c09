"""The category tree and the states of products over time."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from contracts.registry import TABLES
from spark_jobs.build.quality import newest_state
from spark_jobs.gold.catalogue import branch_spans, product_spans
from tests.unit.dataframes import assert_rows, cleaned, rows
from tests.unit.gold.order_rows import category_version


def test_branches_of_every_moment_cover_all_time_once_even_in_a_circle(spark: SparkSession) -> None:
    table = TABLES["silver.category_versions"]
    versions = [category_version(n, "01-01", f"level {n}", parent=n - 1 or None) for n in range(1, 10)]
    circle = [
        category_version(20, "01-01", "a", parent=21),
        category_version(21, "01-01", "b", parent=20),
        category_version(20, "02-01", "a later", parent=21),
        category_version(22, "01-01", "alone", parent=404),
    ]
    spans = branch_spans(rows(spark, table, *versions, *circle)).collect()
    assert {(r["category"], r["department"]) for r in spans if r["category_id"] < 20} == {
        (f"level {n}", "level 1") for n in range(1, 10)
    }
    assert [r["department"] for r in spans if r["category_id"] == 22] == ["alone"]
    for category_id in {row["category_id"] for row in spans}:
        own = sorted(
            (row for row in spans if row["category_id"] == category_id), key=lambda row: str(row["starts_at"])
        )
        ends = [row["ends_at"] for row in own if row["ends_at"] is not None]
        starts = [row["starts_at"] for row in own if row["starts_at"] is not None]
        assert len(own) == len(ends) + 1 == len(starts) + 1
        assert sorted(ends) == sorted(starts)


@pytest.mark.parametrize(
    ("snapshots", "brand_of_the_last"),
    [
        ([("back", "2026-04-01 00:00")], "new"),
        ([("back", "2026-04-01 00:00"), ("gone", "2026-05-01 00:00")], None),
        ([("back", "2026-04-01 00:00"), ("gone", "2026-05-01 00:00"), ("back", "2026-06-01 00:00")], "new"),
        ([("gone", "2026-05-01 00:00")], None),
    ],
)
def test_a_product_that_came_back_as_it_was_is_no_longer_removed(
    spark: SparkSession, snapshots: list[tuple[str, str]], brand_of_the_last: str | None
) -> None:
    """Its version is the one before the removal, seen again: its history has no other."""
    table = TABLES["silver.product_versions"]
    shown = {"back": {"brand": "new", "updated_at": "2026-02-01 00:00:00"}, "gone": {"_op": "delete"}}
    history = cleaned(
        spark,
        "product_versions",
        {"id": 7, "brand": "old", "updated_at": "2026-01-01 00:00:00", "_ingested_at": "2026-01-02 00:00"},
        *(
            {"id": 7, "_ingested_at": at, **shown[state]}
            for state, at in [("back", "2026-02-02 00:00"), ("gone", "2026-03-01 00:00"), *snapshots]
        ),
    )
    spans = product_spans(newest_state(history, table)).where("ends_at IS NULL")
    assert_rows(spans, *([{"brand": brand_of_the_last}] if brand_of_the_last else []))
