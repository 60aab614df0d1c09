"""The strictest limits between a source and the warehouse. Standard library only.

A value passes MySQL or Kafka, Spark, Parquet, Arrow, Python and PostgreSQL, and each is narrower than the
others in some respect. These limits fit all of them; silver checks every declared column by its type.
`docs/data-quality.md` states the limits as promises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

from contracts.model import Column, ContractError, Layer, Table

# -- Text -------------------------------------------------------------------------------------------------

# Replaces what is not Unicode text (a lone surrogate, broken UTF-8) and U+0000, which is Unicode but which
# PostgreSQL does not store.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
UNSTORABLE = "\0"
# In characters. MySQL columns usually hold 255; a longer text is not a name that a chart could show.
TEXT_LENGTH = 1_000
# Length of a text in a key or index: PostHog cuts ids at the same length, and three of them fit one index
# row.
KEY_TEXT_LENGTH = 200
# Bytes of a row of a PostgreSQL btree index, uncompressed. UTF-8 takes up to four bytes per character.
INDEX_ROW_BYTES = 2_704
BYTES_PER_CHARACTER = 4

# -- Time -------------------------------------------------------------------------------------------------

# PostgreSQL and Python have other limits (4713 BC, year 1, year 9999), and Arrow's nanoseconds cover 1677 to
# 2262. A shop's business lies well within: the local day, week and month of a timestamp and a calendar that
# spans all orders stay small, and no arithmetic on them leaves any of those ranges.
FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS_END = datetime(2200, 1, 1, tzinfo=UTC)  # exclusive
FIRST_DAY = date(1970, 1, 1)
DAYS_END = date(2200, 1, 1)  # exclusive

# -- Numbers ----------------------------------------------------------------------------------------------

# An amount of 10^12 is a sale of 40 million dollars in
# Vietnamese dong. Converted at the greatest rate it has 19 digits before the point, and a hundred thousand of
# those add up to 24, what a mart's money holds. A discount is spread over an order's lines by discount ×
# line ÷ order: 24 digits before the point, and 8 after it, of a decimal's 38.
AMOUNT = Decimal(10) ** 12
# Price of one currency in another: a Kuwaiti dinar is some millions of Iranian rials.
RATE = Decimal(10) ** 7
# A share that a source states, such as a tax rate: below 1,000 %.
SHARE = Decimal(10)
# Quantities and counts: a thousand million of this size still add up within a bigint.
COUNT = Decimal(10) ** 9

Bound: TypeAlias = "Decimal | datetime | date"


@dataclass(frozen=True)
class Range:
    """Values from `first` up to, not including, `end`: numbers, timestamps or days."""

    first: Bound
    end: Bound


_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_INTEGER = re.compile(r"^(tinyint|smallint|mediumint|int|bigint)(?:\(\d+\))?( unsigned)?")
_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}


def range_of(column: Column) -> Range | None:
    """Return the range of a silver column by its type; None if the type is limit enough."""
    if column.type == "timestamp":
        return Range(FIRST_MOMENT, MOMENTS_END)
    if column.type == "date":
        return Range(FIRST_DAY, DAYS_END)
    bound = _bound_of(column)
    return Range(-bound, bound) if bound is not None else None


def _bound_of(column: Column) -> Decimal | None:
    if column.type in ("bigint", "int"):
        is_count = column.name.endswith("_count") or column.name == "quantity"
        return COUNT if is_count else None
    if match := _DECIMAL.fullmatch(column.type):
        precision, scale = int(match[1]), int(match[2])
        if scale >= 8:
            return RATE
        return SHARE if precision - scale < 4 else AMOUNT
    return None


def largest_value(mysql_type: str) -> Decimal | None:
    """Return the largest number that a MySQL column of this type holds; None for non-numeric types.

    A server in non-strict mode stores it for every larger number, so it is not a real value.
    """
    if match := _DECIMAL.match(mysql_type):
        precision, scale = int(match[1]), int(match[2])
        return Decimal(10) ** (precision - scale) - Decimal(10) ** -scale
    if match := _INTEGER.match(mysql_type):
        return Decimal(2) ** (_BITS[match[1]] - (0 if match[2] else 1)) - 1
    return None


def text_length(table: Table, column: Column) -> int | None:
    """Return the maximum number of characters of a text column; None for a document, which is kept whole."""
    if column.is_document:
        return None
    is_identifying = column.name.endswith("_id") or any(column.name in index for index in table.indexes)
    longest = KEY_TEXT_LENGTH if is_identifying else TEXT_LENGTH
    return min(longest, column.max_length or longest)


def index_row_bytes(table: Table, index: tuple[str, ...]) -> int:
    """Return the maximum size of a row in an index of the table, in bytes, uncompressed."""
    tuple_header, alignment = 8, 8
    return tuple_header + sum(_bytes_of(table, table.column(name)) + alignment for name in index)


def _bytes_of(table: Table, column: Column) -> int:
    if column.type != "string":
        return 16
    if column.allowed:
        return max(len(value.encode()) for value in column.allowed)
    length = text_length(table, column)
    if length is None:
        raise ContractError(f"{table.id}: {column.name} is a document, which no index can hold")
    return length * BYTES_PER_CHARACTER


def check_indexes(table: Table) -> None:
    """Refuse a mart whose key or index PostgreSQL could not hold.

    Raises:
        ContractError: naming the table, the columns and the size.
    """
    if table.layer is not Layer.GOLD:
        return
    for index in table.indexes:
        size = index_row_bytes(table, index)
        if size > INDEX_ROW_BYTES:
            raise ContractError(
                f"{table.id}: a row of the index on {', '.join(index)} may take {size:,} bytes, of which"
                f" PostgreSQL holds {INDEX_ROW_BYTES:,}. Give a text a smaller max_length or leave it out."
            )
