"""The state of a shop table in bronze, read without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import Schema

from contracts.model import Table
from spark_jobs.lake.keys import row_texts
from spark_jobs.lake.tables import Lake


@dataclass(frozen=True)
class BronzeState:
    """A bronze shop table: its live keys and its newest snapshot (None while it is empty).

    `live_since` has, for each live key, the snapshot that brought its newest version.
    """

    live_keys: pa.Array
    live_since: pa.Array
    newest_snapshot: datetime | None
    columns: dict[str, pa.DataType]


EMPTY = BronzeState(pa.array([], pa.string()), pa.array([], pa.timestamp("us", "UTC")), None, {})


def bronze_state(lake: Lake, table: Table) -> BronzeState:
    """Return the state of a bronze shop table.

    The newest `_ingested_at` is the watermark, so that rows and watermark are one commit.
    """
    dataset = lake.open(lake.path(table)).rows()
    rows = dataset.to_table(columns=[*table.key, "_op", "_ingested_at"])
    columns = {field.name: field.type for field in dataset.schema}
    newest = pc.max(rows["_ingested_at"]).as_py()
    versions = pa.table({"key": row_texts(rows, table.key), "op": rows["_op"], "at": rows["_ingested_at"]})
    is_delete = pc.equal(versions["op"], "delete")
    live = versions.filter(pc.invert(is_delete)).group_by("key").aggregate([("at", "max")])
    deleted = versions.filter(is_delete)
    if deleted.num_rows:
        last = deleted.group_by("key").aggregate([("at", "max")]).rename_columns(["key", "deleted_at"])
        both = live.join(last, "key", join_type="left outer")
        live = both.filter(
            pc.or_kleene(pc.is_null(both["deleted_at"]), pc.greater(both["at_max"], both["deleted_at"]))
        )
    return BronzeState(live["key"].combine_chunks(), live["at_max"].combine_chunks(), newest, columns)


def known_texts(
    lake: Lake, table: Table, state: BronzeState, schema: pa.Schema, changed_after: datetime
) -> pa.Array:
    """Return the live rows of bronze that changed after a moment, each as one text of these columns.

    A window overlaps the previous one, so that a row committed late is not missed; these texts exclude the
    rows that the earlier window brought. A column that bronze does not have is null in all rows.
    """
    version = table.newest_by[0]
    dataset = lake.open(lake.path(table)).rows()
    there = [name for name in schema.names if name in state.columns]
    known = dataset.to_table(
        columns=[*dict.fromkeys((*there, *table.key)), "_ingested_at"],
        filter=(pc.field(version) > source_text(changed_after)) & (pc.field("_op") == "upsert"),
    )
    for field in schema:
        if field.name not in there:
            known = known.append_column(field.name, pa.nulls(known.num_rows, field.type))
    if known.num_rows:
        keyed = known.append_column("_key", row_texts(known, table.key))
        live = pa.table({"_key": state.live_keys, "_since": state.live_since})
        both = keyed.join(live, "_key", join_type="inner")
        known = both.filter(pc.equal(both["_ingested_at"], both["_since"]))
    return row_texts(known, schema.names).combine_chunks()


def without_known(rows: pa.Table, known: pa.Array) -> pa.Table:
    """Return the rows whose texts are not among `known`; every column is compared."""
    is_known = pc.is_in(row_texts(rows, rows.column_names), value_set=known)
    return rows.filter(pc.invert(is_known))


def add_columns(lake: Lake, table: Table, columns: Mapping[str, pa.DataType]) -> None:
    """Add new columns of the source to a bronze table, null in every existing row.

    The commit changes no data, so that it triggers no rebuild.
    """
    path = lake.path(table)
    fields = Schema.from_arrow(pa.schema(list(columns.items()))).fields
    lake.open(path).alter.add_columns(fields, commit_properties=lake.upkeep(path))


def source_text(moment: datetime) -> str:
    """Return a moment as the source writes a datetime(6); the text sorts like the moment itself."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def window_start(newest_snapshot: datetime, overlap_seconds: int, lag_seconds: int) -> datetime:
    """Return the moment from which changes are read.

    The snapshot ends the window. Rows committed after it with an older `updated_at` are caught by the overlap
    and the safety lag of the next window.
    """
    return newest_snapshot - timedelta(seconds=overlap_seconds + lag_seconds)
