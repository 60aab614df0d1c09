"""Tables as PostgreSQL DDL."""

from __future__ import annotations

import re
from typing import Literal

from contracts.model import Table

_TYPES = {
    "bigint": "bigint",
    "int": "integer",
    "string": "text",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "double": "double precision",
}
_DECIMAL = re.compile(r"^decimal\((\d+),(\d+)\)$")
_ARRAY = re.compile(r"^array<(\w+)>$")


def postgres_type(spark_type: str) -> str:
    """Return the PostgreSQL type that holds every value of a Spark SQL type.

    Raises:
        ValueError: for a type that no mart uses.
    """
    if spark_type in _TYPES:
        return _TYPES[spark_type]
    if match := _DECIMAL.match(spark_type):
        return f"numeric({match[1]},{match[2]})"
    if match := _ARRAY.match(spark_type):
        return f"{postgres_type(match[1])}[]"
    raise ValueError(f"no PostgreSQL type is known for {spark_type!r}")


def create_table(table: Table, physical_name: str) -> str:
    """Return statements that create the empty table and its comments; `physical_name` may have a schema."""
    columns = [
        f"  {_quoted(column.name)} {postgres_type(column.type)}"
        f"{' NOT NULL' if column.required or column.name in table.key else ''}"
        for column in table.columns
    ]
    columns.append(f"  PRIMARY KEY ({', '.join(map(_quoted, table.key))})")
    body = ",\n".join(columns)
    return f"CREATE TABLE {_qualified(physical_name)} (\n{body}\n);\n{comments(table, physical_name)}"


def comments(table: Table, physical_name: str, kind: Literal["TABLE", "VIEW"] = "TABLE") -> str:
    """Return statements that describe the table, or a view over it, and its columns."""
    name = _qualified(physical_name)
    lines = [f"COMMENT ON {kind} {name} IS {_literal(f'{table.doc} Grain: {table.grain}.')};"]
    lines += [
        f"COMMENT ON COLUMN {name}.{_quoted(column.name)} IS {_literal(column.doc)};"
        for column in table.columns
    ]
    return "\n".join(lines) + "\n"


def index_statements(table: Table, physical_name: str) -> tuple[str, ...]:
    """Return indexes on the columns that dashboards filter by and other marts join on, except the key's."""
    _key, *indexes = table.indexes
    return tuple(
        f"CREATE INDEX ON {_qualified(physical_name)} ({', '.join(map(_quoted, index))});"
        for index in indexes
    )


def _qualified(name: str) -> str:
    return ".".join(_quoted(part) for part in name.split("."))


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
