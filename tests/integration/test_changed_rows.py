"""Rows of a real MySQL that changed without a new change time: reconciliation names them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.registry import TABLES
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.changed_rows import Shop as ShopNow
from spark_jobs.reconcile.shop import compare_source
from spark_jobs.reconcile.tables import LakeTables
from spark_jobs.run.record import read_step
from spark_jobs.settings import Settings, settings
from tests.integration.servers import Environment, Shop

pytestmark = pytest.mark.stack
LINES = TABLES["shop.order_items"]


def found(measure: str | None, config: Settings | None = None) -> list[str]:
    now = ShopNow(config or settings(), datetime.now(UTC))
    return now.differing(LakeTables(Lake()), LINES, measure)


def test_rows_changed_without_a_change_time_are_named_by_their_keys(
    shop: Shop, environment: Environment
) -> None:
    shop.insert("orders", id=1)
    for number in range(1, 301):
        columns = {"id": number * 1000, "order_id": 1, "line_number": number, "quantity": 1}
        shop.insert("order_items", unit_price="2.00", **columns)
    environment.must_run("ingest_mysql", "--run-id", "1")
    assert found("price_amount") == []
    shop.execute("UPDATE order_items SET quantity = 3 WHERE id IN (5000, 299000)")
    shop.execute("UPDATE order_items SET unit_price = 9, updated_at = '2099-01-01' WHERE id = 7000")
    shop.execute("DELETE FROM order_items WHERE id = 9000")
    assert found("price_amount") == [
        "id 5000 (6.00 in MySQL, 2.00 in bronze)",
        "id 9000 (not there in MySQL, 2.00 in bronze)",
        "id 299000 (6.00 in MySQL, 2.00 in bronze)",
    ]
    assert found(None) == ["id 9000 (not there in MySQL, 0 in bronze)"]
    gone = settings().model_copy(update={"shop_mysql_port": 1})
    assert found("price_amount", gone) == []


def test_sums_that_differ_name_rows_and_the_run_that_takes_them_in(
    shop: Shop, environment: Environment
) -> None:
    shop.insert("orders", id=1, currency="EUR", total_amount="10.00")
    environment.must_run("ingest_mysql", "--run-id", "1")
    shop.execute("UPDATE orders SET total_amount = 12 WHERE id = 1")
    ingest = read_step(Lake(), "1", "ingest_mysql")
    assert ingest is not None
    # As in the record of a later ingest, which compares a large table's rows only once a day.
    ingest.tables["shop.orders"].details["money"]["EUR"]["total_amount"] = "12.00"
    compared = compare_source(LakeTables(Lake()), ingest, ShopNow(settings(), datetime.now(UTC)))
    (wrong,) = (each for each in compared if each.unexplained)
    assert wrong.in_words().startswith(
        "shop.orders total_amount EUR: 12.00 in MySQL, 10.00 in bronze, 2.00 unexplained, such as"
        " id 1 (12.00 in MySQL, 10.00 in bronze). Next: ./shoplake run, which compares every row"
    )
