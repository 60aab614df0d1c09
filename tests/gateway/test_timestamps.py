"""Times of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.timestamps import event_time, from_query, iso, parse, parse_strict
from tests.gateway.asgi import Probe, batch, event
from tests.gateway.test_v1 import body, post, sent

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SAID = "2026-01-01T11:00:00Z"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "offset", "sent_at", "expected"),
    [
        (SAID, None, None, "2026-01-01T11:00:00"),
        (SAID, None, "2026-01-01T12:00:10", "2026-01-01T10:59:50"),
        (SAID, None, "2026-01-01T11:59:50", "2026-01-01T11:00:10"),
        (SAID, None, "2026-01-01T12:00:00", "2026-01-01T11:00:00"),
        (None, None, None, "2026-01-01T12:00:00"),
        (None, None, "2026-01-01T12:00:05", "2026-01-01T12:00:00"),
        ("not a date", None, None, "2026-01-01T12:00:00"),
        ("not a date", None, "2026-01-01T13:00:00", "2026-01-01T12:00:00"),
        ("", None, None, "2026-01-01T12:00:00"),
        (None, 5_000, None, "2026-01-01T11:59:55"),
        (SAID, 5_000, "2026-01-01T13:00:00", "2026-01-01T11:59:55"),
        (SAID, -3_600_000, None, "2026-01-01T13:00:00"),
        # up to 23 hours ahead is a wrong clock, beyond that is nonsense
        ("2026-01-02T11:00:00Z", None, None, "2026-01-02T11:00:00"),
        ("2026-01-02T11:00:01Z", None, None, "2026-01-01T12:00:00"),
        ("9999-12-31T23:59:59Z", None, None, "2026-01-01T12:00:00"),
        (SAID, -(10**18), None, "2026-01-01T12:00:00"),
        # there is no date before the calendar begins
        (SAID, 10**18, None, "1970-01-01T00:00:00"),
        ("0001-01-01T00:00:00Z", None, "2026-01-02T12:00:00", "1970-01-01T00:00:00"),
        ("0001-01-02T00:00:00Z", None, None, "0001-01-02T00:00:00"),
    ],
)
def test_the_senders_clock_is_corrected(
    stated: str | None, offset: int | None, sent_at: str | None, expected: str
) -> None:
    assert event_time(stated, offset, at(sent_at) if sent_at else None, NOW) == at(expected)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02t03:04:05z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.123000"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05-05:30", "2026-01-02T08:34:05"),
        ("2026-01-02T03:04:05+03", "2026-01-02T00:04:05"),
        ("2026-01-02T03:04:05.123-05", "2026-01-02T08:04:05.123000"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04", "2026-01-02T03:04:00"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05"),
        ("2026-01-02 03:04:05+09", "2026-01-01T18:04:05"),
        ("2026-01-02", "2026-01-02T00:00:00"),
        (" 2026-01-02 ", "2026-01-02T00:00:00"),
        ("2026/01/02", "2026-01-02T00:00:00"),
        ("2026/01/02 03:04:05", "2026-01-02T03:04:05"),
        ("01/02/2026", "2026-01-02T00:00:00"),
        ("01/02/2026 03:04", "2026-01-02T03:04:00"),
        ("Fri, 02 Jan 2026 03:04:05 +0200", "2026-01-02T01:04:05"),
        ("Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05"),
        ("May 8, 2026 5:57:51 PM", "2026-05-08T17:57:51"),
        ("1767323045", "2026-01-02T03:04:05"),
        ("1767323045.5", "2026-01-02T03:04:05.500000"),
        ("1767323045123", "2026-01-02T03:04:05.123000"),
        (1767323045, "2026-01-02T03:04:05"),
        (1767323045123, "2026-01-02T03:04:05.123000"),
        ("20260102", "1970-08-23T11:48:22"),
    ],
)
def test_a_moment_is_read_in_each_form(stated: object, expected: str) -> None:
    assert parse(stated) == at(expected)


@pytest.mark.parametrize(
    "stated",
    [None, True, [], {}, "", " ", "x", "12:00", "2026-13-01", "2026-01-02T25:00:00", "٢٠٢٦-٠١-٠٢", "9" * 40],
)
def test_what_is_no_moment_is_none(stated: object) -> None:
    assert parse(stated) is None


@given(st.one_of(st.text(), st.floats(), st.integers(), st.binary().map(repr)))
def test_no_text_and_no_number_breaks_the_reading(stated: object) -> None:
    moment = event_time(stated, None, NOW, NOW)
    assert moment.tzinfo is UTC
    assert moment - NOW <= timedelta(hours=23)
    assert iso(moment).endswith("Z")


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-(10**14), 10**14))
def test_what_is_written_is_read_again(moment: datetime, offset: int) -> None:
    assert parse(iso(moment)) == parse_strict(iso(moment)) == moment
    assert event_time(None, offset, None, NOW).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2026-01-02", "2026-01-02T03:04:05", "1767323045", "2026-01-02T03:04:05+03", ""]
)
def test_v1_asks_for_date_time_and_zone(text: str) -> None:
    assert parse_strict(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1767323045123", "2026-01-02T03:04:05.123000"),
        ("1767323045", None),
        ("1600000000000", None),
        ("2026-01-02", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_a_query_states_the_moment_of_sending_in_milliseconds(text: str, expected: str | None) -> None:
    assert from_query(text) == (at(expected) if expected else None)


def lag(gateway: Probe) -> float:
    """Seconds by which the one event was moved."""
    captured = gateway.the_event()
    now, moment = (datetime.fromisoformat(captured.envelope[name]) for name in ("now", "timestamp"))
    return (now - moment).total_seconds()


HOUR_AHEAD = timedelta(hours=1)


@pytest.mark.parametrize(
    ("where", "seconds"),
    [("batch", 60), ("sent_at", 60), ("_", 60), ("event", -3540), ("nowhere", -3540), ("ignored", -3540)],
)
def test_the_moment_of_sending_is_read_from_batch_and_query_only(
    gateway: Probe, where: str, seconds: int
) -> None:
    # The clock is an hour ahead, the event a minute old.
    sent_at = datetime.now(UTC) + HOUR_AHEAD
    happened: dict[str, Any] = {"timestamp": iso(sent_at - timedelta(minutes=1))}
    if where == "ignored":
        happened["properties"] = {"$ignore_sent_at": True}
    stated = iso(sent_at)
    if where in ("batch", "ignored"):
        gateway.post("/e", batch(event(**happened), sent_at=stated))
    elif where == "event":
        gateway.post("/e", [event(token="phc_test", sent_at=stated, **happened)])
    else:
        query = {} if where == "nowhere" else {where: str(round(sent_at.timestamp() * 1000))}
        gateway.post("/e", batch(event(**happened)), query=query)
    assert lag(gateway) == pytest.approx(seconds, abs=5)


def test_the_batchs_moment_of_sending_wins_over_the_querys(gateway: Probe) -> None:
    sent_at = datetime.now(UTC)
    body = batch(event(timestamp=iso(sent_at)), sent_at=iso(sent_at))
    gateway.post("/e", body, query={"sent_at": "1700000000000"})
    assert lag(gateway) == pytest.approx(0, abs=5)


@pytest.mark.parametrize(("skips", "seconds"), [(None, 60), (True, -3540), (False, 60)])
def test_v1_corrects_by_its_header_unless_told_not_to(
    gateway: Probe, skips: bool | None, seconds: int
) -> None:
    sent_at = datetime.now(UTC) + HOUR_AHEAD
    happened = sent(timestamp=iso(sent_at - timedelta(minutes=1)), options={"disable_skew_correction": skips})
    post(gateway, body(happened), **{"posthog-request-timestamp": iso(sent_at)})
    assert lag(gateway) == pytest.approx(seconds, abs=5)
