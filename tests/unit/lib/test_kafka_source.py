"""Where the stream goes on, and when it must not."""

from __future__ import annotations

import pytest

from contracts.sources.events import CAPTURED_EVENT
from spark_jobs.lib.errors import UserError
from spark_jobs.lib.event_sources import Source, Topic
from spark_jobs.lib.kafka_source import Offered, lag, starting_offsets

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
    with pytest.raises(UserError, match=r"t partition 0 ends at 10, bronze at 11"):
        starting_offsets({0: 11}, THERE, TOPIC, SOURCE, accept_gap=True)


def test_the_lag_counts_what_bronze_has_not() -> None:
    assert lag({}, THERE) == 25
    assert lag({0: 10, 1: 19}, THERE) == 1
