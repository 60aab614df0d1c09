"""Tables that a test registers in DuckDB instead of those of a lake."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from spark_jobs.reconcile.tables import LakeTables


class GivenTables(LakeTables):
    """Silver and gold tables by name, `gold_orders`, as Arrow or as rows."""

    def __init__(self, **given: list[dict[str, Any]] | pa.Table) -> None:
        super().__init__(lake=None)  # type: ignore[arg-type]
        self.given = given

    def _register(self, table_id: str) -> str:
        name = table_id.replace(".", "_")
        rows = self.given[name]
        self._duckdb.register(name, rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows))
        return name
