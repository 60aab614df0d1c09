"""Drift: where the shop's tables differ from what the contracts rely on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.model import BRONZE_SYSTEM_COLUMNS, Table
from spark_jobs.lib.errors import UserError
from spark_jobs.lib.mysql_types import SourceColumn

# Delta refuses these in a column name.
_UNUSABLE = set(" ,;{}()\n\t=")


@dataclass
class Drift:
    """Differences in words; `new` are columns that no contract knows, kept in bronze all the same."""

    breaking: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def drift(tables: Iterable[Table], source: Mapping[str, Sequence[SourceColumn]]) -> Drift:
    """Compare the declared tables with the source's.

    Only what changes the bronze type breaks: a wider varchar or integer does not.
    """
    found = Drift()
    for table in tables:
        if table.name not in source:
            found.breaking.append(f"table {table.name} is gone")
            continue
        actual = {column.name: column for column in source[table.name]}
        for declared in table.columns:
            column = actual.get(declared.name)
            expected = SourceColumn(declared.name, declared.type).spark_type
            if column is None:
                found.breaking.append(f"column {table.name}.{declared.name} is gone")
            elif column.spark_type != expected:
                found.breaking.append(
                    f"column {table.name}.{declared.name} was {declared.type} and is {column.type}"
                )
        found.new += [
            f"{table.name}.{name} {column.type}"
            for name, column in actual.items()
            if name not in table.column_names and is_usable(name)
        ]
    return found


def refuse_breaking(found: Drift) -> None:
    """Stop when a column that a contract relies on is gone or has another type.

    Raises:
        UserError: naming each of them.
    """
    if found.breaking:
        raise UserError(
            f"the shop's schema no longer fits the contracts: {'; '.join(found.breaking)}. "
            "Nothing was ingested. Adapt contracts/sources/shop.py and what reads it, or restore the column, "
            "then run again."
        )


def is_usable(name: str) -> bool:
    """Whether a column that no contract knows can be kept under its own name."""
    return not (set(name) & _UNUSABLE) and name not in {column.name for column in BRONZE_SYSTEM_COLUMNS}
