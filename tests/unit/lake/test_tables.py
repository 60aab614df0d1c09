"""The data commit of a table: any amount of maintenance changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, DeltaTable, convert_to_deltalake, write_deltalake
from pyarrow import fs

from contracts.gold.product_daily import PRODUCT_DAILY
from spark_jobs.lake.tables import Lake
from spark_jobs.warehouse.releases import source_of


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path))


@pytest.fixture
def path(lake: Lake) -> str:
    """A table of two data commits, 0 and 1."""
    path = f"{lake.uri}/table"
    for number in range(2):
        append(path, number)
    return path


def append(path: str, number: int) -> None:
    said = CommitProperties(custom_metadata={"userMetadata": json.dumps({"number": number})})
    write_deltalake(path, pa.table({"number": [number]}), mode="append", commit_properties=said)


def vacuum(path: str, said: CommitProperties | None = None) -> None:
    table = DeltaTable(path)
    table.vacuum(0, dry_run=False, enforce_retention_duration=False, commit_properties=said)


def stands_at(lake: Lake, path: str) -> tuple[int, object]:
    found = lake.data_commit(path)
    assert found is not None and found.readable == DeltaTable(path).version()
    return found.version, found.metadata.get("number")


def forget_commits_before(path: str, version: int) -> None:
    """As a log's retention does."""
    DeltaTable(path).create_checkpoint()
    for commit in Path(path, "_delta_log").glob("*.json"):
        if int(commit.stem) < version:
            commit.unlink()


def test_upkeep_is_no_news(lake: Lake, path: str) -> None:
    source = source_of(PRODUCT_DAILY, DeltaTable(path))
    DeltaTable(path).optimize.compact()
    for _ in range(40):  # two commits each
        vacuum(path)
    assert DeltaTable(path).version() == 82
    assert stands_at(lake, path) == (1, 1)
    assert lake.commit_metadata(path) == {"number": 1}
    assert source_of(PRODUCT_DAILY, DeltaTable(path)) == source
    append(path, 2)
    assert stands_at(lake, path) == (83, 2)
    assert source_of(PRODUCT_DAILY, DeltaTable(path)) != source


def test_rows_removed_on_purpose_are_no_news_either(lake: Lake, path: str) -> None:
    DeltaTable(path).delete("number = 0", commit_properties=lake.upkeep(path))
    assert stands_at(lake, path) == (1, 1)
    DeltaTable(path).delete("number = 1")
    assert stands_at(lake, path) == (3, None)


def test_upkeep_remembers_what_the_log_forgot(lake: Lake, path: str) -> None:
    DeltaTable(path).optimize.compact(commit_properties=lake.upkeep(path))
    vacuum(path, lake.upkeep(path))
    forget_commits_before(path, 3)
    assert stands_at(lake, path) == (1, 1)


def test_data_between_two_pieces_of_upkeep_are_news(lake: Lake, path: str) -> None:
    stale = lake.upkeep(path)
    append(path, 2)
    vacuum(path, stale)
    assert stands_at(lake, path) == (2, 2)


def test_a_table_of_others_is_read_too(lake: Lake, path: str) -> None:
    said = CommitProperties(custom_metadata={"userMetadata": "by hand"})
    write_deltalake(path, pa.table({"number": [5]}), mode="append", commit_properties=said)
    assert stands_at(lake, path) == (2, None)
    forget_commits_before(path, 2)
    assert stands_at(lake, path) == (2, None)


def test_no_table_stands_nowhere(lake: Lake) -> None:
    assert lake.data_commit(f"{lake.uri}/none") is None
    assert lake.data_version(f"{lake.uri}/none") is None
    assert lake.commit_metadata(f"{lake.uri}/none") is None


def test_what_a_table_holds_is_asked_by_column(lake: Lake) -> None:
    path = f"{lake.uri}/t"
    wanted = {"topic": ("posthog:", "posthog:~"), "format": ("b", "b")}
    write_deltalake(path, pa.table({"topic": ["events", "posthog:x"], "format": ["b", "a"]}))
    assert not lake.holds(path, wanted)
    assert not lake.holds(path, {"missing": ("a", "b")})
    write_deltalake(path, pa.table({"topic": ["posthog:x"], "format": ["b"]}), mode="append")
    assert lake.holds(path, wanted)


def test_arrow_reads_rows_by_a_file_system_that_holds_no_objects_of_python(lake: Lake, path: str) -> None:
    """One of Python's makes the process abort now and then when it ends, after all work is done."""
    rows = lake.open(path).rows()
    assert rows.to_table().column("number").to_pylist() == [1, 0]
    assert isinstance(rows.filesystem, fs.SubTreeFileSystem)
    assert isinstance(rows.filesystem.base_fs, fs.LocalFileSystem)


def test_timestamps_of_an_older_lake_hold_every_year(tmp_path: Path, lake: Lake) -> None:
    """Spark wrote them as INT96, which Arrow takes for nanoseconds: these end in 1677 and 2262."""
    moments = [datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) for year in (1, 1677, 2026, 2262, 9999)]
    table = pa.table({"at": pa.array(moments, pa.timestamp("us", "UTC"))})
    (tmp_path / "old").mkdir()
    pq.write_table(table, tmp_path / "old" / "part.parquet", use_deprecated_int96_timestamps=True)
    path = f"{lake.uri}/old"
    convert_to_deltalake(path)
    write_deltalake(path, table, mode="append")
    assert sorted(lake.open(path).rows().to_table().column("at").to_pylist()) == sorted(2 * moments)
