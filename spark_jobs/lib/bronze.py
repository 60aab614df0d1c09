"""What bronze already holds of a shop table, read without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Table
from spark_jobs.lib.lake import Lake
from spark_jobs.lib.mysql_source import SEPARATOR

_NULL = "\x1e"  # stands for null in a text of columns, unlike any value


@dataclass(frozen=True)
class BronzeState:
    """A bronze shop table: the keys that live in it, and its newest snapshot (None while it is empty)."""

    live_keys: pa.Array
    newest_snapshot: datetime | None
    columns: dict[str, pa.DataType]


EMPTY = BronzeState(pa.array([], pa.string()), None, {})


def bronze_state(lake: Lake, table: Table) -> BronzeState:
    """The state of a bronze shop table.

    The newest `_ingested_at` is the watermark, so that rows and watermark are one commit.
    """
    dataset = lake.open(lake.path(table)).rows()
    rows = dataset.to_table(columns=[*table.key, "_op", "_ingested_at"])
    columns = {field.name: field.type for field in dataset.schema}
    newest = pc.max(rows["_ingested_at"]).as_py()
    versions = pa.table({"key": row_texts(rows, table.key), "op": rows["_op"], "at": rows["_ingested_at"]})
    is_delete = pc.equal(versions["op"], "delete")
    upserted = versions.filter(pc.invert(is_delete))
    deleted = versions.filter(is_delete)
    if deleted.num_rows == 0:
        return BronzeState(pc.unique(upserted["key"]), newest, columns)
    last_upsert = upserted.group_by("key").aggregate([("at", "max")])
    last_delete = deleted.group_by("key").aggregate([("at", "max")]).rename_columns(["key", "deleted_at"])
    both = last_upsert.join(last_delete, "key", join_type="left outer")
    is_live = pc.or_kleene(pc.is_null(both["deleted_at"]), pc.greater(both["at_max"], both["deleted_at"]))
    return BronzeState(both.filter(is_live)["key"].combine_chunks(), newest, columns)


def without_known(rows: pa.Table, lake: Lake, table: Table, changed_after: datetime) -> pa.Table:
    """The rows that bronze does not hold yet, every column compared.

    A window overlaps the one before it, so that a row committed late is not missed; what came with
    the earlier window is left out here.
    """
    version = table.newest_by[0]
    dataset = lake.open(lake.path(table)).rows()
    names = [name for name in rows.column_names if name in dataset.schema.names]
    known = dataset.to_table(
        columns=names, filter=(pc.field(version) > source_text(changed_after)) & (pc.field("_op") == "upsert")
    )
    if len(names) < rows.num_columns and rows.num_rows:
        # A column that bronze does not know yet makes every row with a value in it new.
        fresh = [name for name in rows.column_names if name not in names]
        for name in fresh:
            known = known.append_column(name, pa.nulls(known.num_rows, rows.schema.field(name).type))
    compared = row_texts(rows, rows.column_names)
    is_known = pc.is_in(compared, value_set=row_texts(known, rows.column_names).combine_chunks())
    return rows.filter(pc.invert(is_known))


def row_texts(rows: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Each row's columns as one text; the form of `mysql_source.key_select` for a key."""
    parts = [pc.fill_null(pc.cast(rows[name], pa.string()), _NULL) for name in names]
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)
    return joined if isinstance(joined, pa.ChunkedArray) else pa.chunked_array([joined])


def source_text(moment: datetime) -> str:
    """A moment as the source writes a datetime(6), which sorts like the moment itself."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def window_start(newest_snapshot: datetime, overlap_seconds: int, lag_seconds: int) -> datetime:
    """From when on changes are read.

    The snapshot closes the window. What was committed after it with an older `updated_at` is caught
    by the overlap and the safety lag of the next window.
    """
    return newest_snapshot - timedelta(seconds=overlap_seconds + lag_seconds)
