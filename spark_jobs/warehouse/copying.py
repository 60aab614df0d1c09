"""Load record batches into PostgreSQL with COPY."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO, RawIOBase

import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from pyarrow import csv

from contracts.model import Table


def copy_rows(
    cursor: Cursor,
    table: Table,
    target: sql.Identifier,
    batches: Iterator[pa.RecordBatch],
    *options: str,
) -> None:
    """Copy batches of a table's columns into `target`, with these options of COPY besides its format."""
    columns = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    how = sql.SQL(", ").join(map(sql.SQL, ("FORMAT csv", *options)))
    cursor.copy_expert(sql.SQL("COPY {} ({}) FROM STDIN ({})").format(target, columns, how), CsvFile(batches))


class CsvFile(RawIOBase):
    """Record batches as a readable CSV file, with one batch in memory at a time.

    Text is always quoted, so that an empty text is not null.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._chunk = BytesIO()

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes; empty at the end."""
        while not (data := self._chunk.read(size)):
            batch = next(self._batches, None)
            if batch is None:
                return b""
            self._chunk = BytesIO()
            csv.write_csv(batch, self._chunk, csv.WriteOptions(include_header=False))
            self._chunk.seek(0)
        return data
