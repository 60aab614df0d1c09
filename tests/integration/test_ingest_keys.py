"""Keys that silver normalises, through ingest, silver and reconciliation."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from deltalake import DeltaTable

from contracts.registry import TABLES
from spark_jobs.jobs import build_silver, ingest_mysql
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.comparison import Comparison
from spark_jobs.reconcile.shop import compare_silver
from spark_jobs.reconcile.tables import LakeTables
from tests.integration.servers import Environment, Shop, limit_to

pytestmark = pytest.mark.stack
STOCK, RATES = TABLES["silver.inventory_levels"], TABLES["silver.exchange_rates"]


@pytest.fixture(autouse=True)
def _two_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_to({"inventory_levels", "exchange_rates"}, monkeypatch)


class Runs:
    """Runs of ingest and silver, one after the other."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        assert ingest_mysql.main(["--run-id", str(self.count), "--accept-loss", "inventory_levels"]) == 0
        assert build_silver.main(["--run-id", str(self.count)]) == 0
        assert [each.in_words() for each in compare_silver(LakeTables(Lake())) if each.unexplained] == []


def rows(table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """The living rows of a silver table."""
    found = DeltaTable(Lake().path(table)).to_pyarrow_dataset().to_table().to_pylist()
    return sorted(tuple(row[name] for name in columns) for row in found if not row["is_deleted"])


def stock() -> list[tuple[Any, ...]]:
    return rows(STOCK, "location", "on_hand_count")


def set_aside(table: Any) -> list[tuple[str, list[str]]]:
    """Source keys and reasons in quarantine."""
    path = Lake().quarantine_path(table)
    if not Lake().exists(path):
        return []
    kept = DeltaTable(path).to_pyarrow_dataset().to_table().to_pylist()
    source = TABLES[table.inputs[0]]
    return sorted((json.loads(row["raw"])[source.key[1]], row["failed_checks"]) for row in kept)


def reasons(table: Any) -> dict[str, Any]:
    """What explains the difference between the rows of bronze and those of silver."""
    found: list[Comparison] = compare_silver(LakeTables(Lake()))
    (rows_of,) = (each for each in found if each.table == table.id and each.figure == "rows")
    return dict(rows_of.reasons)


def assert_rebuild_changes_nothing() -> None:
    before = [rows(table, *table.key, "_ingested_at") for table in (STOCK, RATES)]
    assert build_silver.main(["--run-id", "rebuilt", "--rebuild"]) == 0
    assert [rows(table, *table.key, "_ingested_at") for table in (STOCK, RATES)] == before
    assert [each.in_words() for each in compare_silver(LakeTables(Lake())) if each.unexplained] == []


@pytest.mark.parametrize("set_updated_at", [", updated_at = UTC_TIMESTAMP(6)", ""])
def test_a_key_that_is_cleaned_in_the_shop_keeps_its_row(
    shop: Shop, environment: Environment, set_updated_at: str
) -> None:
    run = Runs()
    shop.insert("inventory_levels", product_id=7, location="  depot ", on_hand=7)
    run()
    assert stock() == [("depot", 7)]
    shop.execute(f"UPDATE inventory_levels SET location = TRIM(location){set_updated_at}")
    run()
    assert stock() == [("depot", 7)]
    shop.execute("UPDATE inventory_levels SET on_hand = 8, updated_at = UTC_TIMESTAMP(6)")
    run()
    assert stock() == [("depot", 8)]
    shop.execute("DELETE FROM inventory_levels")
    run()
    assert stock() == []
    assert set_aside(STOCK) == []
    assert_rebuild_changes_nothing()


def test_two_rows_that_are_one_key_are_named_until_one_goes(shop: Shop, environment: Environment) -> None:
    run = Runs()
    shop.insert("inventory_levels", product_id=7, location=" depot", on_hand=3)
    shop.insert("inventory_levels", product_id=7, location="north", on_hand=1)
    run()
    assert stock() == [("depot", 3), ("north", 1)]
    shop.insert("inventory_levels", product_id=7, location="depot", on_hand=7)
    run()
    assert stock() == [("depot", 7), ("north", 1)], "the row that is written as silver writes it"
    assert set_aside(STOCK) == [(" depot", ["key_not_unique"])]
    assert reasons(STOCK) == {"quarantined": 1}
    run()
    assert set_aside(STOCK) == [(" depot", ["key_not_unique"])], "a run without a change sets nothing aside"
    assert_rebuild_changes_nothing()

    shop.execute(
        "UPDATE inventory_levels SET on_hand = 4, updated_at = UTC_TIMESTAMP(6) WHERE location = ' depot'"
    )
    run()
    assert stock() == [("depot", 7), ("north", 1)]
    shop.execute("DELETE FROM inventory_levels WHERE location = 'depot'")
    run()
    assert stock() == [("depot", 4), ("north", 1)], "the other row takes the key over"
    assert reasons(STOCK) == {}
    assert_rebuild_changes_nothing()

    shop.insert("inventory_levels", product_id=7, location="depot", on_hand=9)
    run()
    shop.execute("DELETE FROM inventory_levels WHERE location = ' depot'")
    run()
    assert stock() == [("depot", 9), ("north", 1)]
    assert reasons(STOCK) == {}
    assert_rebuild_changes_nothing()


def test_currencies_that_differ_in_case_are_one_rate(shop: Shop, environment: Environment) -> None:
    run = Runs()
    shop.execute("ALTER TABLE exchange_rates CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    day = {"rate_date": "2026-03-01", "quote_currency": "USD"}
    for currency, rate in (("EUR", "1.1"), ("eur", "1.2"), ("Eur", "1.3"), ("GBP", "1.4")):
        shop.insert("exchange_rates", base_currency=currency, rate=rate, **day)
    run()
    assert rows(RATES, "base_currency", "rate") == [
        ("EUR", Decimal("1.1")),
        ("GBP", Decimal("1.4")),
    ]
    assert set_aside(RATES) == [("Eur", ["key_not_unique"]), ("eur", ["key_not_unique"])]
    assert reasons(RATES) == {"quarantined": 2}
    shop.execute("DELETE FROM exchange_rates WHERE base_currency IN ('EUR', 'Eur')")
    assert ingest_mysql.main(["--run-id", "less", "--accept-loss", "exchange_rates"]) == 0
    run()
    assert rows(RATES, "base_currency", "rate") == [
        ("EUR", Decimal("1.2")),
        ("GBP", Decimal("1.4")),
    ]
    assert reasons(RATES) == {}
    assert_rebuild_changes_nothing()
