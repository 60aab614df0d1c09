"""Positions of the event topics: what Kafka offers and what bronze holds."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc
from kafka.consumer.group import KafkaConsumer
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from contracts.sources.events import CAPTURED
from spark_jobs.lib.errors import TransientError, UserError
from spark_jobs.lib.event_sources import Source, Topic
from spark_jobs.lib.lake import Lake

CONNECT_TIMEOUT_MS = 10_000


@dataclass(frozen=True)
class Offered:
    """What Kafka has of each partition: from `earliest` up to, not including, `end`."""

    earliest: dict[int, int]
    end: dict[int, int]


def offered(source: Source) -> dict[Topic, Offered]:
    """The offsets of each topic of a source.

    Raises:
        UserError: naming the setting when the broker does not answer or lacks a topic.
    """
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=source.servers.split(","),
            bootstrap_timeout_ms=CONNECT_TIMEOUT_MS,
            request_timeout_ms=CONNECT_TIMEOUT_MS,
            allow_auto_create_topics=False,
            group_id=None,
        )
    except (KafkaError, OSError, ValueError) as error:
        raise _unreachable(source, error) from None
    try:
        return {topic: _offered_of(consumer, topic, source) for topic in source.topics}
    except KafkaError as error:
        raise _unreachable(source, error) from None
    finally:
        consumer.close()


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
    """The offset that bronze wants next of each partition it has seen; none while bronze is empty."""
    path = lake.path(CAPTURED)
    if not lake.exists(path):
        return {}
    positions = (
        lake.open(path).rows().to_table(columns=["partition", "offset"], filter=pc.field("topic") == topic)
    )
    newest = positions.group_by("partition").aggregate([("offset", "max")]).to_pylist()
    return {row["partition"]: row["offset_max"] + 1 for row in newest}


def starting_offsets(
    wanted: dict[int, int], there: Offered, topic: Topic, source: Source, accept_gap: bool
) -> dict[int, int]:
    """Where to go on in each partition.

    Raises:
        UserError: when Kafka no longer has what bronze wants next, or has less than bronze holds.
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
            f"Kafka holds less than bronze: {'; '.join(shorter)}. The topic was made anew, or the broker is"
            f" another one: check {source.servers_setting}, or name another topic in {source.topics_setting}."
        )
    if lost and not accept_gap:
        raise UserError(
            f"Kafka has deleted events that bronze never got: {'; '.join(lost)}. To go on without them:"
            " python -m spark_jobs.jobs.stream_events --accept-gap"
        )
    return start


def lag(wanted: dict[int, int], there: Offered) -> int:
    """How many messages that Kafka has are not in bronze."""
    return sum(
        max(0, end - wanted.get(partition, there.earliest[partition])) for partition, end in there.end.items()
    )
