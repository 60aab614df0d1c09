"""Rows that change in the shop without a new change time."""

from __future__ import annotations

from typing import Any

import pytest
from deltalake import DeltaTable

from spark_jobs.jobs import build_silver, ingest_mysql
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import read_step
from spark_jobs.settings import settings
from spark_jobs.sources import ingest
from spark_jobs.sources.checksums import forget_compared
from tests.integration.servers import Environment, Shop, limit_to

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_to({"orders"}, monkeypatch)


def run(run_id: str) -> dict[str, int]:
    """Rows that were read of orders, by how they were found."""
    assert ingest_mysql.main(["--run-id", run_id]) == 0
    step = read_step(Lake(), run_id, "ingest_mysql")
    assert step is not None
    found: dict[str, int] = step.tables["shop.orders"].details["found"]
    return found


def silver(*columns: str) -> list[tuple[Any, ...]]:
    path = f"{Lake().uri}/silver/orders"
    found = DeltaTable(path).to_pyarrow_dataset().to_table(columns=list(columns)).to_pylist()
    return sorted(tuple(row.values()) for row in found)


def test_a_change_without_a_change_time_is_found_and_wins(shop: Shop, environment: Environment) -> None:
    for number in range(1, 6):
        shop.insert("orders", id=number, order_number=f"o{number}", status="placed", is_test=0)
    assert run("1") == {"all": 5}
    assert build_silver.main(["--run-id", "1"]) == 0
    assert run("2") == {}, "what has not changed is not read"
    shop.execute("UPDATE orders SET status = 'paid' WHERE id = 1")
    shop.execute("UPDATE orders SET is_test = 1 WHERE id = 2")
    shop.execute("UPDATE orders SET total_amount = total_amount + 0.01 WHERE id = 3")
    shop.execute("UPDATE orders SET metadata = '{}', email = '' WHERE id = 4")
    shop.execute("UPDATE orders SET updated_at = '2020-01-01' WHERE id = 5")
    assert run("3") == {"unstamped": 5}
    assert build_silver.main(["--run-id", "3"]) == 0
    assert silver("order_id", "status", "is_test") == [
        (1, "paid", False),
        (2, "placed", True),
        (3, "placed", False),
        (4, "placed", False),
        (5, "placed", False),
    ]
    assert run("4") == {}
    shop.execute("UPDATE orders SET status = 'placed' WHERE id = 1")  # as it was at first
    assert run("5") == {"unstamped": 1}
    assert build_silver.main(["--run-id", "5"]) == 0
    assert silver("order_id", "status")[0] == (1, "placed")


def test_a_large_table_is_compared_on_its_schedule(
    shop: Shop, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "FEW_ROWS", 2)
    shop.execute(
        "INSERT INTO orders (id, order_number, status, sales_channel, currency, total_amount, placed_at,"
        " created_at, updated_at) SELECT seq, CONCAT('o', seq), 'placed', 'web', 'EUR', 1, '2026-03-01',"
        " '2026-03-01', '2026-03-01' FROM seq_1_to_3000"
    )
    assert run("1") == {"all": 3000}
    shop.execute("UPDATE orders SET status = 'paid' WHERE id IN (1, 1500, 3000)")
    assert run("2") == {}, "the first read was a comparison, too"
    forget_compared(Lake(), {"orders"})  # like reconciliation, which sees that something is wrong
    assert run("3") == {"unstamped": 3}
    shop.execute("UPDATE orders SET status = 'paid' WHERE id IN (2, 3)")
    assert run("4") == {}
    monkeypatch.setenv("INGEST_CHECKSUM_HOURS", "0")
    settings.cache_clear()
    assert run("5") == {"unstamped": 2}
    assert run("6") == {}
