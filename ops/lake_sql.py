"""SQL over the lake's Delta tables, by delta-rs' own engine: no Spark, no server."""

from __future__ import annotations

import re

import pyarrow as pa
from deltalake import QueryBuilder

from deploy.errors import DeployError
from ops import lake_report
from ops.answer import Answer
from spark_jobs.lake.tables import Lake


def ask_lake(lake: Lake, query: str) -> Answer:
    """Run one SELECT; tables are `<layer>_<name>`, e.g. `bronze_orders` or `gold_daily_sales`.

    Raises:
        DeployError: with the engine's own message.
    """
    paths = {name: path for _, name, path in lake_report.paths(lake)}
    used = {name: paths[name] for name in set(re.findall(r"\w+", query.lower())) & set(paths)}
    builder = QueryBuilder()
    for name, path in used.items():
        if not lake.exists(path):
            raise DeployError(f"{name} is not in the lake yet. Next: ./shoplake run")
        builder = builder.register(name, lake.open(path))
    query = query.strip().rstrip(";")
    try:
        # Only a query can stand here, so any statement that writes is refused before it runs.
        builder.execute(f"EXPLAIN SELECT EXISTS ({query}\n)").read_all()
        found = pa.table(builder.execute(query).read_all())
    except Exception as error:  # the engine has no error type
        raise DeployError(
            f"{_reason(error)}. Next: ./shoplake status --tables lists what there is."
        ) from None
    is_number = [
        pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind)
        for kind in found.schema.types
    ]
    rows = list(zip(*(column.to_pylist() for column in found.columns), strict=True))
    return Answer(found.schema.names, is_number, rows)


def _reason(error: Exception) -> str:
    # Its first line says what is wrong; the others list all existing columns.
    reason = str(error).strip().splitlines()[0].removeprefix("DataFusion error: ")
    return reason.removeprefix("SQL error: ").rstrip(".")
