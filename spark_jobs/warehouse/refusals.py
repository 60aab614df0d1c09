"""Find and name a row that PostgreSQL refuses."""

from __future__ import annotations

import re
from typing import Any

import psycopg2
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from contracts.model import Table
from contracts.render.postgres import create_table
from spark_jobs.errors import UserError
from spark_jobs.warehouse.copying import copy_rows

# SQLSTATE classes: data, constraints, limits of the server.
_OF_A_ROW = ("22", "23", "54")
_COLUMN = re.compile(r"column (\w+)")
_READING = re.compile(r"error in \.read\(\) call: (.*)")  # psycopg2's message
_LONGEST_VALUE = 80


def is_of_a_row(error: psycopg2.Error) -> bool:
    """Return whether an error is about a row's content, and not about the server or the connection."""
    return (error.pgcode or "")[:2] in _OF_A_ROW


def unreadable(error: psycopg2.Error) -> str | None:
    """Return why the rows could not be sent, in the reader's own message; None when they were."""
    found = _READING.search(str(error))
    return found[1] if found else None


def refusal(cursor: Cursor, table: Table, batch: pa.RecordBatch | None, error: psycopg2.Error) -> UserError:
    """Return the error with what is needed to fix it: mart, cause, column and key of the first row refused.

    Expects a transaction that ends here. `batch` has the rows that were sent last.
    """
    row = _first_refused(cursor, table, batch) if batch is not None else None
    cause = " ".join((error.diag.message_primary or str(error)).split())
    where = f" at {_key(table, row)}" if row else ""
    column = _column(error, row)
    in_column = f", column {column} ({_shown((row or {}).get(column))})" if column else ""
    return UserError(
        f"PostgreSQL refuses {table.id}{where}{in_column}: {cause}. The last release stays. Correct the value"
        " where it comes from, then `./shoplake run`. Silver should have stopped it: please report this line."
    )


def _first_refused(cursor: Cursor, table: Table, batch: pa.RecordBatch) -> dict[str, Any] | None:
    """Find the first row of a batch that a table refuses, by bisection; None when the batch alone is fine."""
    name = f"{table.name}__refused"
    cursor.execute(create_table(table, f"mart_data.{name}"))
    cursor.execute("SAVEPOINT empty")

    def is_refused(count: int) -> bool:
        try:
            copy_rows(cursor, table, sql.Identifier("mart_data", name), iter([batch.slice(0, count)]))
        except psycopg2.Error:
            return True
        finally:
            cursor.execute("ROLLBACK TO SAVEPOINT empty")
        return False

    good, bad = 0, batch.num_rows
    if not is_refused(bad):
        return None
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (good, middle) if is_refused(middle) else (middle, bad)
    (row,) = batch.slice(good, 1).to_pylist()
    return dict(row)


def _key(table: Table, row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(row[name])}" for name in table.key)


def _column(error: psycopg2.Error, row: dict[str, Any] | None) -> str | None:
    if error.diag.column_name:
        return error.diag.column_name
    if found := _COLUMN.search(error.diag.context or ""):
        return found[1]
    return next(
        (name for name, value in (row or {}).items() if isinstance(value, str) and "\0" in value), None
    )


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
