"""The lake's tables as DuckDB reads them, for reconciliation."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from contracts.model import Layer, Table
from contracts.registry import TABLES, tables_of
from spark_jobs.errors import UserError
from spark_jobs.lake.tables import Lake, LakeTable
from spark_jobs.reconcile.comparison import Amount
from spark_jobs.sources.control_totals import MONEY_SUMS

# DuckDB's errors about values; errors in our own SQL are of other types, and are bugs.
_ODD_VALUES = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


class LakeTables:
    """Tables of the lake by name (`silver_orders`, `bronze_orders`), each registered on first use."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._duckdb = duckdb.connect(config={"memory_limit": "2GB", "threads": "2"})
        self._duckdb.execute("SET TimeZone = 'UTC'")
        self.delta = cache(self._register)
        self.bronze = cache(self._bronze)
        self.silver_as_source = cache(self._silver_as_source)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the result of a query.

        Raises:
            UserError: when a value that came from outside cannot be compared.
        """
        try:
            return self._duckdb.execute(sql).fetchall()
        except _ODD_VALUES as error:
            raise UserError(
                f"reconciliation cannot compare a value ({str(error).splitlines()[0][:300]}) in: {sql[:300]}."
                " Next: ./shoplake status --tables shows which table came last"
            ) from None

    def number(self, sql: str) -> Amount:
        """Return the single number of a result; 0 for null."""
        ((value,),) = self.rows(sql)
        return value or 0

    def groups(self, sql: str) -> dict[str, Amount]:
        """Return a result of two columns, group and number, as a dictionary."""
        return {str(group): value or Decimal(0) for group, value in self.rows(sql)}

    def exists(self, table: Table) -> bool:
        """Return whether the table was ever written."""
        return self.lake.exists(self.lake.path(table))

    def _register(self, table_id: str) -> str:
        """Register a silver or gold table with all of its rows."""
        name = table_id.replace(".", "_")
        path = self.lake.path(TABLES[table_id])
        self._duckdb.register(name, self.lake.open(path).rows())
        return name

    def _bronze(self, shop_table: str) -> str:
        """Register the newest version of each row that the source still has; only the columns compared."""
        table, name = TABLES[f"shop.{shop_table}"], f"bronze_{shop_table}"
        path = self.lake.path(table)
        self._duckdb.register(f"{name}_all", self.lake.open(path).rows())
        key, kept = ", ".join(table.key), ", ".join(_compared(table))
        self._duckdb.execute(
            f"CREATE TEMP TABLE {name} AS SELECT {kept} FROM ("
            f" SELECT {kept}, _op, row_number() OVER (PARTITION BY {key}"
            f" ORDER BY _ingested_at DESC, {table.newest_by[0]} DESC) AS newness FROM {name}_all"
            ") WHERE newness = 1 AND _op = 'upsert'"
        )
        return name

    def _silver_as_source(self, silver_table: str) -> str:
        """Register the live rows of a shop table's silver table, under the source's column names."""
        table = TABLES[f"silver.{silver_table}"]
        wanted = _compared(TABLES[table.inputs[0]])
        columns = [
            f"{column.name} AS {column.source or column.name}"
            for column in table.columns
            if (column.source or column.name) in wanted
        ]
        name = f"silver_{silver_table}_as_source"
        self._duckdb.execute(
            f"CREATE TEMP VIEW {name} AS SELECT {', '.join(columns)}, _ingested_at"
            f" FROM {self.delta(table.id)} WHERE NOT is_deleted"
        )
        return name

    def register(self, name: str, delta: LakeTable) -> None:
        """Register a Delta table under a name."""
        self._duckdb.register(name, delta.rows())

    def register_rows(self, name: str, rows: pa.RecordBatchReader) -> None:
        """Register rows under a name; they can be read once."""
        self._duckdb.register(name, rows)

    def register_quarantine(self, table: Table) -> None:
        """Create the table `quarantine`: the rejected rows of a silver table; `raw` only where it is JSON."""
        rejected = self.lake.open(self.lake.quarantine_path(table)).rows()
        self._duckdb.register("all_quarantined", rejected)
        is_json = "* REPLACE (CASE WHEN json_valid(raw) THEN raw END AS raw)"
        kept = is_json if "raw" in rejected.schema.names else "*"
        self.execute(f"CREATE OR REPLACE TEMP VIEW quarantine AS SELECT {kept} FROM all_quarantined")

    def execute(self, sql: str) -> None:
        """Run a statement; raises as `rows` does."""
        self.rows(sql)


def _compared(table: Table) -> list[str]:
    """Return the columns that reconciliation compares: the key, the version, and the inputs of money sums."""
    words = {table.newest_by[0], "_ingested_at", *table.key}
    sums = MONEY_SUMS.get(table.name)
    if sums is not None:
        words |= {word for expression in sums.measures.values() for word in expression.split(" * ")}
        words |= {sums.parent[1]} if sums.parent else {"currency"}
    return sorted(words)


def copies_in_silver(shop_table: Table) -> list[Table]:
    """Return the silver tables with one row per row of the shop table."""
    return [
        table
        for table in tables_of(Layer.SILVER)
        if table.inputs == (shop_table.id,)
        and tuple(table.column(name).source or name for name in table.key) == shop_table.key
    ]
