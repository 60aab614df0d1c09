"""From silver to the warehouse: each figure equals its source, and PostgreSQL serves what gold has."""

from __future__ import annotations

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from contracts.model import Layer, Table
from contracts.reconciliation import EQUALITIES
from contracts.registry import tables_of
from spark_jobs.errors import UserError
from spark_jobs.reconcile.comparison import Amount, Comparison
from spark_jobs.reconcile.equalities import compare, define_functions
from spark_jobs.reconcile.tables import LakeTables

_PUBLISH = "./shoplake run, which publishes gold anew"


def compare_gold(tables: LakeTables, reporting_currency: str) -> list[Comparison]:
    """Compare each figure of each mart with its source, as declared in `contracts/reconciliation`."""
    define_functions(tables, reporting_currency)
    return [found for equality in EQUALITIES for found in compare(tables, equality)]


def compare_warehouse(tables: LakeTables, connection: Connection) -> list[Comparison]:
    """Compare the row count and money sums of each mart, as a reader sees them, with gold.

    Raises:
        UserError: when the mart in PostgreSQL does not match its contract.
    """
    found = []
    for table in tables_of(Layer.GOLD):
        figures = ("rows", *(column.name for column in table.columns if column.type.startswith("decimal")))
        in_gold = _figures(tables, table, figures)
        served = _served(connection, table, figures)
        for figure, left, right in zip(figures, in_gold, served, strict=True):
            compared = Comparison(f"mart.{table.name}", figure, "gold", left, "PostgreSQL", right)
            found.append(compared.naming((), _PUBLISH) if compared.unexplained else compared)
    return found


def _served(connection: Connection, table: Table, figures: tuple[str, ...]) -> tuple[Amount, ...]:
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(_query(table, figures))
            return cursor.fetchone() or ()
    except psycopg2.ProgrammingError as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"PostgreSQL does not serve mart.{table.name} as gold has it ({reason}): an older release is"
            f" there. Next: {_PUBLISH}"
        ) from None


def _figures(tables: LakeTables, table: Table, figures: tuple[str, ...]) -> tuple[Amount, ...]:
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in figures[1:])
    (row,) = tables.rows(f"SELECT count(*){', ' if sums else ''}{sums} FROM {tables.delta(table.id)}")
    return row


def _query(table: Table, figures: tuple[str, ...]) -> sql.Composed:
    sums = [sql.SQL("coalesce(sum({}), 0)").format(sql.Identifier(name)) for name in figures[1:]]
    columns = sql.SQL(", ").join([sql.SQL("count(*)"), *sums])
    return sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier("mart", table.name))
