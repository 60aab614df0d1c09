"""`shoplake sql --lake`: SQL over Delta tables that can only read."""

from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from contracts.registry import table
from deploy.errors import DeployError
from ops.lake_sql import ask_lake
from spark_jobs.lake.tables import Lake


@pytest.fixture
def lake(tmp_path):
    lake = Lake(str(tmp_path))
    amounts = pa.array([Decimal("10.50"), Decimal("0.10")], pa.decimal128(18, 2))
    for table_id in ("shop.orders", "events.captured", "gold.orders"):
        write_deltalake(lake.path(table(table_id)), pa.table({"id": [1, 2], "amount": amounts}))
    return lake


@pytest.mark.parametrize("name", ["bronze_orders", "bronze_events", "gold_orders"])
def test_every_layer_is_asked_by_its_name(lake, name):
    answer = ask_lake(lake, f"SELECT sum(amount) AS total, 'x' AS word FROM {name};")
    assert answer.columns == ["total", "word"]
    assert answer.is_number == [True, False]
    assert answer.rows == [(Decimal("10.60"), "x")]


def test_rows_keep_their_order_and_equal_names_their_values(lake):
    query = "SELECT a.id, b.id FROM bronze_orders a JOIN gold_orders b ON a.id = b.id ORDER BY a.id DESC"
    assert ask_lake(lake, query).rows == [(2, 2), (1, 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO bronze_orders VALUES (3, 1.00)",
        "WITH q AS (SELECT 3 AS id, 1.00 AS amount) INSERT INTO bronze_orders SELECT * FROM q",
        "DELETE FROM bronze_orders",
        "COPY bronze_orders TO '{folder}/copy.csv'",
        "CREATE EXTERNAL TABLE mine STORED AS CSV LOCATION '{folder}'",
        "SELECT 1; DELETE FROM bronze_orders",
    ],
)
def test_nothing_can_be_written(lake, tmp_path, statement):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DeployError):
        ask_lake(lake, statement.format(folder=tmp_path))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_mistake_is_one_line(lake):
    with pytest.raises(
        DeployError, match=r"^Schema error: No field named idd\. .*Next: \./shoplake status --tables"
    ):
        ask_lake(lake, "SELECT idd FROM bronze_orders")


def test_a_table_that_is_not_there_yet_is_named(lake):
    with pytest.raises(DeployError, match=r"silver_orders is not in the lake yet\. Next: \./shoplake run"):
        ask_lake(lake, "SELECT * FROM silver_orders")
