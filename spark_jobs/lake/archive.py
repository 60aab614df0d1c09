"""The archive: rows that bronze no longer needs, as plain Parquet with a manifest to verify them.

    archive/<table>/<day of ingestion>/part-0.parquet …, manifest.json

A row is deleted from bronze only after it was read back from the archive. A run killed between the two steps
leaves it in both places; the next run finds it archived and only deletes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from contracts.model import Layer, Table
from spark_jobs.lake.keys import row_texts
from spark_jobs.lake.tables import Lake


@dataclass(frozen=True)
class Archived:
    """The result for one table: rows newly archived, and rows removed from bronze."""

    archived: int
    removed: int


def archive_table(lake: Lake, table: Table, before: datetime) -> Archived:
    """Archive, day by day, the rows of a table that bronze had before a moment and no longer needs."""
    archived = removed = 0
    for day in _days(lake, table, before):
        rows = _outlived(lake, table, day, before)
        if rows.num_rows:
            archived += _keep(lake, table, day, rows)
            _remove(lake, table, rows)
            removed += rows.num_rows
    return Archived(archived, removed)


def identity(table: Table) -> tuple[str, ...]:
    """Return the columns that identify a table's bronze rows."""
    return table.key if table.layer is Layer.EVENTS else (*table.key, "_ingested_at")


def folder(table: Table, day: date) -> str:
    """Return the archive folder for a table's rows of a day, relative to the lake."""
    return f"{_folder_of(table)}/{day.isoformat()}"


def _folder_of(table: Table) -> str:
    return "archive/events" if table.layer is Layer.EVENTS else f"archive/shop/{table.name}"


def manifest(lake: Lake, table: Table, day: date) -> dict[str, Any]:
    """Return the manifest of a day; without parts when nothing is archived."""
    try:
        kept: dict[str, Any] = json.loads(lake.storage.read(f"{folder(table, day)}/manifest.json"))
    except FileNotFoundError:
        return {"table": table.id, "day": day.isoformat(), "parts": []}
    return kept


def archived_files(lake: Lake, table: Table) -> list[str]:
    """Return every archived file of a table, each verified against its manifest.

    Raises:
        ValueError: when one is damaged.
    """
    for day, part in _parts(lake, table):
        _proven(lake, table, day, part)
    return [f"{lake.uri}/{folder(table, day)}/{part['file']}" for day, part in _parts(lake, table)]


def archived_rows(lake: Lake, table: Table) -> int:
    """Return the number of archived rows of a table, by its manifests."""
    return sum(part["rows"] for _, part in _parts(lake, table))


def _parts(lake: Lake, table: Table) -> Iterator[tuple[date, dict[str, Any]]]:
    for name in lake.storage.names(_folder_of(table)):
        day = date.fromisoformat(name)
        for part in manifest(lake, table, day)["parts"]:
            yield day, part


def read_part(lake: Lake, table: Table, day: date, part: dict[str, Any]) -> pa.Table:
    """Return the rows of one archived file.

    Raises:
        ValueError: when the file does not match the manifest.
    """
    return parquet.read_table(BytesIO(_proven(lake, table, day, part)))


def _proven(lake: Lake, table: Table, day: date, part: dict[str, Any]) -> bytes:
    content = lake.storage.read(f"{folder(table, day)}/{part['file']}")
    if hashlib.sha256(content).hexdigest() != part["sha256"]:
        raise ValueError(
            f"{folder(table, day)}/{part['file']} is damaged: its checksum is not the manifest's"
        )
    return content


def _days(lake: Lake, table: Table, before: datetime) -> list[date]:
    rows = lake.open(lake.path(table)).rows()
    moments = rows.to_table(columns=["_ingested_at"], filter=pc.field("_ingested_at") < before)
    days = pc.unique(pc.cast(pc.floor_temporal(moments["_ingested_at"], unit="day"), pa.date32()))
    return sorted(days.to_pylist())


def _outlived(lake: Lake, table: Table, day: date, before: datetime) -> pa.Table:
    """Return the rows of a day that may be deleted.

    The newest version of each shop row stays, and so does the newest event of each Kafka partition, which
    tells the stream where to continue.
    """
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = min(start + timedelta(days=1), before)
    dataset = lake.open(lake.path(table)).rows()
    rows = dataset.to_table(filter=(pc.field("_ingested_at") >= start) & (pc.field("_ingested_at") < end))
    is_event = table.layer is Layer.EVENTS
    subject, version = (table.key[:-1], table.key[-1]) if is_event else (table.key, "_ingested_at")
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.register("all_rows", dataset.to_table(columns=[*subject, version]))
        engine.register("of_day", rows.append_column("_row", pa.array(range(rows.num_rows), pa.int64())))
        names = ", ".join(f'"{name}"' for name in subject)
        replaced = engine.execute(
            f'SELECT _row FROM of_day d JOIN (SELECT {names}, max("{version}") AS newest FROM all_rows'
            f' GROUP BY ALL) USING ({names}) WHERE d."{version}" < newest ORDER BY _row'
        ).fetchnumpy()["_row"]
    return rows.take(pa.array(replaced, pa.int64()))


def _keep(lake: Lake, table: Table, day: date, rows: pa.Table) -> int:
    """Archive the rows that are not archived yet, and read them back; returns how many."""
    known = manifest(lake, table, day)
    for part in known["parts"]:
        there = row_texts(read_part(lake, table, day, part), identity(table))
        is_there = pc.is_in(row_texts(rows, identity(table)), value_set=there.combine_chunks())
        rows = rows.filter(pc.invert(is_there))
    if not rows.num_rows:
        return 0
    content = BytesIO()
    parquet.write_table(rows, content, compression="zstd")
    part = {
        "file": f"part-{len(known['parts'])}.parquet",
        "rows": rows.num_rows,
        "sha256": hashlib.sha256(content.getvalue()).hexdigest(),
        "min": _extremes(rows, table, "min"),
        "max": _extremes(rows, table, "max"),
    }
    lake.storage.write(f"{folder(table, day)}/{part['file']}", content.getvalue())
    if not read_part(lake, table, day, part).equals(rows):
        raise ValueError(f"{folder(table, day)}/{part['file']} does not read back as it was written")
    schema = {field.name: str(field.type) for field in rows.schema}
    kept = known | {"identity": identity(table), "schema": schema, "parts": [*known["parts"], part]}
    lake.storage.write(f"{folder(table, day)}/manifest.json", json.dumps(kept, indent=1).encode())
    return int(rows.num_rows)


def _extremes(rows: pa.Table, table: Table, which: str) -> dict[str, str]:
    return {
        name: str(pc.min_max(rows[name]).as_py()[which])
        for name in dict.fromkeys((*identity(table), "_ingested_at"))
    }


def _remove(lake: Lake, table: Table, rows: pa.Table) -> None:
    """Delete rows from bronze by their identifying columns, in one commit that silver need not follow."""
    path, names = lake.path(table), identity(table)
    same = " AND ".join(f't."{name}" = s."{name}"' for name in names)
    lake.open(path).merge(
        rows.select(list(names)),
        predicate=same,
        source_alias="s",
        target_alias="t",
        commit_properties=lake.upkeep(path),
    ).when_matched_delete().execute()
