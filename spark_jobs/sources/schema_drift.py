"""Schema drift: where the shop's tables differ from the contracts, and how the ingest handles it.

Additive changes stop nothing: new, wider, reordered or nullable columns. A column that a contract relies on
must not disappear or change its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from contracts.model import BRONZE_SYSTEM_COLUMNS, Table
from spark_jobs.errors import UserError
from spark_jobs.sources.mysql_types import SourceColumn, can_carry

# Delta and Spark give other characters in a column's name a meaning.
_OTHERS = re.compile(r"[^\w-]")
# Names reserved by bronze, its change feed, Spark and silver.
_RESERVED = {
    *(column.name for column in BRONZE_SYSTEM_COLUMNS),
    *("_change_type", "_commit_version", "_commit_timestamp", "_metadata", "_raw", "_version_at"),
}


@dataclass
class Drift:
    """Differences in words; `new` are columns unknown to the contracts, which bronze keeps anyway."""

    breaking: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def drift(tables: Iterable[Table], source: Mapping[str, Sequence[SourceColumn]]) -> Drift:
    """Compare the declared tables with those of the source.

    Only a change of the bronze type is breaking: a wider text or number is not.
    """
    found = Drift()
    for table in tables:
        if table.name not in source:
            found.breaking.append(f"table {table.name} is gone")
            continue
        actual = {column.name.lower(): column for column in source[table.name]}
        for declared in table.columns:
            column = actual.get(declared.name)
            expected = SourceColumn(declared.name, declared.type).arrow_type
            if column is None:
                found.breaking.append(f"column {table.name}.{declared.name} is gone")
            elif not can_carry(column, expected):
                found.breaking.append(
                    f"column {table.name}.{declared.name} was {declared.type} and is {column.type}"
                )
        found.new += [
            f"{table.name}.{column.name} {column.type}"
            for name, column in actual.items()
            if name not in table.column_names
        ]
    return found


def refuse_breaking(found: Drift) -> None:
    """Stop if a column that a contract relies on is missing or has another type.

    Raises:
        UserError: naming each of them.
    """
    if found.breaking:
        raise UserError(
            f"the shop's schema no longer fits the contracts: {'; '.join(found.breaking)}. "
            "Nothing was ingested. Adapt contracts/sources/shop.py and what reads it, or restore the column, "
            "then run again."
        )


def carried(
    table: Table, source: Sequence[SourceColumn], known: Mapping[str, pa.DataType]
) -> tuple[list[SourceColumn], list[str]]:
    """Return a table's columns as bronze stores them, and notes on those stored differently or not at all.

    `known` are the columns that bronze has. MySQL and Spark ignore case in column names, so names that differ
    only in case are the same column.
    """
    columns: list[SourceColumn] = []
    notes: list[str] = []
    in_bronze = {name.lower(): name for name in known if name.lower() not in _RESERVED}
    declared = {name: SourceColumn(name, table.column(name).type).arrow_type for name in table.column_names}
    taken = set(declared)
    for column in source:
        name = column.name.lower()
        if name in declared:
            columns.append(_kept(column, name, declared[name]))
            continue
        safe = column.name if name in in_bronze else safe_name(column.name)
        if safe.lower() in taken:
            notes.append(f"column {column.name!r} left out: {safe} is another column")
            continue
        taken.add(safe.lower())
        kept_as = in_bronze.get(safe.lower(), safe)
        kept_type = known.get(kept_as, column.arrow_type)
        if pa.types.is_string(kept_type) or can_carry(column, kept_type):
            columns.append(_kept(column, kept_as, kept_type))
        else:
            notes.append(f"column {column.name} left out: was {kept_type}, is {column.type}")
    notes += [
        f"column {each.name!r} kept as {each.kept_as}"
        for each in columns
        if each.kept_as not in ("", each.name)
    ]
    notes += [
        f"column {each.name} {each.type} kept as {each.kept_type}" for each in columns if each.kept_type
    ]
    return columns, notes


def _kept(column: SourceColumn, name: str, kept_type: pa.DataType) -> SourceColumn:
    return replace(
        column,
        kept_as="" if name == column.name else name,
        kept_type=None if kept_type == column.natural_type else kept_type,
    )


def safe_name(name: str) -> str:
    """Return a column's name in bronze: letters, digits, `_` and `-`, and not a reserved name."""
    safe = _OTHERS.sub("_", name)
    return f"source{safe}" if safe.lower() in _RESERVED else safe
