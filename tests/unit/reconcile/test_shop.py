"""Differences between MySQL, bronze and silver are named by key, whatever the rows contain."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from contracts.model import Layer
from contracts.registry import TABLES, tables_of
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.comparison import Comparison
from spark_jobs.reconcile.shop import compare_copy, compare_source
from spark_jobs.reconcile.tables import LakeTables
from spark_jobs.run.record import Step, TableRecord
from spark_jobs.sources.control_totals import MONEY_SUMS, as_currency

FIRST, SECOND = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
SHOP, SILVER = TABLES["shop.payments"], TABLES["silver.payments"]
MONEY, STAMP = pa.decimal128(18, 4), pa.timestamp("us", "UTC")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


def payment(key: int, amount: str, *, currency: str | None = "EUR", at: datetime = FIRST) -> dict[str, Any]:
    return {"id": key, "amount": Decimal(amount), "currency": currency, "at": at}


def write(lake: Lake, bronze: list[dict[str, Any]], silver: list[dict[str, Any]]) -> LakeTables:
    def columns(rows: list[dict[str, Any]], key: str) -> dict[str, pa.Array]:
        return {
            key: pa.array([row["id"] for row in rows], pa.int64()),
            "amount": pa.array([row["amount"] for row in rows], MONEY),
            "fee_amount": pa.array([Decimal(0)] * len(rows), MONEY),
            "currency": pa.array([row["currency"] for row in rows], pa.string()),
            "_ingested_at": pa.array([row["at"] for row in rows], STAMP),
        }

    stamps = pa.array([f"{row['at']:%Y-%m-%d %H:%M:%S.%f}" for row in bronze], pa.string())
    upserts = pa.array(["upsert"] * len(bronze), pa.string())
    in_bronze = pa.table(columns(bronze, "id") | {"updated_at": stamps, "_op": upserts})
    write_deltalake(lake.path(SHOP), in_bronze)
    times = pa.array([row["at"] for row in silver], STAMP)
    living = pa.array([False] * len(silver), pa.bool_())
    in_silver = pa.table(columns(silver, "payment_id") | {"updated_at": times, "is_deleted": living})
    write_deltalake(lake.path(SILVER), in_silver)
    return LakeTables(lake)


def unexplained(tables: LakeTables) -> dict[str, Comparison]:
    found = compare_copy(tables, SHOP, SILVER, with_money=True)
    return {each.figure: each for each in found if each.unexplained}


def test_a_row_that_only_vanished_is_named_with_the_command_that_shows_it(lake: Lake) -> None:
    found = unexplained(write(lake, [payment(1, "5"), payment(2, "7")], [payment(1, "5")]))
    assert found["rows"].examples == ("id 2",)
    look = "./shoplake sql --lake 'select * from silver_payments where payment_id = 2'"
    assert found["rows"].next_command == look
    assert found["amount EUR"].examples == ("id 2 (7.0000 in bronze, not there in silver)",)


def test_an_older_version_and_a_row_that_bronze_has_not_are_named(lake: Lake) -> None:
    bronze = [payment(1, "5"), payment(1, "6", at=SECOND)]
    found = unexplained(write(lake, bronze, [payment(1, "5"), payment(3, "1")]))
    assert found["rows in an older version"].examples == ("id 1",)
    assert found["rows"].examples == ("id 3 (there in silver, not there in bronze)",)


def test_money_that_changed_on_the_way_names_the_rows_that_differ_most(lake: Lake) -> None:
    bronze = [payment(key, "1") for key in range(1, 9)]
    silver = [payment(key, str(key)) for key in range(1, 9)]
    found = unexplained(write(lake, bronze, silver))["amount EUR"]
    assert len(found.examples) == 5
    assert found.examples[0] == "id 8 (1.0000 in bronze, 8.0000 in silver)"


def test_a_currency_is_the_same_however_it_is_written(lake: Lake) -> None:
    """In any case, with blanks of every kind, and null."""
    written = ["eur", "\tEUR", " EUR\u00a0", "EUR", None, "   ", "usd\n"]
    bronze = [payment(key, "1", currency=currency) for key, currency in enumerate(written)]
    cleaned = ["EUR", "EUR", "EUR", "EUR", None, None, "USD"]
    silver = [payment(key, "1", currency=currency) for key, currency in enumerate(cleaned)]
    assert unexplained(write(lake, bronze, silver)) == {}


def test_mysql_sums_of_one_currency_written_in_two_ways_are_one(lake: Lake) -> None:
    tables = write(lake, [payment(1, "5"), payment(2, "7", currency="EUR\t")], [])
    ingest = Step("r", "ingest_mysql")
    for table in tables_of(Layer.SHOP):
        measures = MONEY_SUMS[table.name].measures if table.name in MONEY_SUMS else {}
        details: dict[str, Any] = {"source_rows": 0, "is_complete": True, "money": {}}
        if table is SHOP:
            zeros = dict.fromkeys(measures, "0")
            sums = {"EUR": zeros | {"amount": "5"}, "EUR\t": zeros | {"amount": "7"}}
            details |= {"source_rows": 2, "money": sums}
        else:
            write_empty(lake, table)
        ingest.tables[table.id] = TableRecord(details=details)
    assert [each.in_words() for each in compare_source(tables, ingest) if each.unexplained] == []


def write_empty(lake: Lake, table: Any) -> None:
    kinds = {"_ingested_at": STAMP, "_op": pa.string()}
    for column in table.columns:
        is_number = column.type.startswith(("decimal", "int", "bigint", "smallint"))
        kinds[column.name] = pa.decimal128(18, 2) if is_number else pa.string()
    write_deltalake(lake.path(table), pa.schema(kinds.items()).empty_table())


@pytest.mark.parametrize(
    ("written", "currency"), [("eur", "EUR"), (" \tEUR\u00a0", "EUR"), ("E\0R", "E\ufffdR"), ("", "")]
)
def test_a_currency_is_written_as_silver_writes_it(written: str, currency: str) -> None:
    assert as_currency(written) == currency
