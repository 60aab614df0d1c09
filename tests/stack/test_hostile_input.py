"""Everything odd at once beside a good shop: only odd rows are lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import mysql.connector
import pytest
from confluent_kafka import Producer

from contracts.model import Layer
from contracts.registry import tables_of
from deploy.processes.stack import Stack
from spark_jobs.lake.tables import Lake
from spark_jobs.run.record import Step, read_step
from spark_jobs.settings import settings
from tests.integration.gateway.processes import TOKEN, Service, service
from tests.integration.servers import Environment, Shop, streaming
from tests.stack.hostile import (
    GOOD_ORDERS,
    add_good_orders,
    delete_odd_rows,
    good_events,
    odd_bodies,
    odd_messages,
    odd_rows,
    widen_texts,
)
from tests.stack.pipeline import STEPS, assert_same, query, rows_of

pytestmark = pytest.mark.stack
GOOD_FIGURES = (
    "SELECT sales_date, orders, gross_sales, discounts, returns, net_sales FROM mart.daily_sales"
    " WHERE orders > 0 ORDER BY sales_date"
)
# Marts that no event affects, so that odd events must not change them.
MONEY_MARTS = tuple(
    f"gold.{name}"
    for name in ("orders", "order_lines", "refund_lines", "daily_sales", "order_trends", "customer_360")
)
GOOD_LINES = "SELECT order_id, product_id, units, net_amount FROM mart.order_lines ORDER BY order_line_id"


@pytest.fixture
def events(servers: dict[str, str], tmp_path: Path) -> Iterator[Service]:
    with service(servers["KAFKA_BOOTSTRAP_SERVERS"], tmp_path) as gateway:
        yield gateway


@pytest.fixture
def jobs(
    data_stack: Stack,
    shop: Shop,
    events: Service,
    warehouse_database: Any,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
) -> Environment:
    """Jobs on a shop, a topic, a lake and a warehouse of the test's own."""
    stream = data_stack.servers()["stream"].environment
    topic = events.settings.kafka_events_topic
    own = {"KAFKA_EVENTS_TOPIC": topic, "STREAM_TRIGGER_SECONDS": "1", "INGEST_SAFETY_LAG_SECONDS": "0"}
    environment.values = stream | environment.values | own
    monkeypatch.setenv("KAFKA_EVENTS_TOPIC", topic)
    settings.cache_clear()
    return environment


def run(jobs: Environment, run_id: str, *of_ingest: str) -> dict[str, Step]:
    """All steps, each green and without a stack trace; returns their records."""
    for step in STEPS:
        done = jobs.run(step, "--run-id", run_id, *(of_ingest if step == "ingest_mysql" else ()))
        assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
    records = {step: read_step(Lake(), run_id, step) for step in STEPS}
    return {name: record for name, record in records.items() if record is not None}


def send(gateway: Service, *bodies: bytes) -> Counter[int]:
    """Post each body; returns how often each status was answered."""
    with httpx.Client(base_url=gateway.url, timeout=30) as client:
        return Counter(client.post("/batch/", content=body).status_code for body in bodies)


def assert_every_row_went_somewhere(steps: dict[str, Step]) -> None:
    for name, record in steps["build_silver"].tables.items():
        assert record.read == record.passed + record.quarantined + record.duplicates, name


def quarantined() -> dict[str, list[str]]:
    """The row ids in the quarantine of each silver table that has one."""
    lake = Lake()
    paths = {table.name: lake.quarantine_path(table) for table in tables_of(Layer.SILVER)}
    return {
        name: lake.open(path).rows().to_table(columns=["row_id"])["row_id"].to_pylist()
        for name, path in paths.items()
        if lake.exists(path)
    }


def gold(lake: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {table.id: rows_of(lake / "gold" / table.name) for table in tables_of(Layer.GOLD)}


def insert_odd_rows(shop: Shop) -> Counter[str]:
    """Insert what the source takes; returns how many rows each table got."""
    inserted: Counter[str] = Counter()
    for table, row in odd_rows():
        try:
            shop.insert(table.name, **row)
        except mysql.connector.Error as error:
            if error.errno not in (1062, 1366, 4025):  # duplicate, not of the column's type, constraint
                raise
        else:
            inserted[table.name] += 1
    return inserted


def test_odd_input_costs_itself_and_nothing_else(jobs: Environment, shop: Shop, events: Service) -> None:
    lake, database = Path(jobs.values["LAKE_URI"]), jobs.values["WAREHOUSE_DATABASE"]
    expected = add_good_orders(shop)
    widen_texts(shop)
    good = [json.dumps({"api_key": TOKEN, "batch": good_events()}).encode()]
    assert send(events, *good) == {200: 1}
    with streaming(jobs):
        assert_every_row_went_somewhere(run(jobs, "good"))
        served = query(settings(), GOOD_FIGURES, database)
        assert {row[0]: row[5] for row in served} == expected
        assert sum(row[1] for row in served) == GOOD_ORDERS
        assert all(row[3] == Decimal(0) for row in served)
        lines, before = query(settings(), GOOD_LINES, database), gold(lake)

        inserted = insert_odd_rows(shop)
        assert set(inserted) == {table.name for table in tables_of(Layer.SHOP)}
        answers = send(events, *odd_bodies(TOKEN))
        assert set(answers) <= {200, 400}, answers
        producer = Producer({"bootstrap.servers": settings().kafka_bootstrap_servers})
        for value in odd_messages():
            producer.produce(settings().kafka_events_topic, value, headers=[("h", b"\xff"), ("n", None)])
        assert producer.flush(30) == 0
        odd = run(jobs, "odd")
        assert_every_row_went_somewhere(odd)
        read = {name: record.read for name, record in odd["build_silver"].tables.items()}
        for shop_table, count in inserted.items():
            fed = [t.id for t in tables_of(Layer.SILVER) if t.inputs == (f"shop.{shop_table}",)]
            assert all(read[name] >= count for name in fed), shop_table
        assert query(settings(), GOOD_FIGURES, database) == served
        assert query(settings(), GOOD_LINES, database) == lines
        for name, ids in quarantined().items():
            assert len(ids) == len(set(ids)), name
        assert len(quarantined()["orders"]) > 0
        assert len(quarantined()["events"]) > 0

        again = run(jobs, "again")
        assert not [name for name, record in again["build_silver"].tables.items() if record.written]

        delete_odd_rows(shop)
        run(jobs, "gone", *(f"--accept-loss={table.name}" for table in tables_of(Layer.SHOP)))
        after = gold(lake)
        assert_same({name: after[name] for name in MONEY_MARTS}, {name: before[name] for name in MONEY_MARTS})
