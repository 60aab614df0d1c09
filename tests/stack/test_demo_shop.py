"""The demo shop through Airflow: figures equal the ledger, repeatedly, whatever the order of arrival.

The tests of this file are one story: each starts where the previous one ended.
"""

from __future__ import annotations

import json
import random
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer
from deltalake import DeltaTable
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import TopicPartition

from contracts.model import Layer
from deploy.processes import mariadb
from deploy.processes.stack import Stack
from kafka import KafkaConsumer
from simulator.record import Record
from simulator.state import State
from tests.integration.servers import Environment
from tests.stack.ledger import assert_marts_equal_the_ledger, ledger
from tests.stack.pipeline import (
    assert_same,
    lake_rows,
    let_airflow_rest,
    query,
    run_steps,
    served_rows,
    shoplake,
    versions,
)

pytestmark = pytest.mark.stack
CHANGED_SHARE = 0.01
STEPS_AT_ONCE = 20
STEPS_AT_MOST = 300
RELEASES = "SELECT count(*), max(release_id) FROM mart_meta.releases"


@pytest.fixture(scope="module")
def lake(demo: Stack) -> Path:
    return Path(demo.settings.lake_uri)


@pytest.fixture(scope="module")
def jobs(demo: Stack) -> Environment:
    """For jobs that are run by hand on the demo's lake and servers."""
    return Environment(demo.program_environment())


def run_through_airflow(home: Path, stack: Stack) -> None:
    done = shoplake(home, "run")
    let_airflow_rest(stack)
    assert done.returncode == 0, done.stdout + done.stderr


def record(stack: Stack) -> Record:
    return Record(stack.home.ledger / f"{stack.settings.shop_mysql_database}.sqlite")


def shop_of(stack: Stack) -> State:
    with record(stack) as kept:
        return kept.state()


def test_every_mart_equals_the_ledger(demo: Stack) -> None:
    assert_marts_equal_the_ledger(demo)


def test_the_command_of_the_readme_answers_with_the_ledgers_figure(demo: Stack, home: Path) -> None:
    done = shoplake(home, "sql", "select sum(net_sales) from mart.daily_sales", "--csv")
    assert done.stdout.splitlines() == ["sum", str(ledger(demo).total("net_sales"))], done.stderr


def test_status_and_doctor_find_nothing_wrong(demo: Stack, home: Path) -> None:
    status, doctor = shoplake(home, "status"), shoplake(home, "doctor")
    assert (status.returncode, doctor.returncode) == (0, 0), status.stderr + doctor.stdout
    assert "success" in status.stdout


def test_a_message_that_is_not_json_is_set_aside_with_its_position(demo: Stack, lake: Path) -> None:
    rejected = DeltaTable(str(lake / "quarantine" / "events")).to_pyarrow_dataset().to_table().to_pylist()
    by_position = {row["position"]: row for row in rejected}
    texts = {position: message.value.decode() for position, message in topic_of(demo).items()}
    unreadable = {position: text for position, text in texts.items() if not is_json(text)}
    assert len(unreadable) >= 10
    for position, text in unreadable.items():
        assert json.loads(by_position[position]["raw"])["value"] == text
        assert by_position[position]["failed_checks"]


def test_a_run_over_an_unchanged_shop_writes_nothing(demo: Stack, home: Path, lake: Path) -> None:
    before, served, releases = versions(lake), served_rows(demo.settings), query(demo.settings, RELEASES)
    run_through_airflow(home, demo)
    assert versions(lake) == before
    assert query(demo.settings, RELEASES) == releases
    assert_same(served_rows(demo.settings), served)


def test_after_a_day_of_life_every_mart_equals_the_ledger(demo: Stack, home: Path, jobs: Environment) -> None:
    live_until_everything_happened(demo, jobs)
    break_an_order(demo)
    run_through_airflow(home, demo)
    assert_marts_equal_the_ledger(demo)


def test_a_row_that_breaks_a_check_is_set_aside_with_its_reason(lake: Path) -> None:
    rejected = DeltaTable(str(lake / "quarantine" / "orders")).to_pyarrow_dataset().to_table().to_pylist()
    (broken,) = (row for row in rejected if json.loads(row["raw"])["order_number"] == "BROKEN")
    assert broken["failed_checks"] == ["placed_at_required"]
    assert json.loads(broken["raw"])["placed_at"] == "0000-00-00 00:00:00.000000"
    assert broken["batch_id"]


def test_events_sent_again_in_any_order_change_nothing(demo: Stack, lake: Path, jobs: Environment) -> None:
    silver, gold = lake_rows(lake, Layer.SILVER), lake_rows(lake, Layer.GOLD)
    again = list(topic_of(demo).values())
    random.Random(7).shuffle(again)
    send(demo, again)
    run_steps(jobs, "sent-again")
    assert_same(lake_rows(lake, Layer.SILVER), silver)
    assert_same(lake_rows(lake, Layer.GOLD), gold)


def test_the_lake_equals_its_rebuild_from_bronze(lake: Path, jobs: Environment) -> None:
    silver, gold = lake_rows(lake, Layer.SILVER), lake_rows(lake, Layer.GOLD)
    before = versions(lake)
    jobs.must_run("build_silver", "--run-id", "rebuild", "--rebuild")
    jobs.must_run("build_gold", "--run-id", "rebuild", "--rebuild")
    rebuilt = {name for name, version in versions(lake).items() if version > before[name]}
    assert rebuilt >= {f"silver/{name.split('.')[1]}" for name in silver}
    assert rebuilt >= {f"gold/{name.split('.')[1]}" for name in gold}
    assert_same(lake_rows(lake, Layer.SILVER), silver)
    assert_same(lake_rows(lake, Layer.GOLD), gold)


def live_until_everything_happened(stack: Stack, jobs: Environment) -> None:
    """At least 1 % of the shop's rows change, and each kind of change is among them."""
    before, changed = shop_of(stack), 0
    wanted = CHANGED_SHARE * sum(len(rows) for rows in before.tables.values())
    for _ in range(STEPS_AT_MOST // STEPS_AT_ONCE):
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
        lived = jobs.simulate("live", "--steps", str(STEPS_AT_ONCE), "--now", now)
        changed += int(lived.split(": ")[1].split(" ")[0].replace(",", ""))
        if changed >= wanted and not what_did_not_happen(before, shop_of(stack)):
            return
    pytest.fail(
        f"{changed} of {wanted:.0f} rows changed; missing: {what_did_not_happen(before, shop_of(stack))}"
    )


def what_did_not_happen(before: State, after: State) -> list[str]:
    old, new = before.tables, after.tables
    kept = [
        (row, new[name][key])
        for name in ("orders", "products")
        for key, row in old[name].items()
        if key in new[name]
    ]
    happened = {
        "new orders": new["orders"].keys() - old["orders"].keys(),
        "new refunds": new["refunds"].keys() - old["refunds"].keys(),
        "deleted orders": old["orders"].keys() - new["orders"].keys(),
        "deleted addresses": old["addresses"].keys() - new["addresses"].keys(),
        "new statuses": [1 for was, row in kept if was.get("status") != row.get("status")],
        "new prices": [1 for was, row in kept if was.get("price") != row.get("price")],
    }
    return [kind for kind, did in happened.items() if not did]


def break_an_order(stack: Stack) -> None:
    """An order without a date, as MySQL keeps one; the ledger does not know of it."""
    with closing(mariadb.connect(stack.home)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SET SESSION sql_mode = ''")
        cursor.execute("CREATE TEMPORARY TABLE broken AS SELECT * FROM orders ORDER BY id LIMIT 1")
        cursor.execute(
            "UPDATE broken SET id = 900000000, order_number = 'BROKEN', placed_at = '0000-00-00',"
            " updated_at = UTC_TIMESTAMP(6)"
        )
        cursor.execute("INSERT INTO orders SELECT * FROM broken")
        connection.commit()


def topic_of(stack: Stack) -> dict[str, ConsumerRecord]:
    """Every message of the events topic by its position, `topic/partition/offset`."""
    topic, found = stack.settings.kafka_events_topic, dict[str, ConsumerRecord]()
    consumer = KafkaConsumer(bootstrap_servers=stack.settings.kafka_bootstrap_servers, group_id=None)
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    end = consumer.end_offsets(partitions)
    while any(consumer.position(each) < end[each] for each in partitions):
        for messages in consumer.poll(timeout_ms=1000).values():
            for each in messages:
                found[f"{topic}/{each.partition}/{each.offset}"] = each
    consumer.close()
    return found


def send(stack: Stack, messages: list[ConsumerRecord]) -> None:
    """The same messages once more, by the client that can write all of them: a header may have no value."""
    producer = Producer(
        {
            "bootstrap.servers": stack.settings.kafka_bootstrap_servers,
            "acks": "all",
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    for each in messages:
        producer.produce(stack.settings.kafka_events_topic, each.value, each.key, headers=list(each.headers))
        producer.poll(0)
    assert producer.flush(60) == 0


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
