"""Messages of bronze against silver's events, whatever their bytes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from contracts.sources.events import CAPTURED
from spark_jobs.lake.tables import Lake
from spark_jobs.reconcile.events import EVENTS, compare_events
from spark_jobs.reconcile.tables import LakeTables

LONG = "x" * 300
VALUES = [
    b'{"uuid": "a"}',
    b'{"uuid": "a", "data": "caf\xe9"}',  # Latin-1: in quarantine
    b"\x00\x00\x00\x00\x05\x0e\xc3\x28",  # of a schema registry: in quarantine
    None,  # in quarantine
    b'{"uuid": "a", "load": NaN}',  # sent again
    b'{"data": "{\\"uuid\\": \\"a\\"}"}',  # sent again
    b'{"uuid": "%s"}' % LONG.encode(),  # sent again, its id a hash
    b"{" + b"[" * 20_000,  # in quarantine
]
REJECTED = (1, 2, 3, 7)


def test_no_message_stops_the_comparison(tmp_path: Path) -> None:
    lake, count = Lake(str(tmp_path)), len(VALUES)
    kept_as_they_were = pa.array(VALUES, pa.binary()).view(pa.string())
    now = pa.array([datetime(2026, 3, 1, tzinfo=UTC)] * count, pa.timestamp("us", "UTC"))
    bronze = {
        "topic": pa.array(["events"] * count),
        "partition": pa.array([0] * count, pa.int32()),
        "offset": pa.array(range(count), pa.int64()),
        "value": kept_as_they_were,
        "_ingested_at": now,
    }
    write_deltalake(lake.path(CAPTURED), pa.table(bronze))
    hashed = LONG[:167] + "~" + _digest(LONG)
    silver = {
        "event_id": ["a", hashed],
        "_kafka_topic": ["events", "elsewhere"],
        "_kafka_partition": pa.array([0, 0], pa.int32()),
        "_kafka_offset": pa.array([0, 0], pa.int64()),
    }
    write_deltalake(lake.path(EVENTS), pa.table(silver))
    positions = pa.table({"position": [f"events/0/{offset}" for offset in REJECTED]})
    write_deltalake(lake.quarantine_path(EVENTS), positions)
    messages = compare_events(LakeTables(lake))[0]
    assert (messages.left, messages.right) == (count, 1)
    assert messages.reasons == {"quarantined": 4, "sent again": 3}
    assert messages.unexplained == 0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
