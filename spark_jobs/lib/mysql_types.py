"""MySQL types: how a column is carried as CSV text by the server and what it becomes in bronze.

Numbers and booleans are typed; dates, times, enums and JSON stay the source's own text, so that a zero date
or an unknown word reaches silver, which can say why it refuses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "year")
_BINARY = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point")
_UNQUOTED = ("date", "datetime", "timestamp", "time")
# The widest MySQL decimal has 65 digits, Spark's has 38.
MAX_PRECISION = 38


@dataclass(frozen=True)
class SourceColumn:
    """A column as the source's information_schema tells it."""

    name: str
    type: str

    @property
    def base(self) -> str:
        """The type's first word."""
        return re.split(r"[ (]", self.type.lower(), maxsplit=1)[0]

    @property
    def arrow_type(self) -> pa.DataType:
        """What the column is in bronze."""
        declared = self.type.lower()
        if declared.startswith("tinyint(1)") or declared == "bit(1)":
            return pa.bool_()
        if self.base == "bit" or (self.base == "bigint" and "unsigned" in declared):
            return pa.decimal128(20, 0)
        if self.base in _INTEGERS:
            return pa.int64()
        if self.base == "decimal":
            precision, scale = (int(number) for number in re.findall(r"\d+", declared)[:2])
            return pa.decimal128(precision, scale) if precision <= MAX_PRECISION else pa.string()
        return pa.float64() if self.base in ("float", "double") else pa.string()

    @property
    def spark_type(self) -> str:
        """The same as a Spark SQL type."""
        names = {pa.bool_(): "boolean", pa.int64(): "bigint", pa.float64(): "double", pa.string(): "string"}
        arrow = self.arrow_type
        return names.get(arrow) or f"decimal({arrow.precision},{arrow.scale})"

    def csv_expression(self) -> str:
        """SQL for one CSV field: nothing for null, any text in quotes, so that they differ."""
        name = quoted(self.name)
        if self.arrow_type == pa.bool_():
            return f"IF({name} IS NULL, '', IF({name} + 0 <> 0, '1', '0'))"
        if self.base == "bit":
            return f"IFNULL({name} + 0, '')"
        if self.arrow_type != pa.string() or self.base in _UNQUOTED:
            return f"IFNULL({name}, '')"
        text = f"HEX({name})" if self.base in _BINARY else f"CONVERT({name} USING utf8mb4)"
        return f"""IF({name} IS NULL, '', CONCAT('"', REPLACE({text}, '"', '""'), '"'))"""


def quoted(name: str) -> str:
    """An identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"
