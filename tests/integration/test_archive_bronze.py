"""The archive, and bronze written directly into the test's own lake."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow import parquet

from contracts.sources.events import CAPTURED
from contracts.sources.shop import COUPONS
from spark_jobs.jobs import archive_bronze, maintain_lake
from spark_jobs.lake import archive
from spark_jobs.lake.tables import Lake
from spark_jobs.sources.kafka_offsets import next_offsets
from tests.integration.servers import Environment

OLD, NEW = datetime(2025, 3, 1, 12, tzinfo=UTC), datetime(2025, 3, 2, 12, tzinfo=UTC)
STAMP = pa.timestamp("us", "UTC")


def write_events(*positions: tuple[int, int], at: datetime = OLD) -> None:
    rows = pa.table(
        {
            "topic": pa.array(["events"] * len(positions)),
            "partition": pa.array([partition for partition, _ in positions], pa.int32()),
            "offset": pa.array([offset for _, offset in positions], pa.int64()),
            "value": pa.array([f"event {position}" for position in positions]),
            "_ingested_at": pa.array([at] * len(positions), STAMP),
            "_ingested_date": pa.array([at.date()] * len(positions)),
        }
    )
    write_deltalake(Lake().path(CAPTURED), rows, mode="append", partition_by=["_ingested_date"])


def write_coupons(*versions: tuple[int, str, str, datetime]) -> None:
    rows = pa.table(
        {
            "id": pa.array([number for number, *_ in versions], pa.int64()),
            "code": pa.array([code for _, code, *_ in versions]),
            "_op": pa.array([operation for *_, operation, _ in versions]),
            "_ingested_at": pa.array([at for *_, at in versions], STAMP),
        }
    )
    write_deltalake(Lake().path(COUPONS), rows, mode="append")


def in_bronze(table_path: str, *columns: str) -> set[tuple[object, ...]]:
    rows = DeltaTable(table_path).to_pyarrow_dataset().to_table(columns=list(columns)).to_pylist()
    return {tuple(row.values()) for row in rows}


def in_archive(folder: str, *columns: str) -> list[tuple[object, ...]]:
    files = sorted(Path(f"{Lake().uri}/archive/{folder}").rglob("*.parquet"))
    return sorted(
        tuple(row[name] for name in columns) for file in files for row in parquet.read_table(file).to_pylist()
    )


def run(days: str = "0") -> None:
    assert archive_bronze.main(["--run-id", "run", "--older-than", days]) == 0


def test_old_events_go_and_the_newest_of_each_partition_stays(environment: Environment) -> None:
    write_events((0, 0), (0, 1), (1, 0))
    write_events((0, 2), at=NEW)
    written = Lake().data_version(Lake().path(CAPTURED))
    run()
    assert in_bronze(Lake().path(CAPTURED), "partition", "offset") == {(0, 2), (1, 0)}
    assert Lake().data_version(Lake().path(CAPTURED)) == written
    assert in_archive("events", "partition", "offset", "value") == [
        (0, 0, "event (0, 0)"),
        (0, 1, "event (0, 1)"),
    ]
    assert next_offsets(Lake(), "events") == {0: 3, 1: 1}


def test_only_replaced_versions_of_the_shops_rows_go(environment: Environment) -> None:
    write_coupons((1, "first", "upsert", OLD), (2, "only", "upsert", OLD), (3, "gone", "upsert", OLD))
    write_coupons((1, "second", "upsert", NEW), (3, "", "delete", NEW))
    run()
    assert in_bronze(Lake().path(COUPONS), "id", "code", "_op") == {
        (1, "second", "upsert"),
        (2, "only", "upsert"),
        (3, "", "delete"),
    }
    assert in_archive("shop/coupons", "id", "code") == [(1, "first"), (3, "gone")]


def test_the_manifest_proves_what_the_archive_holds(environment: Environment) -> None:
    write_coupons((1, "first", "upsert", OLD))
    write_coupons((1, "second", "upsert", NEW))
    run()
    folder = Path(f"{Lake().uri}/archive/shop/coupons/2025-03-01")
    kept = json.loads((folder / "manifest.json").read_text())
    (part,) = kept["parts"]
    assert (part["rows"], part["min"]["id"], part["max"]["id"]) == (1, "1", "1")
    assert kept["schema"]["code"] == "string"
    (folder / part["file"]).write_bytes(b"damaged")
    with pytest.raises(ValueError, match="checksum"):
        archive.read_part(Lake(), COUPONS, date(2025, 3, 1), part)


def test_what_is_younger_than_the_retention_stays(environment: Environment) -> None:
    now = datetime.now(UTC)
    write_events((0, 0), (0, 1), at=now)
    run("1")
    assert in_bronze(Lake().path(CAPTURED), "offset") == {(0,), (1,)}
    assert in_archive("events", "offset") == []


def test_a_kill_before_the_removal_archives_nothing_twice(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events((0, 0), (0, 1), (0, 2))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(archive, "_remove", killed)
        with pytest.raises(KeyboardInterrupt):
            run()
    write_events((0, 3))  # more rows of the same day, before the next try
    run()
    run()
    assert in_archive("events", "offset") == [(0,), (1,), (2,)]
    assert in_bronze(Lake().path(CAPTURED), "offset") == {(3,)}


def test_a_kill_before_the_manifest_leaves_no_second_copy(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events((0, 0), (0, 1))

    def unreadable(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(archive, "read_part", unreadable)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert in_bronze(Lake().path(CAPTURED), "offset") == {(0,), (1,)}
    run()
    assert in_archive("events", "offset") == [(0,)]


def test_upkeep_compacts_and_commits_nothing_twice(environment: Environment) -> None:
    for offset in range(4):
        write_events((0, offset))
    written = DeltaTable(Lake().path(CAPTURED)).version()
    assert maintain_lake.main(["--run-id", "run"]) == 0
    compacted = DeltaTable(Lake().path(CAPTURED))
    assert len(compacted.file_uris()) == 1
    assert Lake().data_version(Lake().path(CAPTURED)) == written
    assert maintain_lake.main(["--run-id", "again"]) == 0
    assert DeltaTable(Lake().path(CAPTURED)).version() == compacted.version()
