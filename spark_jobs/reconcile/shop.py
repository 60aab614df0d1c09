"""From the shop to silver: every row of the snapshot is in bronze, and every row of bronze in silver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from contracts.model import Layer, Table
from contracts.registry import tables_of
from spark_jobs.errors import UserError
from spark_jobs.lake.keys import same_key_sql, silver_sql, storable_sql
from spark_jobs.reconcile.changed_rows import (
    Named,
    Shop,
    look_into,
    missing_rows,
    rows_with_other_money,
    unknown_rows,
)
from spark_jobs.reconcile.comparison import EXACT, Amount, Comparison, compare_groups
from spark_jobs.reconcile.tables import LakeTables, copies_in_silver
from spark_jobs.run.record import Step
from spark_jobs.sources.control_totals import MONEY_SUMS, as_currency

Sums = dict[str, dict[str, Amount]]  # measure → currency → amount


# After a difference the next ingest compares every row of the table (`checksums.forget_compared`).
_COMPARE_ROWS = (
    "./shoplake run, which compares every row of the table and takes in what changed without a new change"
    " time"
)


def compare_source(tables: LakeTables, ingest: Step, shop: Shop | None = None) -> list[Comparison]:
    """Compare the snapshot, as counted and summed by MySQL, with the live rows in bronze.

    Rows that differ are searched in `shop`.

    Raises:
        UserError: when the ingest's record lacks a figure to compare.
    """
    found = []
    for table in tables_of(Layer.SHOP):
        for each in _compare_with_source(tables, table, ingest):
            measure = each.figure.split(" ", 1)[0]
            names = shop.differing(tables, table, None if measure == "rows" else measure) if shop else []
            found.append(each.naming(names, _COMPARE_ROWS) if each.unexplained else each)
    return found


def _compare_with_source(tables: LakeTables, table: Table, ingest: Step) -> list[Comparison]:
    seen = _seen(table, ingest)
    rows = tables.number(f"SELECT count(*) FROM {tables.bronze(table.name)}")
    gap = seen["source_rows"] - rows
    unseen = {"rows gone from the shop were not looked for": gap} if gap and not seen["is_complete"] else {}
    found = [Comparison(table.id, "rows", "MySQL", seen["source_rows"], "bronze", rows, unseen)]
    if table.name not in MONEY_SUMS or not seen["is_complete"]:
        return found
    in_mysql: Sums = {}
    for written, amounts in seen["money"].items():
        currency = as_currency(written)
        for measure in MONEY_SUMS[table.name].measures:
            of_measure = in_mysql.setdefault(measure, {})
            of_measure[currency] = EXACT.add(of_measure.get(currency, 0), Decimal(amounts[measure]))
    in_bronze = _sums(tables, table, tables.bronze(table.name))
    for measure in MONEY_SUMS[table.name].measures:
        sides = ("MySQL", in_mysql.get(measure, {}), "bronze", in_bronze.get(measure, {}))
        found += compare_groups(table.id, measure, *sides)
    return found


def _seen(table: Table, ingest: Step) -> Mapping[str, Any]:
    """Return the counts and sums that the ingest recorded for a table."""
    seen = ingest.tables[table.id].details if table.id in ingest.tables else {}
    measures = MONEY_SUMS[table.name].measures if table.name in MONEY_SUMS else {}
    sums = seen.get("money", {}).values() if measures else ()
    lacking = [name for name in ("source_rows", "is_complete") if name not in seen]
    lacking += [name for name in measures if any(name not in amounts for amounts in sums)]
    if lacking:
        raise UserError(
            f"the record of ingest_mysql in run {ingest.run_id} lacks {', '.join(lacking)} of {table.id}:"
            " another version of the code wrote it. ./shoplake run ingests and reconciles anew."
        )
    return seen


def compare_silver(tables: LakeTables) -> list[Comparison]:
    """Compare live rows in bronze with silver's; rows missing there must be in quarantine."""
    found = []
    for table in tables_of(Layer.SHOP):
        for position, copy in enumerate(copies_in_silver(table)):
            found += compare_copy(tables, table, copy, with_money=position == 0)
    return found


def compare_copy(tables: LakeTables, table: Table, copy: Table, *, with_money: bool) -> list[Comparison]:
    """Compare one silver table with the live rows of its bronze table."""
    bronze, silver = tables.bronze(table.name), tables.silver_as_source(copy.name)
    _find_unequal(tables, table, copy)
    rows = tables.number(f"SELECT count(*) FROM {bronze}")
    clean = tables.number(f"SELECT count(*) FROM {silver}")
    missing = tables.number("SELECT count(*) FROM unequal WHERE is_missing AND is_quarantined")
    of_rows = Comparison(
        copy.id, "rows", "bronze", rows, "silver", clean, {"quarantined": missing} if missing else {}
    )
    if of_rows.unexplained:
        lost = missing_rows(tables, table, "is_missing AND NOT is_quarantined")
        of_rows = _naming(of_rows, copy, lost or unknown_rows(tables, table, silver))
    found = [of_rows]
    stale = tables.number("SELECT count(*) FROM unequal WHERE NOT is_missing")
    if stale:
        known = tables.number("SELECT count(*) FROM unequal WHERE NOT is_missing AND is_quarantined")
        why = {"newest version quarantined": known} if known else {}
        older = Comparison(copy.id, "rows in an older version", "silver", stale, "bronze", 0, why)
        names = missing_rows(tables, table, "NOT is_missing AND NOT is_quarantined")
        found.append(_naming(older, copy, names) if older.unexplained else older)
    if with_money and table.name in MONEY_SUMS:
        for each in _compare_money(tables, table, copy):
            measure = each.figure.split(" ", 1)[0]
            if each.unexplained:
                found.append(_naming(each, copy, rows_with_other_money(tables, table, silver, measure)))
            else:
                found.append(each)
    return found


def _naming(compared: Comparison, copy: Table, rows: Sequence[Named]) -> Comparison:
    return compared.naming([each.words for each in rows], look_into(copy, rows))


def _find_unequal(tables: LakeTables, table: Table, copy: Table) -> None:
    """Create the table `unequal`: keys whose newest version silver lacks, and whether quarantine has it.

    Keys are compared as silver writes them. Of several rows with one key there, silver has one; the others
    are missing.
    """
    bronze, silver = tables.bronze(table.name), tables.silver_as_source(copy.name)
    key = ", ".join(f"b.{name}" for name in table.key)
    written = ", ".join(silver_sql(table, name, f"b.{name}") for name in table.key)
    same = same_key_sql(table, "s", "b")
    is_quarantined = "false"
    if tables.lake.exists(tables.lake.quarantine_path(copy)):
        tables.register_quarantine(copy)
        # Quarantine may hold U+FFFD where the source has U+0000.
        rejected = " AND ".join(
            f"{storable_sql(f'q.raw ->> {name!r}')} = {storable_sql(f'CAST(b.{name} AS VARCHAR)')}"
            for name in table.key
        )
        is_quarantined = (
            f"EXISTS (SELECT 1 FROM quarantine q WHERE {rejected} AND q.ingested_at = b._ingested_at)"
        )
    tables.execute(
        f"CREATE OR REPLACE TEMP TABLE unequal AS WITH judged AS ("
        f"SELECT b.*, {is_quarantined} AS is_quarantined FROM {bronze} b), claims AS ("
        f"SELECT b.*, row_number() OVER (PARTITION BY {written} ORDER BY is_quarantined, {key}) AS claim"
        f" FROM judged b) SELECT {key}, s.{table.key[0]} IS NULL OR claim > 1 AS is_missing, is_quarantined"
        f" FROM claims b LEFT JOIN {silver} s ON {same}"
        f" WHERE s.{table.key[0]} IS NULL OR s._ingested_at < b._ingested_at OR claim > 1"
    )


def _compare_money(tables: LakeTables, table: Table, copy: Table) -> list[Comparison]:
    bronze, silver = tables.bronze(table.name), tables.silver_as_source(copy.name)
    same = same_key_sql(table, "u", "t")
    of_quarantined = f"(SELECT t.* FROM {{}} t SEMI JOIN unequal u ON {same} AND u.is_quarantined)"
    left, right = _sums(tables, table, bronze), _sums(tables, table, silver)
    lost = _sums(tables, table, of_quarantined.format(bronze))
    kept = _sums(tables, table, of_quarantined.format(silver))
    found = []
    for measure in MONEY_SUMS[table.name].measures:
        gone, stayed = lost.get(measure, {}), kept.get(measure, {})
        why = {group: gone.get(group, 0) - stayed.get(group, 0) for group in set(gone) | set(stayed)}
        sides = ("bronze", left.get(measure, {}), "silver", right.get(measure, {}))
        found += compare_groups(copy.id, measure, *sides, {"quarantined": why})
    return found


def _sums(tables: LakeTables, table: Table, source: str) -> Sums:
    sums = MONEY_SUMS[table.name]
    parent = tables.bronze(sums.parent[0]) if sums.parent else None
    answer: Sums = {}
    for written, _, *amounts in tables.rows(sums.sql(source, parent)):
        currency = as_currency(written)
        for measure, amount in zip(sums.measures, amounts, strict=True):
            of_measure = answer.setdefault(measure, {})
            of_measure[currency] = EXACT.add(of_measure.get(currency, 0), amount or Decimal(0))
    return answer
