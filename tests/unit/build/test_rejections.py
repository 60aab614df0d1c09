"""Invalid rows that stop a run: a table's rows decide, not an hour's changes, and never events."""

from __future__ import annotations

import re

import pytest
from pyspark.sql import DataFrame, SparkSession

from contracts.model import Layer
from contracts.registry import TABLES, tables_of
from spark_jobs.build.incremental import Quality, checked_rows, count_rows
from spark_jobs.build.rejections import exceeds_limit, refuse
from spark_jobs.errors import UserError
from spark_jobs.silver import CLEAN
from tests.unit.dataframes import CONTEXT, rows

PAYMENTS = TABLES["silver.payments"]


@pytest.mark.parametrize(
    ("rejected", "of", "is_exceeded"),
    [
        (6, 60, False),
        (50, 60, False),
        (51, 60, True),
        (51, 1_020, False),
        (52, 1_020, True),
        (19, 19, False),
        (20, 20, True),
        (20, 21, False),
        (0, 0, False),
    ],
)
def test_a_large_share_of_many_rows_stops_or_a_table_without_a_fit_row(
    rejected: int, of: int, is_exceeded: bool
) -> None:
    assert exceeds_limit(PAYMENTS, rejected, of) is is_exceeded


def test_no_event_stops_a_run() -> None:
    of_events = [table for table in tables_of(Layer.SILVER) if table.source_layer is not Layer.SHOP]
    assert TABLES["silver.events"] in of_events
    assert not any(exceeds_limit(table, 10_000, 10_000) for table in of_events)


def checked(spark: SparkSession, *given: dict[str, object]) -> DataFrame:
    raw = rows(spark, TABLES["shop.payments"], *given).drop("_version_at", "_raw")
    return checked_rows(CLEAN["payments"], raw, PAYMENTS, CONTEXT)


def test_a_row_that_was_mended_or_deleted_since_is_not_unfit(spark: SparkSession) -> None:
    found = count_rows(
        checked(
            spark,
            {"id": 1, "amount": "-1", "_ingested_at": "2026-03-01 10:00"},
            {"id": 1, "amount": "1", "_ingested_at": "2026-03-01 11:00"},
            {"id": 2, "amount": "-1", "_ingested_at": "2026-03-01 10:00"},
            {"id": 2, "_op": "delete", "_ingested_at": "2026-03-01 11:00"},
            {"id": 3, "amount": "1", "_ingested_at": "2026-03-01 10:00"},
            {"id": 3, "amount": "-1", "status": "lost", "_ingested_at": "2026-03-01 11:00"},
            {"id": 4},
        ),
        PAYMENTS,
    )
    failed = {"amount_below_minimum": 3, "status_not_allowed": 1}
    assert found == Quality(7, 3, 0, {}, {}, failed, rejected=1, rows=4)


def test_the_message_names_reasons_a_row_its_value_and_the_next_command(spark: SparkSession) -> None:
    found = checked(spark, {"id": 7, "amount": "9999999999.99", "status": "x" * 100}, {"id": 8})
    reasons = {"amount_out_of_range": 60, "status_not_allowed": 1}
    said = (
        "silver.payments: 61 of 300 rows were rejected, more than the 5% its contract allows"
        " (amount_out_of_range: 60 rows, status_not_allowed: 1 rows), for instance"
        f" payments/7 (status {'x' * 80}…, amount"
    )
    with pytest.raises(UserError, match=re.escape(said)) as raised:
        refuse(PAYMENTS, found, 61, 300, reasons)
    assert str(raised.value).count("9999999999.99") == 1
    assert str(raised.value).endswith(
        "Nothing of this batch was taken in; the last release stays. `./shoplake quarantine show payments`"
        " lists the rows; correct or delete them in the shop, then run again."
    )
    refuse(PAYMENTS, found, 1, 300, reasons)


def test_every_rejected_row_has_its_place(spark: SparkSession) -> None:
    given = (
        {"product_id": 7, "location": "de\0pot", "reserved": 2**32 - 1},
        {"product_id": 8, "location": "a/b"},
    )
    raw = rows(spark, TABLES["shop.inventory_levels"], *given).drop("_version_at", "_raw")
    table = TABLES["silver.inventory_levels"]
    found = checked_rows(CLEAN["inventory_levels"], raw, table, CONTEXT).collect()
    assert {row["_position"]: bool(row["_raw"]) for row in found} == {
        "inventory_levels/7/de\ufffdpot": True,
        "inventory_levels/8/a/b": False,
    }
    raw = rows(
        spark, TABLES["events.captured"], {"topic": "t", "partition": 1, "offset": 5, "value": "no JSON"}
    )
    raw = raw.drop("_op", "_version_at", "_batch_id", "_raw")
    found = checked_rows(CLEAN["events"], raw, TABLES["silver.events"], CONTEXT).collect()
    assert [row["_position"] for row in found] == ["t/1/5"]
