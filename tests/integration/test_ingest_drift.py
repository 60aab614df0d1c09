"""Columns that are added, dropped, restored, widened and moved in every shop table, through to silver."""

from __future__ import annotations

from typing import Any

import pytest
from deltalake import DeltaTable

from contracts.model import Layer
from contracts.registry import tables_of
from spark_jobs.errors import UserError
from spark_jobs.jobs import build_silver, check_sources, ingest_mysql
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import read_step
from tests.integration.servers import Environment, Shop

pytestmark = pytest.mark.stack
TABLES = tables_of(Layer.SHOP)
# Odd tables get rows that change in the window, even ones have unchanged rows.
CHANGING = TABLES[1::2]


def run(run_id: str, *, with_silver: bool = False) -> dict[str, str]:
    """Ingest, and silver where told; returns the note of each table's ingest."""
    assert ingest_mysql.main(["--run-id", run_id]) == 0
    if with_silver:
        assert build_silver.main(["--run-id", run_id]) == 0
    step = read_step(Lake(), run_id, "ingest_mysql")
    assert step is not None
    return {table.name: step.tables[table.id].note for table in TABLES}


def columns(table: str) -> dict[str, str]:
    fields = DeltaTable(f"{Lake().uri}/bronze/shop/{table}").schema().fields
    return {
        field.name: str(field.type).removeprefix('PrimitiveType("').removesuffix('")') for field in fields
    }


def bronze(table: str, *names: str) -> list[tuple[Any, ...]]:
    rows = DeltaTable(f"{Lake().uri}/bronze/shop/{table}").to_pyarrow_dataset().to_table(columns=list(names))
    return sorted((tuple(row.values()) for row in rows.to_pylist()), key=repr)


def alter(shop: Shop, change: str, *, touch: bool = True) -> None:
    for table in TABLES:
        shop.execute(f"ALTER TABLE {table.name} {change}")
    for table in CHANGING if touch else ():
        shop.execute(f"UPDATE {table.name} SET updated_at = UTC_TIMESTAMP(6)")


@pytest.mark.parametrize("has_rows", [True, False])
def test_a_column_that_is_added_stops_no_table(shop: Shop, environment: Environment, has_rows: bool) -> None:
    for table in TABLES if has_rows else ():
        shop.insert(table.name)
    run("1", with_silver=has_rows)
    alter(shop, "ADD COLUMN note VARCHAR(50) NULL")
    run("2")
    assert {table.name: columns(table.name).get("note") for table in TABLES} == {
        table.name: "string" for table in TABLES
    }
    alter(shop, "DROP COLUMN note")
    run("3")
    alter(
        shop,
        "ADD COLUMN note INT NULL FIRST, ADD COLUMN area POLYGON NULL, ADD COLUMN `a.b ``c` BIT(3) NULL,"
        " ADD COLUMN `größe-1 x` TEXT",
    )
    shop.execute("UPDATE coupons SET note = 5, updated_at = UTC_TIMESTAMP(6)")
    run("4")
    assert (("5",) in bronze("coupons", "note")) == has_rows
    alter(
        shop,
        "DROP COLUMN area, ADD COLUMN AREA DOUBLE NOT NULL DEFAULT 1.5, MODIFY COLUMN updated_at DATETIME",
    )
    notes = run("5")
    alter(shop, "MODIFY COLUMN updated_at DATETIME(6) NOT NULL FIRST", touch=False)
    run("6")
    assert columns("orders")["a_b__c"] == "decimal(20,0)"
    assert columns("orders")["größe-1_x"] == "string"
    assert columns("orders")["area"] == "string"
    assert "column 'AREA' kept as area" in notes["orders"]
    run("7", with_silver=has_rows)
    assert build_silver.main(["--run-id", "rebuilt", "--rebuild"]) == 0


def test_numbers_that_grow_are_read_and_what_is_too_large_is_named(
    shop: Shop, environment: Environment
) -> None:
    shop.insert("orders", id=1, total_amount="1.10")
    shop.insert("categories", id=1, name="a", slug="a")
    run("1")
    shop.execute(
        "ALTER TABLE orders MODIFY total_amount DECIMAL(20,2) NULL, MODIFY is_test INT, MODIFY email TEXT,"
        " MODIFY order_number LONGTEXT"
    )
    shop.execute("ALTER TABLE categories MODIFY id BIGINT UNSIGNED NOT NULL, MODIFY name LONGTEXT NULL")
    shop.insert("orders", id=2, order_number="o2", total_amount="9999999999.99")
    shop.insert("orders", id=3, order_number="o3", total_amount="10000000000.00")
    shop.insert("orders", id=4, order_number="o4", total_amount=None, is_test=0)
    shop.insert("categories", id=2**63 - 1, name="b", slug="b")
    shop.insert("categories", id=2**63, name="c", slug="c")
    notes = run("2")
    assert [(int(i), a and str(a)) for i, a in bronze("orders", "id", "total_amount")] == [
        (1, "1.10"),
        (2, "9999999999.99"),
        (3, None),
        (4, None),
    ]
    assert "orders.total_amount of '3' left out: beyond decimal(12,2)" in notes["orders"]
    assert bronze("categories", "id") == [(1,), (2**63 - 1,)]
    assert "categories '9223372036854775808' left out: its key is too large" in notes["categories"]
    run("3")


def test_a_table_that_is_gone_or_another_is_refused(shop: Shop, environment: Environment) -> None:
    shop.execute("DROP TABLE coupons")
    shop.execute("ALTER TABLE orders MODIFY total_amount DECIMAL(12,4), MODIFY is_test VARCHAR(5)")
    with pytest.raises(UserError) as refused:
        ingest_mysql.main(["--run-id", "1"])
    said, _, next_step = (
        str(refused.value).removeprefix("the shop's schema no longer fits the contracts: ").partition(". ")
    )
    assert sorted(said.split("; ")) == [
        "column orders.is_test was tinyint(1) and is varchar(5)",
        "column orders.total_amount was decimal(12,2) and is decimal(12,4)",
        "table coupons is gone",
    ]
    assert next_step == (
        "Nothing was ingested. Adapt contracts/sources/shop.py and what reads it, or restore the column,"
        " then run again."
    )
    with pytest.raises(UserError, match="table coupons is gone"):
        check_sources.main(["--run-id", "1"])
