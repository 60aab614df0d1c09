"""Rows in quarantine, read from the lake's Delta tables through Arrow, a bounded part at a time."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.dataset import Dataset

from contracts.model import Layer, Table
from contracts.registry import table as declared
from contracts.registry import tables_of
from deploy.errors import DeployError
from spark_jobs.lake.tables import Lake

# A raw row may have megabytes: read few at a time, and no file ahead.
ROWS_AT_A_TIME = 512
FACTS_AT_A_TIME = 50_000
FULL = {"batch_readahead": 1, "fragment_readahead": 1}
# When a row was rejected, when it was ingested, its table and its id.
Key = tuple[datetime, str, str, str]


@dataclass(frozen=True)
class Reason:
    """Rows of a silver table that failed one check. A row that failed two counts in both."""

    table: str
    reason: str
    rows: int
    newest_at: datetime


@dataclass(frozen=True)
class Rejected:
    """A row in quarantine. `position` is topic/partition/offset, or the source table and its key."""

    table: str
    failed_checks: list[str]
    position: str
    batch_id: str | None
    run_id: str | None
    ingested_at: datetime | None
    quarantined_at: datetime
    raw: str


def find_tables(name: str | None) -> list[Table]:
    """Return the silver table of that name, or all of them.

    Raises:
        DeployError: with the nearest name, when there is no such table.
    """
    known = {each.name: each for each in tables_of(Layer.SILVER)}
    if name is None:
        return list(known.values())
    wanted = name.lower().removeprefix("silver.").removeprefix("silver_").removeprefix("quarantine_")
    if wanted in known:
        return [known[wanted]]
    nearest = get_close_matches(wanted, known, n=1)
    meant = f"; did you mean {nearest[0]}?" if nearest else "."
    raise DeployError(f"There is no silver table {name!r}{meant} Next: ./shoplake quarantine list")


def reasons_of(lake: Lake, tables: Sequence[Table]) -> list[Reason]:
    """Return every reason of every table, the most frequent of a table first."""
    found = []
    for table in tables:
        rows: dict[str, int] = {}
        newest: dict[str, datetime] = {}
        for batch in _facts(lake, table):
            for each in _by_reason(batch):
                name = each["reason"]
                rows[name] = rows.get(name, 0) + each["at_count"]
                newest[name] = max(each["at_max"], newest.get(name, each["at_max"]))
        reasons = [Reason(table.name, name, count, newest[name]) for name, count in rows.items()]
        found += sorted(reasons, key=lambda reason: (-reason.rows, reason.reason))
    return found


def newest_rows(lake: Lake, tables: Sequence[Table], limit: int, reason: str | None = None) -> list[Rejected]:
    """Return the newest rows, newest first, optionally of one reason."""
    keys = heapq.nlargest(limit, (key for table in tables for key in _keys(lake, table, limit, reason)))
    wanted: dict[str, dict[str, datetime]] = {}
    for at, _, table_name, row_id in keys:
        wanted.setdefault(table_name, {})[row_id] = at
    found = {
        (name, row_id): row
        for name, ids in wanted.items()
        for row_id, row in _read(lake, declared(f"silver.{name}"), ids)
    }
    return [found[name, row_id] for _, _, name, row_id in keys if (name, row_id) in found]


def _dataset(lake: Lake, table: Table) -> Dataset | None:
    path = lake.quarantine_path(table)
    return lake.open(path).rows() if lake.exists(path) else None


def _facts(lake: Lake, table: Table) -> Iterator[pa.RecordBatch]:
    """Read all small columns."""
    rows = _dataset(lake, table)
    if rows is None:
        return
    columns = ["row_id", "failed_checks", "ingested_at", "quarantined_at"]
    yield from rows.scanner(columns=columns, batch_size=FACTS_AT_A_TIME).to_batches()


def _by_reason(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    checks = batch.column("failed_checks")
    flat = pa.table(
        {
            "reason": pc.list_flatten(checks),
            "at": batch.column("quarantined_at").take(pc.list_parent_indices(checks)),
        }
    )
    grouped: list[dict[str, Any]] = (
        flat.group_by("reason").aggregate([("at", "count"), ("at", "max")]).to_pylist()
    )
    return grouped


def _keys(lake: Lake, table: Table, limit: int, reason: str | None) -> Iterator[Key]:
    """Yield the keys that order rows, newest greatest, and find them: no more per batch than wanted."""
    for every in _facts(lake, table):
        batch = every if reason is None else _of_reason(every, reason)
        newest = pc.select_k_unstable(
            batch,
            limit,
            sort_keys=[(name, "descending") for name in ("quarantined_at", "ingested_at", "row_id")],
        )
        for row in batch.take(newest).to_pylist():
            yield row["quarantined_at"], str(row["ingested_at"] or ""), table.name, row["row_id"]


def _of_reason(batch: pa.RecordBatch, reason: str) -> pa.RecordBatch:
    checks = batch.column("failed_checks")
    parents = pc.list_parent_indices(checks)
    return batch.take(pc.unique(parents.filter(pc.equal(pc.list_flatten(checks), reason))))


def _read(lake: Lake, table: Table, wanted: Mapping[str, datetime]) -> Iterator[tuple[str, Rejected]]:
    rows = _dataset(lake, table)
    if rows is None or not wanted:
        return
    schema = rows.schema
    # Files with only older rows are not opened.
    oldest = pa.scalar(min(wanted.values()), schema.field("quarantined_at").type)
    condition = (pc.field("quarantined_at") >= oldest) & pc.field("row_id").isin(list(wanted))
    scanner = rows.scanner(filter=condition, batch_size=ROWS_AT_A_TIME, **FULL)
    for batch in scanner.to_batches():
        # Text that no reader has validated may not be UTF-8.
        raw = batch.column("raw").cast(pa.binary()).to_pylist()
        others = batch.drop_columns(["raw"]).to_pylist()
        for said, row in zip(raw, others, strict=True):
            text = (said or b"").decode("utf-8", "backslashreplace")
            yield (
                row["row_id"],
                Rejected(
                    table=table.name,
                    failed_checks=row["failed_checks"],
                    position=row["position"] or _source_key(table, text),
                    batch_id=row["batch_id"],
                    run_id=row["run_id"],
                    ingested_at=row["ingested_at"],
                    quarantined_at=row["quarantined_at"],
                    raw=text,
                ),
            )


def _source_key(table: Table, raw: str) -> str:
    """Return the source table and key of a row, as far as the row can be read."""
    source = declared(table.inputs[0])
    row = parsed(raw)
    if not isinstance(row, dict):
        return source.id
    key = ", ".join(f"{name}={row[name]}" for name in source.key if name in row)
    return f"{source.id} {key}".strip()


def parsed(raw: str) -> Any:
    """Parse a raw row as JSON; None if it is not JSON, or nested too deeply."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
