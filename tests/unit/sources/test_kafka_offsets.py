"""Where the stream continues, and when it must not."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from contracts.sources.events import CAPTURED, CAPTURED_EVENT
from spark_jobs.errors import UserError
from spark_jobs.lake.tables import Lake
from spark_jobs.sources.event_topics import Source, Topic
from spark_jobs.sources.kafka_offsets import Offered, lag, name_in_bronze, next_offsets, starting_offsets

TOPIC = Topic("t", CAPTURED_EVENT, "t")
SOURCE = Source("own", "k:9092", (TOPIC,), "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_EVENTS_TOPIC")
THERE = Offered(earliest={0: 0, 1: 5}, end={0: 10, 1: 20})


def test_an_empty_bronze_starts_at_what_kafka_has() -> None:
    assert starting_offsets({}, THERE, TOPIC, SOURCE, accept_gap=False) == {0: 0, 1: 5}


def test_bronze_says_where_to_go_on() -> None:
    assert starting_offsets({0: 10, 1: 7}, THERE, TOPIC, SOURCE, accept_gap=False) == {0: 10, 1: 7}


def test_lost_offsets_are_named_exactly_until_they_are_accepted() -> None:
    with pytest.raises(UserError, match=r"t partition 1 offsets 2 to 4\..*--accept-gap"):
        starting_offsets({1: 2}, THERE, TOPIC, SOURCE, accept_gap=False)
    assert starting_offsets({1: 2}, THERE, TOPIC, SOURCE, accept_gap=True) == {0: 0, 1: 5}


def test_a_topic_made_anew_is_never_taken_for_the_old_one() -> None:
    words = r"t partition 0 ends at 10, bronze at 11.*--topic-made-anew t$"
    with pytest.raises(UserError, match=words):
        starting_offsets({0: 11}, THERE, TOPIC, SOURCE, accept_gap=True)


def test_the_lag_counts_what_bronze_has_not() -> None:
    assert lag({}, THERE) == 25
    assert lag({0: 10, 1: 19}, THERE) == 1


def test_a_topic_made_anew_has_a_name_and_offsets_of_its_own(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert (name_in_bronze(lake, "t"), next_offsets(lake, "t")) == ("t", {})

    def hold(topic: str, *positions: tuple[int, int]) -> None:
        partitions, offsets = zip(*positions, strict=True)
        rows = {
            "topic": pa.array([topic] * len(positions)),
            "partition": pa.array(partitions, pa.int32()),
            "offset": pa.array(offsets, pa.int64()),
        }
        write_deltalake(lake.path(CAPTURED), pa.table(rows), mode="append")

    hold("t", (0, 8), (0, 9), (1, 3))
    hold("t2", (0, 99))
    assert (name_in_bronze(lake, "t"), next_offsets(lake, "t")) == ("t", {0: 10, 1: 4})
    assert name_in_bronze(lake, "t", is_made_anew=True) == "t@2"
    hold("t@2", (1, 0))
    assert (name_in_bronze(lake, "t"), next_offsets(lake, "t")) == ("t@2", {1: 1})
