"""Rows that differ between two places; searched only when sums differ, to name them in the message."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from asyncmy import errors

from contracts.model import Table
from spark_jobs.errors import UserError
from spark_jobs.lake.bronze_state import source_text
from spark_jobs.lake.keys import same_key_sql, silver_sql
from spark_jobs.reconcile.comparison import example, text_literal
from spark_jobs.reconcile.tables import LakeTables
from spark_jobs.settings import Settings
from spark_jobs.sources.control_totals import MONEY_SUMS
from spark_jobs.sources.mysql_snapshot import connect, query
from spark_jobs.sources.mysql_types import quoted

BUCKETS = 1_000  # key ranges whose sums are compared first
BUCKETS_READ = 10  # number of differing ranges that are read row by row
EXAMPLES = 5


@dataclass(frozen=True)
class Shop:
    """The shop's MySQL as it is now; rows changed after `snapshot_at` are not differences."""

    settings: Settings
    snapshot_at: datetime

    def differing(self, tables: LakeTables, table: Table, measure: str | None) -> list[str]:
        """Describe rows whose `measure` differs between MySQL and bronze (None: rows that one side lacks).

        A measure is one of MONEY_SUMS. Empty if the table's key is not a single number or MySQL does not
        answer: the difference itself is known anyway.
        """
        if len(table.key) != 1 or "int" not in table.column(table.key[0]).type:
            return []
        expression = MONEY_SUMS[table.name].measures[measure] if measure else "0"
        try:
            return asyncio.run(self._differing(tables, table, expression))
        except (UserError, errors.MySQLError, OSError, TimeoutError):
            return []

    async def _differing(self, tables: LakeTables, table: Table, expression: str) -> list[str]:
        bronze, key = tables.bronze(table.name), table.key[0]
        connection = await connect(self.settings)
        try:
            bounds = f"SELECT MIN({quoted(key)}), MAX({quoted(key)}) FROM {quoted(table.name)}"
            ((low, high),) = await query(connection, bounds)
            width = ((high or 0) - (low or 0)) // BUCKETS + 1
            sums = f"COUNT(*), COALESCE(SUM({expression}), 0)"
            there = await query(
                connection,
                f"SELECT {quoted(key)} DIV {width}, {sums} FROM {quoted(table.name)} GROUP BY 1",
            )
            here = tables.rows(
                f"SELECT CAST({key} AS HUGEINT) // {width}, {sums} FROM {bronze} GROUP BY 1 ORDER BY 1"
            )
            found: list[str] = []
            for bucket in _unlike(there, here)[:BUCKETS_READ]:
                first, end = bucket * width, (bucket + 1) * width
                columns = f"{{}}, {table.newest_by[0]}, {expression} FROM {{}} WHERE {key} >= {first}"
                columns += f" AND {key} < {end}"
                rows = await query(connection, f"SELECT {columns.format(key, quoted(table.name))}")
                known = tables.rows(f"SELECT {columns.format(f'CAST({key} AS HUGEINT)', bronze)}")
                found += self._unlike_rows(key, rows, known)
                if len(found) >= EXAMPLES:
                    break
            return found[:EXAMPLES]
        finally:
            connection.close()

    def _unlike_rows(
        self, key: str, rows: Sequence[tuple[Any, ...]], known: Sequence[tuple[Any, ...]]
    ) -> list[str]:
        in_mysql = {int(row[0]): row for row in rows}
        in_bronze = {int(row[0]): row for row in known}
        found = []
        for each in sorted({*in_mysql, *in_bronze}):
            changed_at = in_mysql[each][1] if each in in_mysql else None
            if isinstance(changed_at, datetime) and source_text(changed_at) > source_text(self.snapshot_at):
                continue  # since the snapshot, as rows of a shop do
            sides = {"MySQL": _shown(in_mysql, each), "bronze": _shown(in_bronze, each)}
            if sides["MySQL"] != sides["bronze"]:
                found.append(example({key: each}, sides))
        return found


def _unlike(there: Sequence[tuple[Any, ...]], here: Sequence[tuple[Any, ...]]) -> list[int]:
    """Return the buckets whose counts or sums differ between the two sides, in order."""
    sides = [{int(row[0]): (int(row[1]), Decimal(row[2])) for row in side} for side in (there, here)]
    buckets = sorted({*sides[0], *sides[1]})
    return [bucket for bucket in buckets if sides[0].get(bucket) != sides[1].get(bucket)]


def _shown(rows: Mapping[int, tuple[Any, ...]], key: int) -> str:
    if key not in rows:
        return "not there"
    return f"{Decimal(rows[key][2] or 0):,}"


class Named(NamedTuple):
    """A row that differs: its key in the source's columns, and its description."""

    key: Mapping[str, Any]
    words: str


def missing_rows(tables: LakeTables, table: Table, condition: str) -> list[Named]:
    """Return rows of the table `unequal` for which a condition holds."""
    names = ", ".join(table.key)
    rows = tables.rows(f"SELECT {names} FROM unequal WHERE {condition} ORDER BY {names} LIMIT {EXAMPLES}")
    return [_named(table, row) for row in rows]


def unknown_rows(tables: LakeTables, table: Table, silver: str) -> list[Named]:
    """Return rows that silver has and bronze has not."""
    bronze, names = tables.bronze(table.name), ", ".join(table.key)
    same = same_key_sql(table, "s", "b")
    rows = tables.rows(
        f"SELECT {names} FROM {silver} s ANTI JOIN {bronze} b ON {same} ORDER BY {names} LIMIT {EXAMPLES}"
    )
    return [_named(table, row, {"silver": "there", "bronze": "not there"}) for row in rows]


def rows_with_other_money(tables: LakeTables, table: Table, silver: str, measure: str) -> list[Named]:
    """Return rows whose money differs between bronze and silver, the largest differences first."""
    bronze, key = tables.bronze(table.name), table.key[0]
    expression = MONEY_SUMS[table.name].measures[measure]
    sides = [
        f"SELECT {silver_sql(table, key, key)} AS key, sum({expression}) AS amount FROM {side} GROUP BY 1"
        for side in (bronze, silver)
    ]
    rows = tables.rows(
        f"SELECT key, b.amount, s.amount FROM ({sides[0]}) b FULL JOIN ({sides[1]}) s USING (key)"
        " WHERE coalesce(b.amount, 0) <> coalesce(s.amount, 0)"
        f" ORDER BY abs(coalesce(b.amount, 0) - coalesce(s.amount, 0)) DESC, key LIMIT {EXAMPLES}"
    )
    return [_named(table, row[:1], {"bronze": _or_none(row[1]), "silver": _or_none(row[2])}) for row in rows]


def look_into(copy: Table, rows: Sequence[Named]) -> str:
    """Return the command that shows the first of these rows in silver."""
    own = {column.source or column.name: column.name for column in copy.columns}
    held = " and ".join(
        f"{own[name]} = {value if str(value).isdecimal() else text_literal(value)}"
        for name, value in (rows[0].key if rows else {}).items()
    )
    query = f"select * from silver_{copy.name} {f'where {held}' if held else 'limit 10'}"
    return f"./shoplake sql --lake {shlex.quote(query)}"


def _named(table: Table, row: Sequence[Any], sides: Mapping[str, str] | None = None) -> Named:
    key = dict(zip(table.key, row, strict=True))
    return Named(key, example(key, sides))


def _or_none(amount: Decimal | None) -> str:
    return "not there" if amount is None else f"{amount:,}"
