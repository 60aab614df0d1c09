"""Rows of a MySQL table, rendered by the server as one line of CSV each and parsed by Arrow.

asyncmy hands over about a million such lines per second and pyarrow parses them without the interpreter's
lock; reading typed columns in Python is ten times slower.

A line is short: whatever the server's `max_allowed_packet`, it is rendered whole and read in one packet. A
row that would be longer, or has a value that bronze cannot hold, is sent as its key alone and then read by
itself, its long values in chunks. Values that bronze cannot hold are left out of the row and reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
from asyncmy.cursors import SSCursor
from pyarrow import csv

from contracts.model import Table
from spark_jobs.errors import UserError
from spark_jobs.lake.keys import ESCAPED, NULL, SEPARATOR, key_parts
from spark_jobs.sources.mysql_snapshot import held_back, query
from spark_jobs.sources.mysql_types import SourceColumn, quoted

ROWS_PER_CHUNK = 50_000
BYTES_PER_CHUNK = 16 * 1024 * 1024
ROWS_PER_FETCH = 100
# Bytes of all long columns of a row; a line has at most four times as many, plus the bounded columns.
LONG_ROW_BYTES = 256 * 1024
SHARE_OF_PACKET = 16
# In characters: the server searches the start of each chunk from the beginning of the text.
PIECE_LENGTH = 1_000_000
KEYS_PER_QUERY = 1_000


@dataclass(frozen=True)
class Lines:
    """Part of a large result: lines of CSV, and the keys of rows that are read individually."""

    texts: list[bytes]
    odd: list[str]


@dataclass(frozen=True)
class Rows:
    """Parsed rows, and a note on each value left out."""

    rows: pa.Table
    left_out: list[str]


@dataclass(frozen=True)
class RowReader:
    """A reader of one table's rows; `max_packet` is the server's `max_allowed_packet`."""

    table: Table
    columns: Sequence[SourceColumn]
    max_packet: int

    @property
    def long_bytes(self) -> int:
        """Bytes in a row's long columns from which it is read individually."""
        return min(LONG_ROW_BYTES, self.max_packet // SHARE_OF_PACKET)

    async def read(self, connection: Any, where: str = "") -> AsyncIterator[Rows]:
        """Yield the rows that meet a condition in chunks, in constant memory.

        Raises:
            UserError: when the server could not render a row.
        """
        odd: list[str] = []
        parsing: asyncio.Task[pa.Table] | None = None
        async for lines in self._lines(connection, where):
            odd += lines.odd
            if parsing:
                yield Rows(await parsing, [])
            parsing = asyncio.create_task(asyncio.to_thread(self._parsed, lines.texts))
        if parsing:
            yield Rows(await parsing, [])
        for key in odd:
            yield await self._read_odd(connection, key)

    def _parsed(self, texts: Sequence[bytes]) -> pa.Table:
        try:
            return parse(texts, self.columns)
        except ValueError as error:
            raise UserError(
                f"rows of {self.table.name} came from MySQL in a form that cannot be read ({error})."
                " Nothing was ingested. Run again; if it is so again, this is a fault of Shoplake."
            ) from None

    async def _lines(self, connection: Any, where: str) -> AsyncIterator[Lines]:
        async with connection.cursor(SSCursor) as cursor:
            await cursor.execute(self.select(where))
            lines, size = Lines([], []), 0
            while rows := await cursor.fetchmany(ROWS_PER_FETCH):
                for key, text in rows:
                    if key:
                        lines.odd.append(key)
                    elif text is None:
                        raise UserError(
                            f"MySQL rendered a row of {self.table.name} as NULL: it is longer than"
                            f" max_allowed_packet={self.max_packet} or holds what cannot be converted."
                            " Nothing was ingested. Raise max_allowed_packet of the server, then run again."
                        )
                    else:
                        lines.texts.append(text)
                        size += len(text)
                if len(lines.texts) >= ROWS_PER_CHUNK or size >= BYTES_PER_CHUNK:
                    with held_back(connection):
                        yield lines
                    lines, size = Lines([], []), 0
            if lines.texts or lines.odd:
                yield lines

    def select(self, where: str = "") -> str:
        """Return the SELECT that renders each row as a line of CSV, or as its key if it is read individually.

        The key comes first and is short: asyncmy mistakes a row that begins with a text of 16 MiB or more for
        the end of the result.
        """
        fields = ", ',', ".join(column.csv_expression() for column in self.columns)
        line, key = f"CONCAT({fields}, '')", "''"
        if is_odd := self._is_odd():
            key = f"IF({is_odd}, {key_expression(self.table, self.columns)}, '')"
            line = f"IF({is_odd}, '', {line})"
        return f"SELECT {key}, CAST({line} AS BINARY) FROM {rows_of(self.table, self.columns, where)}"

    def _is_odd(self) -> str:
        unfit = [f"NOT ({fits})" for column in self.columns if not column.is_long and (fits := column.fits())]
        sizes = [f"IFNULL(OCTET_LENGTH({quoted(each.name)}), 0)" for each in self.columns if each.is_long]
        if sizes:
            unfit.append(f"{' + '.join(sizes)} > {self.long_bytes}")
        return " OR ".join(unfit)

    async def _read_odd(self, connection: Any, key: str) -> Rows:
        """Read one row by its key: short columns as a line, long ones in chunks."""
        (where,) = key_conditions(connection, self.table, self.columns, pa.array([key]))
        source = f"FROM {quoted(self.table.name)} WHERE {where} LIMIT 1"
        limited = [column for column in self.columns if column.fits()]
        asked = [f"NOT ({column.fits()})" for column in limited]
        asked += [f"IFNULL(OCTET_LENGTH({quoted(column.name)}), 0)" for column in limited]
        ((*answers,),) = await query(connection, f"SELECT {', '.join(asked)} {source}")
        is_unfit, sizes = answers[: len(limited)], answers[len(limited) :]
        long_count = sum(column.is_long for column in limited)
        in_pieces, unfit, left_out = [], [], []
        for column, is_left_out, size in zip(limited, is_unfit, sizes, strict=True):
            if is_left_out:
                unfit.append(column)
                left_out.append(self._left_out(column, key, size))
            elif column.is_long and size > self.long_bytes // long_count:
                in_pieces.append(column)
        apart = [*in_pieces, *unfit]
        fields = ", ',', ".join("''" if each in apart else each.csv_expression() for each in self.columns)
        ((_, line),) = await query(connection, f"SELECT '', CAST(CONCAT({fields}, '') AS BINARY) {source}")
        row = self._parsed([line])
        for column in in_pieces:
            value = await self._pieces(connection, column, source)
            position = row.schema.get_field_index(column.bronze_name)
            row = row.set_column(position, row.schema.field(position), pa.array([value], pa.string()))
        return Rows(row, left_out)

    def _left_out(self, column: SourceColumn, key: str, size: int) -> str:
        why = f"{size:,} bytes" if column.is_long else f"beyond {column.spark_type}"
        return f"{self.table.name}.{column.name} of {readable(key)} left out: {why}"

    async def _pieces(self, connection: Any, column: SourceColumn, source: str) -> str:
        """Read a long value in chunks, each far shorter than a packet."""
        name = quoted(column.name)
        whole = f"CAST({name} AS BINARY)" if column.is_bytes else name
        (((length),),) = await query(connection, f"SELECT CHAR_LENGTH({whole}) {source}")
        step, pieces = min(PIECE_LENGTH, self.max_packet // SHARE_OF_PACKET), []
        for start in range(1, length + 1, step):
            piece = f"SUBSTRING({whole}, {start}, {step})"
            text = f"HEX({piece})" if column.is_bytes else f"CONVERT({piece} USING utf8mb4)"
            ((_, value),) = await query(connection, f"SELECT '', CAST({text} AS BINARY) {source}")
            pieces.append(value)
        return b"".join(pieces).decode(errors="replace")


def rows_of(table: Table, columns: Sequence[SourceColumn], where: str = "") -> str:
    """Return the FROM clause: the table's rows that meet a condition and whose key bronze can hold."""
    conditions = [f"({each})" for each in (key_fits(table, columns), where) if each]
    return quoted(table.name) + (f" WHERE {' AND '.join(conditions)}" if conditions else "")


def key_fits(table: Table, columns: Sequence[SourceColumn]) -> str:
    """Return SQL that tests whether bronze can hold a row's key; empty if it can hold all of them."""
    limits = [column.fits() for column in columns if column.bronze_name in table.key]
    return " AND ".join(limit for limit in limits if limit)


def key_expression(table: Table, columns: Sequence[SourceColumn]) -> str:
    """Return SQL for a row's key as one text, in the form of `keys.row_texts`."""
    by_name = {column.bronze_name: column for column in columns}
    parts = []
    for name in table.key:
        column = by_name[name]
        part = column.text()
        if not column.is_number:
            part = f"{part} COLLATE utf8mb4_bin"
            for plain, escaped in ESCAPED:
                part = f"REPLACE({part}, {_literal(plain)}, {_literal(escaped)})"
        parts.append(f"IFNULL({part}, {_literal(NULL)})")
    return parts[0] if len(parts) == 1 else f"CONCAT({f', {_literal(SEPARATOR)}, '.join(parts)})"


def _literal(text: str) -> str:
    return f"_utf8mb4 0x{text.encode().hex()}"


async def keys(connection: Any, table: Table, columns: Sequence[SourceColumn]) -> AsyncIterator[pa.Array]:
    """Yield the keys of a table's rows, in chunks."""
    sql = f"SELECT {key_expression(table, columns)} FROM {rows_of(table, columns)}"
    async with connection.cursor(SSCursor) as cursor:
        await cursor.execute(sql)
        while rows := await cursor.fetchmany(ROWS_PER_CHUNK):
            with held_back(connection):
                yield pa.array([row[0] for row in rows], pa.string())


def key_conditions(
    connection: Any, table: Table, columns: Sequence[SourceColumn], wanted: pa.Array
) -> Iterator[str]:
    """Yield conditions that select these keys, a few at a time."""
    by_name = {column.bronze_name: column for column in columns}
    of_key = [by_name[name] for name in table.key]
    names = ", ".join(quoted(column.name) for column in of_key)
    for start in range(0, len(wanted), KEYS_PER_QUERY):
        parts = key_parts(wanted.slice(start, KEYS_PER_QUERY), len(of_key))
        values = [
            part.to_pylist() if column.is_number else [connection.escape(value) for value in part.to_pylist()]
            for column, part in zip(of_key, parts, strict=True)
        ]
        tuples = (", ".join(row) for row in zip(*values, strict=True))
        yield f"({names}) IN ({', '.join(f'({row})' for row in tuples)})"


def readable(key: str) -> str:
    """Return a key as shown in messages."""
    return repr(key.replace(SEPARATOR, ", "))


def schema(source: Sequence[SourceColumn]) -> pa.Schema:
    """Return the columns as bronze stores them."""
    return pa.schema([(column.bronze_name, column.arrow_type) for column in source])


def parse(texts: Sequence[bytes], source: Sequence[SourceColumn]) -> pa.Table:
    """Parse the server's lines of CSV into typed columns. Invalid UTF-8 becomes U+FFFD.

    Raises:
        ValueError: when the lines do not yield as many rows of these columns.
    """
    if not texts:
        return schema(source).empty_table()
    # The last line needs a newline, too: Arrow reads a null at the very end as an empty text if the line has
    # quotes.
    content = b"\n".join([*texts, b""])
    try:
        rows = _parsed(content, source)
    except pa.ArrowInvalid:
        rows = _parsed(content.decode(errors="replace").encode(), source)
    if rows.num_rows != len(texts):
        raise ValueError(f"{len(texts):,} lines became {rows.num_rows:,} rows")
    return rows


def _parsed(content: bytes, source: Sequence[SourceColumn]) -> pa.Table:
    types = schema(source)
    return csv.read_csv(
        BytesIO(content),
        read_options=csv.ReadOptions(column_names=types.names, block_size=len(content) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["1"],
            false_values=["0"],
        ),
    )
