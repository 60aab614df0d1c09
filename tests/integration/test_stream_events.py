"""The stream as its own process: Kafka to bronze, each message once."""

from __future__ import annotations

import shutil
import signal
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer
from deltalake import DeltaTable
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions
from kafka.structs import TopicPartition
from tenacity import retry, stop_after_delay, wait_fixed

from contracts.sources.events import CAPTURED
from kafka import KafkaProducer
from spark_jobs.lake.tables import Lake
from spark_jobs.settings import settings
from spark_jobs.sources.event_topics import event_sources
from spark_jobs.sources.kafka_offsets import lag, missing_messages, next_offsets, offered
from tests.integration.bronze import write_bronze
from tests.integration.servers import Environment, streaming

pytestmark = pytest.mark.stack
REFUSED, NO_ANSWER = 2, 75


def send(topic: str, *values: bytes) -> None:
    """Alternate over two partitions."""
    producer = KafkaProducer(bootstrap_servers=settings().kafka_bootstrap_servers, acks="all")
    for number, value in enumerate(values):
        producer.send(topic, value, key=b"token:person", partition=number % 2, headers=[("token", b"phc")])
    producer.flush()
    producer.close()


@retry(stop=stop_after_delay(120), wait=wait_fixed(0.5), reraise=True)
def wait_until_caught_up(topic: str) -> None:
    (source,) = event_sources(settings())
    (there,) = offered(source).values()
    assert lag(next_offsets(Lake(), topic), there) == 0


def in_bronze() -> list[tuple[int, int, str]]:
    rows = DeltaTable(Lake().path(CAPTURED)).to_pyarrow_dataset().to_table().to_pylist()
    assert all(row["headers"] == [{"key": "token", "value": "phc"}] for row in rows)
    return sorted((row["partition"], row["offset"], row["value"]) for row in rows)


def test_each_message_comes_once_through_kills_and_a_lost_checkpoint(
    stream_environment: Environment, topic: str
) -> None:
    send(topic, b'{"a": 1}', b"not JSON", "träge 🛒".encode(), b"4")
    with streaming(stream_environment):
        wait_until_caught_up(topic)
    send(topic, b"5", b"6")
    shutil.rmtree(Path(f"{Lake().uri}/checkpoints"))
    with streaming(stream_environment) as process:
        wait_until_caught_up(topic)
        process.send_signal(signal.SIGTERM)
        output, noise = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.rstrip().endswith("stopped")
    assert "[Stage" not in noise
    assert in_bronze() == [
        (0, 0, '{"a": 1}'),
        (0, 1, "träge 🛒"),
        (0, 2, "5"),
        (1, 0, "not JSON"),
        (1, 1, "4"),
        (1, 2, "6"),
    ]


def test_lost_offsets_stop_the_stream_until_the_gap_is_accepted(
    stream_environment: Environment, topic: str
) -> None:
    send(topic, b"0", b"0", b"1", b"1", b"2", b"2", b"3", b"3")
    for partition in (0, 1):
        write_bronze(partition, ["0"], 0, datetime.now(UTC), topic)
    admin = KafkaAdminClient(bootstrap_servers=settings().kafka_bootstrap_servers)
    admin.delete_records({TopicPartition(topic, 1): 3})
    admin.close()
    refused = stream_environment.run("stream_events")
    assert refused.returncode == REFUSED
    assert f"{topic} partition 1 offsets 1 to 2" in refused.stderr
    assert "--accept-gap" in refused.stderr
    with streaming(stream_environment, "--accept-gap"):
        wait_until_caught_up(topic)
    rows = DeltaTable(Lake().path(CAPTURED)).to_pyarrow_dataset().to_table(columns=["partition", "offset"])
    positions = sorted((row["partition"], row["offset"]) for row in rows.to_pylist())
    assert positions == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 3)]


def behind(topic: str) -> int:
    (source,) = event_sources(settings())
    ((of_topic, there),) = offered(source).items()
    wanted = next_offsets(Lake(), topic)
    return missing_messages(source, {of_topic: {n: wanted.get(n, at) for n, at in there.earliest.items()}})


@retry(stop=stop_after_delay(120), wait=wait_fixed(0.5), reraise=True)
def wait_until_nothing_is_missing(topic: str) -> None:
    assert behind(topic) == 0


def test_transactions_leave_offsets_that_no_message_has_and_nothing_that_was_taken_back(
    stream_environment: Environment, topic: str
) -> None:
    producer = Producer(
        {"bootstrap.servers": settings().kafka_bootstrap_servers, "transactional.id": f"of {topic}"}
    )
    producer.init_transactions()
    for value, is_kept in ((b"kept", True), (b"taken back", False), (b"kept too", True)):
        producer.begin_transaction()
        producer.produce(topic, value, partition=0)
        producer.flush()
        producer.commit_transaction() if is_kept else producer.abort_transaction()
    assert behind(topic) == 2
    with streaming(stream_environment):
        wait_until_nothing_is_missing(topic)
    rows = DeltaTable(Lake().path(CAPTURED)).to_pyarrow_dataset().to_table(columns=["value"])
    assert sorted(row["value"] for row in rows.to_pylist()) == ["kept", "kept too"]
    (source,) = event_sources(settings())
    (there,) = offered(source).values()
    assert lag(next_offsets(Lake(), topic), there) > 0  # the marker of the last transaction


def test_a_partition_that_is_added_is_read_too(stream_environment: Environment, topic: str) -> None:
    """One while the stream runs, one while it stands still."""

    def add_partition(number: int) -> None:
        admin = KafkaAdminClient(bootstrap_servers=settings().kafka_bootstrap_servers)
        admin.create_partitions({topic: NewPartitions(number + 1)})
        admin.close()
        producer = KafkaProducer(bootstrap_servers=settings().kafka_bootstrap_servers, acks="all")
        headers = [("token", b"phc")]
        producer.send(topic, f"of {number}".encode(), partition=number, headers=headers).get(30)
        producer.close()

    send(topic, b"0", b"1")
    with streaming(stream_environment):
        wait_until_caught_up(topic)
        add_partition(2)
        wait_until_caught_up(topic)
    add_partition(3)
    assert behind(topic) == 1
    with streaming(stream_environment):
        wait_until_caught_up(topic)
    assert in_bronze() == [(0, 0, "0"), (1, 0, "1"), (2, 0, "of 2"), (3, 0, "of 3")]


def test_a_compacted_topic_leaves_offsets_that_no_message_has(
    stream_environment: Environment, topic: str
) -> None:
    servers = settings().kafka_bootstrap_servers
    admin = KafkaAdminClient(bootstrap_servers=servers)
    compaction = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.001"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, compaction)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")

    @retry(stop=stop_after_delay(90), wait=wait_fixed(0.5), reraise=True)
    def sent_until_compacted() -> int:
        """Kafka compacts what is in segments before the newest, which a later message opens."""
        last = producer.send(topic, b"again", key=b"one", partition=0).get(30).offset
        kept = behind(topic)
        assert kept < last, "nothing was compacted"
        return kept

    kept = sent_until_compacted()
    producer.close()
    with streaming(stream_environment):
        wait_until_nothing_is_missing(topic)
    rows = DeltaTable(Lake().path(CAPTURED)).to_pyarrow_dataset().to_table(columns=["offset"])
    assert 0 < rows.num_rows <= kept


def test_bytes_that_are_no_text_are_kept_without_loss(stream_environment: Environment, topic: str) -> None:
    binary, latin = b"\x00\x00\x00\x00\x05\x0e\xc3\x28", '{"name": "café"}'.encode("latin-1")
    producer = KafkaProducer(bootstrap_servers=settings().kafka_bootstrap_servers, acks="all")
    for value in (binary, latin, None, b"text"):
        producer.send(topic, value, key=b"\xff", partition=0, headers=[("h", b"\xfe"), ("empty", b"")])
    producer.flush()
    producer.close()
    with streaming(stream_environment):
        wait_until_caught_up(topic)
    columns = ["offset", "value", "value_encoding", "key", "headers"]
    rows = DeltaTable(Lake().path(CAPTURED)).to_pyarrow_dataset().to_table(columns=columns).to_pylist()
    found = {row["offset"]: (row["value"], row["value_encoding"]) for row in rows}
    assert found == {
        0: (b64encode(binary).decode(), "base64"),
        1: (b64encode(latin).decode(), "base64"),
        2: (None, None),
        3: ("text", None),
    }
    assert {row["key"] for row in rows} == {"base64:/w=="}
    assert rows[0]["headers"] == [{"key": "h", "value": "base64:/g=="}, {"key": "empty", "value": ""}]


@pytest.mark.parametrize(
    ("code", "changed", "words"),
    [
        (
            NO_ANSWER,
            {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
            ("Kafka at 127.0.0.1:1", "KAFKA_BOOTSTRAP_SERVERS"),
        ),
        (REFUSED, {"KAFKA_EVENTS_TOPIC": "nowhere"}, ("no topic 'nowhere'", "KAFKA_EVENTS_TOPIC")),
    ],
)
def test_a_broker_that_cannot_be_read_is_named_in_one_line(
    environment: Environment, code: int, changed: dict[str, str], words: tuple[str, ...]
) -> None:
    refused = environment.run("stream_events", **changed)
    assert refused.returncode == code
    assert refused.stderr.startswith("error: ")
    assert all(word in refused.stderr for word in words), refused.stderr
