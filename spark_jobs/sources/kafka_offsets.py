"""Positions of the event topics, in Kafka and in bronze."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow.compute as pc
from kafka.consumer.group import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from contracts.sources.events import CAPTURED
from spark_jobs.errors import TransientError, UserError
from spark_jobs.lake.tables import Lake
from spark_jobs.sources.event_topics import Source, Topic

CONNECT_TIMEOUT_MS = 10_000
# Time to check whether offsets hold messages: transactions and compaction leave offsets without one.
LOOK_SECONDS = 5.0
POLL_MS = 500
MOST_COUNTED = 10_000
_LIFE = "@"  # no topic name contains it


@dataclass(frozen=True)
class Offered:
    """The offsets that Kafka has of each partition: from `earliest` up to, not including, `end`."""

    earliest: dict[int, int]
    end: dict[int, int]


def offered(source: Source) -> dict[Topic, Offered]:
    """Return the offsets of each topic of a source.

    Raises:
        UserError: naming the setting when the broker does not answer or lacks a topic.
    """
    with _consumer(source) as consumer:
        return {topic: _offered_of(consumer, topic, source) for topic in source.topics}


@contextmanager
def _consumer(source: Source) -> Iterator[KafkaConsumer]:
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=source.servers.split(","),
            bootstrap_timeout_ms=CONNECT_TIMEOUT_MS,
            request_timeout_ms=CONNECT_TIMEOUT_MS,
            allow_auto_create_topics=False,
            group_id=None,
            isolation_level="read_committed",  # like the stream
        )
    except (KafkaError, OSError, ValueError) as error:
        raise _unreachable(source, error) from None
    try:
        yield consumer
    except KafkaError as error:
        raise _unreachable(source, error) from None
    finally:
        consumer.close()


def missing_messages(source: Source, wanted: Mapping[Topic, dict[int, int]]) -> int:
    """Count the messages that Kafka has and bronze has not; 0 when all newer offsets are empty.

    `wanted` has the offset that bronze needs next in each partition. Messages are counted for a few seconds;
    after that, which would be another batch, offsets are counted instead.
    """
    with _consumer(source) as consumer:
        at = {
            TopicPartition(topic.name, number): offset
            for topic, offsets in wanted.items()
            for number, offset in offsets.items()
        }
        ends = consumer.end_offsets(list(at))
        behind = [each for each, end in ends.items() if at[each] < end]
        consumer.assign(behind)
        for each in behind:
            consumer.seek(each, at[each])
        found, deadline = 0, time.monotonic() + LOOK_SECONDS
        while behind and found < MOST_COUNTED and time.monotonic() < deadline:
            polled = consumer.poll(timeout_ms=POLL_MS)
            found += sum(
                1 for each, records in polled.items() for record in records if record.offset < ends[each]
            )
            behind = [each for each in behind if consumer.position(each) < ends[each]]
        left: int = sum(ends[each] - consumer.position(each) for each in behind)
        return found + left


def _offered_of(consumer: KafkaConsumer, topic: Topic, source: Source) -> Offered:
    numbers = consumer.partitions_for_topic(topic.name) or ()
    partitions = [TopicPartition(topic.name, number) for number in numbers]
    if not partitions:
        raise UserError(
            f"Kafka at {source.servers} has no topic {topic.name!r}. The name is {source.topics_setting};"
            " topics are never created by themselves."
        )
    earliest, end = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    return Offered(
        {each.partition: offset for each, offset in earliest.items()},
        {each.partition: offset for each, offset in end.items()},
    )


def _unreachable(source: Source, error: Exception) -> TransientError:
    return TransientError(
        f"Kafka at {source.servers} does not answer ({error or type(error).__name__}). The address is"
        f" {source.servers_setting}; `./shoplake status` shows whether the broker of local mode runs."
    )


def next_offsets(lake: Lake, topic: str) -> dict[int, int]:
    """Return the offset that bronze needs next in each known partition; empty while bronze is empty.

    For a recreated topic, these are the offsets of its current generation.
    """
    return _present_life(lake, topic)[1]


def name_in_bronze(lake: Lake, topic: str, is_made_anew: bool = False) -> str:
    """Return a topic's name in bronze: `events`; once recreated, `events@2`, whose offsets start over."""
    life = _present_life(lake, topic)[0] + is_made_anew
    return topic if life == 1 else f"{topic}{_LIFE}{life}"


def _present_life(lake: Lake, topic: str) -> tuple[int, dict[int, int]]:
    path = lake.path(CAPTURED)
    if not lake.exists(path):
        return 1, {}
    is_of_topic = (pc.field("topic") == topic) | pc.starts_with(pc.field("topic"), f"{topic}{_LIFE}")
    positions = lake.open(path).rows().to_table(columns=["topic", "partition", "offset"], filter=is_of_topic)
    lives: dict[int, dict[int, int]] = {1: {}}
    for row in positions.group_by(["topic", "partition"]).aggregate([("offset", "max")]).to_pylist():
        number = row["topic"].removeprefix(topic).removeprefix(_LIFE) or "1"
        if number.isdigit():
            lives.setdefault(int(number), {})[row["partition"]] = row["offset_max"] + 1
    return max(lives), lives[max(lives)]


def starting_offsets(
    wanted: dict[int, int], there: Offered, topic: Topic, source: Source, accept_gap: bool
) -> dict[int, int]:
    """Return the offset to continue at in each partition.

    Raises:
        UserError: when Kafka no longer has what bronze needs next, or has less than bronze.
    """
    lost, shorter, start = [], [], {}
    for partition, earliest in sorted(there.earliest.items()):
        begin = wanted.get(partition, earliest)
        if begin < earliest:
            lost.append(f"{topic.name} partition {partition} offsets {begin} to {earliest - 1}")
        if begin > there.end[partition]:
            shorter.append(
                f"{topic.name} partition {partition} ends at {there.end[partition]}, bronze at {begin}"
            )
        start[partition] = max(begin, earliest)
    if shorter:
        raise UserError(
            f"Kafka holds less than bronze: {'; '.join(shorter)}. The broker is another one: check"
            f" {source.servers_setting}. Or the topic was made anew: to read it from its beginning, beside"
            f" what bronze has, run python -m spark_jobs.jobs.stream_events --topic-made-anew {topic.name}"
        )
    if lost and not accept_gap:
        raise UserError(
            f"Kafka has deleted events that bronze never got: {'; '.join(lost)}. To go on without them:"
            " python -m spark_jobs.jobs.stream_events --accept-gap"
        )
    return start


def lag(wanted: dict[int, int], there: Offered) -> int:
    """Count Kafka's offsets beyond bronze; not each of them need hold a message."""
    return sum(
        max(0, end - wanted.get(partition, there.earliest[partition])) for partition, end in there.end.items()
    )
