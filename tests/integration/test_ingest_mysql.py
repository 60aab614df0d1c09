"""The ingest against a real MySQL and Spark, into the test's own lake."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from contracts.registry import TABLES
from spark_jobs.lake.bronze_state import bronze_state
from spark_jobs.lake.tables import Lake
from tests.integration.servers import Environment, Shop

pytestmark = pytest.mark.stack
LATE = "2026-03-01 10:00:00.000000"
REFUSED, NO_ANSWER = 2, 75


def bronze(table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Bronze rows, sorted; JSON-like text of nulls sorts first."""
    path = f"{Lake().uri}/bronze/shop/{table}"
    rows = DeltaTable(path).to_pyarrow_dataset().to_table(columns=list(columns)).to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=repr)


def versions() -> dict[str, int]:
    """Delta version of each bronze table."""
    folders = Path(f"{Lake().uri}/bronze/shop").iterdir()
    return {folder.name: DeltaTable(folder).version() for folder in folders}


def live(table: str) -> set[str]:
    """Keys that live in bronze."""
    declared = TABLES[f"shop.{table}"]
    return set(bronze_state(Lake(), declared).live_keys.to_pylist())


def test_what_mysql_holds_arrives_unchanged(shop: Shop, environment: Environment) -> None:
    """Zero dates, the largest unsigned number, empty beside null, quotes, line ends, emoji, JSON."""
    shop.insert("orders", id=18446744073709551615, order_number='a "b", c\nd', metadata='{"a": [1, "ü"]}')
    shop.insert("orders", id=2, order_number="", email=None, placed_at="0000-00-00 00:00:00.000000")
    shop.insert("orders", id=3, order_number="\\N", email="", prices_include_tax=0, total_amount="-0.05")
    shop.insert("products", id=1, name="🛒 träge", attributes=None, price="9999999999.99", is_active=0)
    shop.insert("inventory_levels", product_id=1, location="a,b", on_hand=-3)
    environment.must_run("ingest_mysql", "--run-id", "first")
    seen = ("id", "order_number", "email", "placed_at", "prices_include_tax", "total_amount", "metadata")
    assert bronze("orders", *seen) == [
        (Decimal(18446744073709551615), 'a "b", c\nd', None, LATE, True, Decimal("1.00"), '{"a": [1, "ü"]}'),
        (Decimal(2), "", None, "0000-00-00 00:00:00.000000", True, Decimal("1.00"), None),
        (Decimal(3), "\\N", "", LATE, False, Decimal("-0.05"), None),
    ]
    assert bronze("products", "name", "attributes", "price", "is_active") == [
        ("🛒 träge", None, Decimal("9999999999.99"), False)
    ]
    assert bronze("inventory_levels", "location", "on_hand", "_op") == [("a,b", -3, "upsert")]


def test_changes_deletions_and_returns_are_followed(shop: Shop, environment: Environment) -> None:
    for number in range(1, 11):
        shop.insert("coupons", id=number, code=f"c{number}")
        shop.insert("inventory_levels", product_id=number, location="north", on_hand=5)
    environment.must_run("ingest_mysql", "--run-id", "1")
    first = versions()
    environment.must_run("ingest_mysql", "--run-id", "2")
    assert versions() == first, "an unchanged shop makes no commit"

    shop.execute("UPDATE coupons SET code = 'changed', updated_at = UTC_TIMESTAMP(6) WHERE id = 1")
    shop.execute("DELETE FROM coupons WHERE id = 2")
    shop.execute("DELETE FROM inventory_levels WHERE product_id = 3")
    shop.insert("coupons", id=11, code="late", updated_at=LATE)  # committed late: no window shows it
    environment.must_run("ingest_mysql", "--run-id", "3")
    third = versions()
    assert {name for name in third if third[name] != first[name]} == {"coupons", "inventory_levels"}
    newer = [row for row in bronze("coupons", "id", "code", "_op", "_batch_id") if row[3] == newest_batch()]
    assert [row[:3] for row in newer] == [
        (1, "changed", "upsert"),
        (11, "late", "upsert"),
        (2, None, "delete"),
    ]
    assert live("inventory_levels") == {f"{n}\x1fnorth" for n in range(1, 11) if n != 3}

    shop.insert("coupons", id=2, code="c2")  # restored from a backup, as it was
    environment.must_run("ingest_mysql", "--run-id", "4")
    assert live("coupons") == {str(number) for number in range(1, 12)}
    environment.must_run("ingest_mysql", "--run-id", "5")
    assert len(bronze("coupons", "id")) == 10 + 3 + 1


def newest_batch() -> str:
    return max(batch for (batch,) in bronze("coupons", "_batch_id"))


def test_a_table_that_lost_its_rows_stops_the_run(shop: Shop, environment: Environment) -> None:
    for number in range(1, 11):
        shop.insert("customers", id=number)
        shop.insert("coupons", id=number)
    environment.must_run("ingest_mysql", "--run-id", "1")
    before = versions()
    shop.execute("DELETE FROM customers WHERE id > 5")
    shop.insert("coupons", id=11)
    refused = environment.run("ingest_mysql", "--run-id", "2")
    assert refused.returncode == REFUSED
    assert "customers lost 5 of 10 rows (has 5)" in refused.stderr
    assert "--accept-loss customers" in refused.stderr
    assert versions() == before
    environment.must_run("ingest_mysql", "--run-id", "3", "--accept-loss", "customers")
    assert live("customers") == {"1", "2", "3", "4", "5"}
    assert len(live("coupons")) == 11


def test_new_columns_are_kept_and_missing_ones_refused(shop: Shop, environment: Environment) -> None:
    shop.insert("coupons", id=1)
    environment.must_run("ingest_mysql", "--run-id", "1")
    shop.execute("ALTER TABLE coupons ADD COLUMN campaign VARCHAR(20) NULL")
    shop.execute(
        "INSERT INTO coupons SELECT 2, 'b', kind, value, currency, usage_limit, valid_from, valid_to,"
        " created_at, UTC_TIMESTAMP(6), 'spring' FROM coupons WHERE id = 1"
    )
    environment.must_run("ingest_mysql", "--run-id", "2")
    assert bronze("coupons", "id", "campaign") == [(1, None), (2, "spring")]
    before = versions()
    shop.execute("ALTER TABLE coupons DROP COLUMN usage_limit, MODIFY value VARCHAR(9)")
    refused = environment.run("ingest_mysql", "--run-id", "3")
    assert refused.returncode == REFUSED
    assert "column coupons.usage_limit is gone" in refused.stderr
    assert "column coupons.value was decimal(12,2) and is varchar(9)" in refused.stderr
    assert versions() == before


def test_every_table_of_a_run_is_of_one_moment(shop: Shop, environment: Environment) -> None:
    """A writer adds orders together with their lines while the ingest reads them on two connections."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        shop.execute("SET autocommit = 0")
        while not stop.is_set():
            number += 1
            shop.insert("orders", id=number, order_number=f"o{number}")
            shop.insert("order_items", id=number, order_id=number, line_number=1)
            shop.execute("COMMIT")
        shop.execute("SET autocommit = 1")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for run in ("1", "2"):
            environment.must_run("ingest_mysql", "--run-id", run)
            assert live("orders") == live("order_items") != set()
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("seconds", [1.5, 4, 6, 9])
def test_a_killed_ingest_is_made_good_by_the_next(
    shop: Shop, environment: Environment, seconds: float
) -> None:
    for number in range(1, 30):
        shop.insert("orders", id=number, order_number=f"o{number}")
        shop.insert("order_items", id=number, order_id=number, line_number=1)
    process = environment.start("ingest_mysql", "--run-id", "killed")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    process.kill()
    process.communicate()
    shop.execute("DELETE FROM orders WHERE id = 7")
    environment.must_run("ingest_mysql", "--run-id", "killed")
    keys = {str(number) for number in range(1, 30)}
    assert live("orders") == keys - {"7"}
    assert live("order_items") == keys
    upserts = [row for row in bronze("order_items", "id", "_op") if row[1] == "upsert"]
    assert len(upserts) == len(keys), "no row came twice"
    assert not Path(f"{Lake().uri}/staging/ingest_mysql").exists()


@pytest.mark.parametrize(
    ("code", "changed", "words"),
    [
        (NO_ANSWER, {"SHOP_MYSQL_PORT": "1"}, ("MySQL at 127.0.0.1:1 does not answer", "SHOP_MYSQL_HOST")),
        (REFUSED, {"SHOP_MYSQL_PASSWORD": "wrong"}, ("wrong password", "SHOP_MYSQL_PASSWORD")),
        (REFUSED, {"SHOP_MYSQL_DATABASE": "nowhere"}, ("SHOP_MYSQL",)),
    ],
)
def test_a_source_that_cannot_be_read_is_named_in_one_line(
    environment: Environment, code: int, changed: dict[str, str], words: tuple[str, ...]
) -> None:
    refused = environment.run("ingest_mysql", "--run-id", "1", **changed)
    assert refused.returncode == code
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert all(word in refused.stderr for word in words), refused.stderr
    assert not Path(f"{Lake().uri}/bronze").exists()


def test_without_the_right_to_lock_one_connection_reads(
    shop: Shop, environment: Environment, servers: dict[str, str]
) -> None:
    shop.insert("coupons", id=1)
    user = {
        "SHOP_MYSQL_USER": servers.get("SHOP_MYSQL_ADMIN_USER", "shoplake_admin"),
        "SHOP_MYSQL_PASSWORD": servers["SHOP_MYSQL_ADMIN_PASSWORD"],
    }
    environment.must_run("ingest_mysql", "--run-id", "1", **user)
    details = Lake().storage.read("runs/1/ingest_mysql.json").decode()
    assert "one connection, repeatable read" in details
    assert live("coupons") == {"1"}
