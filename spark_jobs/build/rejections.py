"""The limit on rejected rows of a table, and the error when it is exceeded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from contracts.model import Layer, Table
from spark_jobs.errors import UserError

# Up to this many rows are a data-entry mistake, however small the table; a broken source rejects more.
FEW_ROWS = 50
# A table of this many rows without a valid one is broken, too.
SMALLEST_TABLE = 20
LONGEST_VALUE = 80  # characters of a rejected value shown in a message


def exceeds_limit(table: Table, rejected: int, rows: int) -> bool:
    """Return whether too many rows of a table have an invalid newest version.

    Tables of the event topics have no limit: anybody can send events, and must not be able to stop a run.
    """
    if table.source_layer is not Layer.SHOP:
        return False
    is_large_share = rejected > FEW_ROWS and rejected > rows * table.max_rejected_share
    return is_large_share or rejected >= max(rows, SMALLEST_TABLE)


def refuse(table: Table, checked: DataFrame, rejected: int, rows: int, reasons: Mapping[str, int]) -> None:
    """Stop before the table changes if too many of its rows are invalid.

    Raises:
        UserError: naming the table, the reasons with their counts, one row with its value, and what to do.
    """
    if not exceeds_limit(table, rejected, rows):
        return
    raise UserError(
        f"{table.id}: {rejected:,} of {rows:,} rows were rejected, more than the"
        f" {table.max_rejected_share:.0%} its contract allows ({named(reasons)}), for instance"
        f" {_example(table, checked)}. Nothing of this batch was taken in; the last release stays."
        f" `./shoplake quarantine show {table.name}` lists the rows; correct or delete them in the shop, then"
        " run again."
    )


def refuse_fatal(table: Table, fatal: Mapping[str, int]) -> None:
    """Stop before the table changes if a fatal check is broken.

    Raises:
        UserError: naming the table and the checks with their counts.
    """
    if fatal:
        raise UserError(
            f"{table.id} breaks checks that must hold ({named(fatal)}). Nothing of this batch was taken in;"
            f" `docs/tables/{table.id}.md` says what they ask."
        )


def named(counts: Mapping[str, int]) -> str:
    """Format checks with their counts."""
    return ", ".join(f"{name}: {count:,} rows" for name, count in counts.items())


def _example(table: Table, checked: DataFrame) -> str:
    """Describe a rejected row: its position and the source's values that are invalid."""
    rejected = checked.where(F.size("_failed") > 0)
    row = rejected.select("_position", "_failed", F.to_json("_raw").alias("raw")).sort("_position").limit(1)
    (found,) = row.collect()
    raw = json.loads(found["raw"])
    said = [f"{name} {_shown(raw.get(name))}" for name in _sources(table, found["_failed"]) if name in raw]
    return " ".join([found["_position"], *([f"({', '.join(said)})"] if said else [])])


def _sources(table: Table, reasons: list[str]) -> list[str]:
    """Return the source's columns that these reasons refer to."""
    words = {
        word
        for check in table.checks
        if check.name in reasons
        for word in re.findall(r"\w+", check.expression)
    }
    return [
        column.source or column.name
        for column in table.columns
        if column.name in words or any(reason.startswith(f"{column.name}_") for reason in reasons)
    ]


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
