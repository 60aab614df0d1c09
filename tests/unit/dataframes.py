"""Small typed data frames with only the columns a test is about, and exact comparisons."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.model import BRONZE_SYSTEM_COLUMNS, SILVER_SYSTEM_COLUMNS, Column, Layer, Table
from contracts.registry import TABLES
from spark_jobs.build.incremental import with_system_columns
from spark_jobs.build.quality import check_rows, conform
from spark_jobs.columns.context import Context
from spark_jobs.gold import BUILD
from spark_jobs.silver import CLEAN

CONTEXT = Context(
    shop_timezone="Europe/Berlin",
    reporting_currency="EUR",
    as_of=datetime(2026, 6, 30, 22, 0, tzinfo=UTC),  # midnight before 1 July in Berlin
    late_data_days=3,
    pseudonym_key=b"test key",
)


def rows(spark: SparkSession, table: Table, *given: dict[str, Any]) -> DataFrame:
    """A data frame of `table` with these rows; what a row leaves out is null, or a default where required.

    A shop table comes as bronze holds it, with the columns that silver functions expect beside them.
    Timestamps are UTC text. An unknown column fails the test.
    """
    columns = _columns(table)
    types = {column.name: _spark_type(table, column) for column in columns}
    for row in given:
        unknown = set(row) - set(types)
        assert not unknown, f"{table.id} has no column {sorted(unknown)}"
    data = [tuple(_value(table, column, types[column.name], row) for column in columns) for row in given]
    df = spark.createDataFrame(data, ", ".join(f"`{name}` {kind}" for name, kind in types.items()))
    return with_system_columns(df, table) if table.layer in (Layer.SHOP, Layer.EVENTS) else df


def assert_rows(df: DataFrame, *expected: dict[str, Any]) -> None:
    """The rows, in any order, are exactly these in the named columns; timestamps are UTC text."""
    if not expected:
        assert [row.asDict() for row in df.collect()] == []
        return
    names = list(expected[0])
    assert all(set(row) == set(names) for row in expected), "every expected row names the same columns"
    kinds = {field.name: field.dataType.simpleString() for field in df.schema.fields}
    assert set(names) <= set(kinds), f"no such column: {sorted(set(names) - set(kinds))}"
    shown = df.select(
        *(F.col(n).cast("string").alias(n) if kinds[n] in ("timestamp", "date") else F.col(n) for n in names)
    )
    actual = [tuple(row) for row in shown.collect()]
    wanted = [tuple(_comparable(row[name], kinds[name]) for name in names) for row in expected]
    assert sorted(actual, key=repr) == sorted(wanted, key=repr)


def _columns(table: Table) -> list[Column]:
    columns = list(table.columns)
    if table.layer is Layer.SHOP:
        return columns + list(BRONZE_SYSTEM_COLUMNS)
    if table.layer is Layer.SILVER and any(name.startswith("shop.") for name in table.inputs):
        return columns + list(SILVER_SYSTEM_COLUMNS)
    return columns


def _spark_type(table: Table, column: Column) -> str:
    kind = column.type.lower()
    if table.layer is not Layer.SHOP or column in BRONZE_SYSTEM_COLUMNS:
        return kind
    if kind.startswith("decimal"):
        return kind
    if kind == "bigint unsigned":
        return "decimal(20,0)"
    if kind == "tinyint(1)":
        return "boolean"
    return "bigint" if "int" in kind.split("(")[0] else "string"


def _value(table: Table, column: Column, kind: str, row: dict[str, Any]) -> Any:
    if column.name in row:
        return _typed(row[column.name], kind)
    is_bare = row.get("_op") == "delete" and not column.name.startswith("_")
    if not column.required or is_bare:
        return None
    return _typed(_default(table, column, kind), kind)


def _default(table: Table, column: Column, kind: str) -> Any:
    listed = column.allowed or tuple(re.findall(r"'([^']*)'", column.type))
    if column.name == "_op":
        return "upsert"
    if listed:
        return listed[0]
    if kind == "string":
        text = {"datetime(6)": "2026-01-01 00:00:00.000000", "date": "2026-01-01"}.get(column.type, "x")
        return "EUR" if column.name.endswith("currency") else text
    fixed = {"timestamp": "2026-01-01 00:00:00", "date": "2026-01-01", "boolean": False}
    return [] if kind.startswith("array") else fixed.get(kind, 0)


def _typed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "timestamp":
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if kind == "date":
        return date.fromisoformat(value)
    if kind.startswith("decimal"):
        scale = int(kind.rstrip(")").split(",")[1])
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-scale))
    return value


def _comparable(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind.startswith("decimal"):
        scale = int(kind.rstrip(")").split(",")[1])
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-scale))
    return value


def build(
    spark: SparkSession, mart: str, context: Context = CONTEXT, **given: list[dict[str, Any]]
) -> DataFrame:
    """The mart from these input rows, e.g. `silver_orders=[…]`; inputs left out are empty."""
    table = TABLES[f"gold.{mart}"]
    inputs = {name.replace(".", "_"): TABLES[name] for name in table.inputs}
    unknown = set(given) - set(inputs)
    assert not unknown, f"{table.id} does not read {sorted(unknown)}"
    frames = {name: rows(spark, source, *given.get(name, [])) for name, source in inputs.items()}
    return conform(BUILD[mart](**frames, context=context), table)


def cleaned(spark: SparkSession, name: str, *given: dict[str, Any]) -> DataFrame:
    """The silver table's rows after cleaning and checking, from rows of its source.

    A checkpoint of whole rows, as the job makes one (`refresh.checked_rows`): Spark's optimizer loses track
    of nested fields when only some columns of such a plan are asked for.
    """
    table = TABLES[f"silver.{name}"]
    raw = rows(spark, TABLES[table.inputs[0]], *given)
    return check_rows(conform(CLEAN[name](raw, CONTEXT), table), table).localCheckpoint()
