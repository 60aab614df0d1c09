"""The shop's tables as declared in sql/mysql/schema.sql: names, keys, and their values as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from simulator.config import SCHEMA_FILE

Row = dict[str, Any]
Key = tuple[Any, ...]


def _same(value: Any) -> Any:
    return value


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "DECIMAL": Decimal,
    "DATETIME": datetime.fromisoformat,
    "DATE": date.fromisoformat,
}


@dataclass(frozen=True)
class ShopTable:
    """One table of the shop: its columns in order and its primary key."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    key: tuple[str, ...]
    ddl: str

    def key_of(self, row: Row) -> Key:
        """Return the primary key of a row."""
        return tuple(row[column] for column in self.key)

    def decode(self, values: list[Any]) -> Row:
        """Return a row from its encoded form."""
        return {
            column: None if value is None else _DECODERS.get(kind, _same)(value)
            for column, kind, value in zip(self.columns, self.types, values, strict=True)
        }

    def encode(self, row: Row) -> list[Any]:
        """Return the row's values in column order, decimals and times as exact text."""
        return [
            str(value) if isinstance(value, (Decimal, date)) else value
            for value in (row[column] for column in self.columns)
        ]


@cache
def tables() -> dict[str, ShopTable]:
    """Return every table of the shop, in the order of the schema file."""
    text = SCHEMA_FILE.read_text(encoding="utf-8")
    found = re.findall(r"(CREATE TABLE IF NOT EXISTS (\w+) \(\n(.*?)\n\)[^;]*;)", text, flags=re.DOTALL)
    return {name: _table(name, ddl, body) for ddl, name, body in found}


def _table(name: str, ddl: str, body: str) -> ShopTable:
    columns = re.findall(r"^  ([a-z_0-9]+)\s+([A-Z]+)", body, flags=re.MULTILINE)
    own_key = re.search(r"^  PRIMARY KEY \(([^)]+)\)", body, flags=re.MULTILINE)
    inline = re.search(r"^  ([a-z_0-9]+).* PRIMARY KEY", body, flags=re.MULTILINE)
    key = own_key.group(1).split(", ") if own_key else [inline.group(1)] if inline else []
    return ShopTable(name, tuple(c for c, _ in columns), tuple(t for _, t in columns), tuple(key), ddl)
