"""Rows longer than a packet, a chunk or the limit of bronze."""

from __future__ import annotations

from typing import Any

import pytest
from deltalake import DeltaTable

from spark_jobs.errors import UserError
from spark_jobs.jobs import ingest_mysql
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import TableRecord, read_step
from spark_jobs.sources import ingest
from tests.integration.servers import Environment, Shop, limit_to

pytestmark = pytest.mark.stack
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def _two_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_to({"products", "coupons"}, monkeypatch)


def bronze(table: str, *columns: str) -> dict[Any, Any]:
    """The newest version of each row by its id."""
    rows = DeltaTable(f"{Lake().uri}/bronze/shop/{table}").to_pyarrow_dataset()
    newest = rows.to_table(columns=["id", "_ingested_at", *columns]).sort_by("_ingested_at").to_pylist()
    return {int(row["id"]): tuple(row[name] for name in columns) for row in newest}


def run(run_id: str, table: str = "products") -> TableRecord:
    assert ingest_mysql.main(["--run-id", run_id]) == 0
    step = read_step(Lake(), run_id, "ingest_mysql")
    assert step is not None
    return step.tables[f"shop.{table}"]


def lengthen(shop: Shop, product: int, size: int, unit: str = "ab, ") -> None:
    shop.execute(
        "UPDATE products SET attributes = CONCAT('\"', REPEAT(%s, %s), '\"'), updated_at = UTC_TIMESTAMP(6)"
        " WHERE id = %s",
        (unit, size // len(unit.encode()), product),
    )


def test_rows_of_many_megabytes_are_taken_in_with_all_others(shop: Shop, environment: Environment) -> None:
    """In a first read and in a window, and rows after a long one are not lost."""
    for number in range(1, 8):
        shop.insert("products", id=number, sku=f"s{number}", name=f"n{number}")
    lengthen(shop, 2, 17 * MEGABYTE)
    lengthen(shop, 4, 20 * MEGABYTE, "é\U0001f6d2")
    lengthen(shop, 5, 2 * MEGABYTE)
    record = run("1")
    assert (record.read, record.passed, record.details["left_out"]) == (7, 7, [])
    lengthen(shop, 6, 18 * MEGABYTE, '\\"\\n')
    record = run("2")
    assert record.details["found"]["window"] == 4, "the window overlaps"
    assert (record.passed, record.duplicates) == (1, 3)
    arrived = bronze("products", "attributes")
    assert {number: len(text or "") for number, (text,) in arrived.items()} == {
        1: 0,
        2: 17 * MEGABYTE + 2,
        3: 0,
        4: 2 + 2 * (20 * MEGABYTE // 6),
        5: 2 * MEGABYTE + 2,
        6: 18 * MEGABYTE + 2,
        7: 0,
    }
    assert set(arrived[4][0][1:-1]) == {"é", "\U0001f6d2"}
    assert arrived[6][0] == '"' + '\\"\\n' * (18 * MEGABYTE // 4) + '"'
    assert run("3").read == 4


def test_a_value_that_is_too_long_is_named_and_its_row_stays(shop: Shop, environment: Environment) -> None:
    shop.insert("products", id=1, sku="a", name="a")
    shop.insert("products", id=2, sku="b", name="b")
    lengthen(shop, 1, 40 * MEGABYTE)
    record = run("1")
    assert (record.read, record.passed) == (2, 2)
    assert record.details["left_out"] == ["products.attributes of '1' left out: 40,000,002 bytes"]
    assert "1 values left out: products.attributes of '1'" in record.note
    assert bronze("products", "name", "attributes") == {1: ("a", None), 2: ("b", None)}


def test_bytes_are_carried_in_pieces_too(shop: Shop, environment: Environment) -> None:
    shop.execute("ALTER TABLE coupons ADD COLUMN picture LONGBLOB NULL")
    shop.insert("coupons", id=1, code="a")
    shop.execute("UPDATE coupons SET picture = REPEAT(x'00ff22', 1500000)")
    run("1")
    assert bronze("coupons", "picture") == {1: ("00FF22" * 1_500_000,)}


def test_fewer_rows_than_the_snapshot_has_stop_the_run(
    shop: Shop, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.insert("coupons", id=1, code="a")
    counted = ingest._count

    async def one_more(connection: Any, of: Any, where: str = "") -> int:
        return await counted(connection, of, where) + (of.table.name == "coupons")

    monkeypatch.setattr(ingest, "_count", one_more)
    with pytest.raises(UserError, match=r"coupons: the snapshot has 2 rows, but 1 came in\. Nothing was"):
        ingest_mysql.main(["--run-id", "1"])
    assert not Lake().exists(f"{Lake().uri}/bronze/shop/coupons")
