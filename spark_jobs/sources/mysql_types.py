"""MySQL types: how the server renders a column as CSV text and what it becomes in bronze.

Numbers and booleans are typed; dates, times, enums and JSON stay the source's own text, so that a zero date
or an unknown value reaches silver, which can say why it rejects it. Values that are neither text nor number,
such as spatial and vector types, are carried as bytes in hexadecimal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "year")
_FLOATS = ("float", "double")
_MOMENTS = ("date", "datetime", "timestamp", "time")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json")
_TEXTS_OF_MARIADB = ("uuid", "inet4", "inet6")
# All other columns of these types are limited by the maximum row size, 65,535 bytes.
_BOUNDED = (
    "char",
    "varchar",
    "tinytext",
    "enum",
    "set",
    *_TEXTS_OF_MARIADB,
    "binary",
    "varbinary",
    "tinyblob",
)
# The widest MySQL decimal has 65 digits, Spark's has 38.
MAX_PRECISION = 38
# A longer value is not kept: Spark holds several copies of a row while it writes it.
MAX_VALUE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class SourceColumn:
    """A column as described in the source's information_schema.

    In bronze it has its own name and the matching type; a column that bronze already has keeps its name
    (`kept_as`) and type (`kept_type`) there.
    """

    name: str
    type: str
    kept_as: str = ""
    kept_type: pa.DataType | None = None

    @property
    def base(self) -> str:
        """First word of the type."""
        return re.split(r"[ (]", self.type.lower(), maxsplit=1)[0]

    @property
    def bronze_name(self) -> str:
        """Name in bronze."""
        return self.kept_as or self.name

    @property
    def arrow_type(self) -> pa.DataType:
        """Arrow type of the column in bronze."""
        return self.kept_type or self.natural_type

    @property
    def natural_type(self) -> pa.DataType:
        """Arrow type of a new bronze column of its type."""
        declared = self.type.lower()
        if declared.startswith("tinyint(1)") or declared == "bit(1)":
            return pa.bool_()
        if self.base == "bit" or (self.base == "bigint" and "unsigned" in declared):
            return pa.decimal128(20, 0)
        if self.base in _INTEGERS:
            return pa.int64()
        if self.base == "decimal":
            is_too_wide = self.precision > MAX_PRECISION
            return pa.string() if is_too_wide else pa.decimal128(self.precision, self.scale)
        return pa.float64() if self.base in _FLOATS else pa.string()

    @property
    def precision(self) -> int:
        """Total digits of a decimal."""
        return int(re.findall(r"\d+", self.type)[0])

    @property
    def scale(self) -> int:
        """Digits of a decimal after its point."""
        return int(re.findall(r"\d+", self.type)[1])

    @property
    def spark_type(self) -> str:
        """Type in bronze, as a Spark SQL type."""
        names = {pa.bool_(): "boolean", pa.int64(): "bigint", pa.float64(): "double", pa.string(): "string"}
        arrow = self.arrow_type
        return names.get(arrow) or f"decimal({arrow.precision},{arrow.scale})"

    @property
    def is_number(self) -> bool:
        """Whether the source's type is a number; a boolean is one."""
        return self.base in (*_INTEGERS, *_FLOATS, "decimal", "bit")

    @property
    def is_bytes(self) -> bool:
        """Whether the column is carried in hexadecimal."""
        return not self.is_number and self.base not in (*_MOMENTS, *_TEXTS, *_TEXTS_OF_MARIADB)

    @property
    def is_long(self) -> bool:
        """Whether its values can be longer than all other columns of a row together."""
        return not self.is_number and self.base not in (*_MOMENTS, *_BOUNDED)

    def fits(self) -> str:
        """Return SQL that tests whether bronze can hold a value; empty if it can hold all of them."""
        column = quoted(self.name)
        if self.is_long:
            return f"IFNULL(OCTET_LENGTH({column}), 0) <= {MAX_VALUE_BYTES}"
        kept, natural = self.arrow_type, self.natural_type
        if kept == natural or pa.types.is_string(kept) or pa.types.is_boolean(kept):
            return ""
        if pa.types.is_int64(kept) and not pa.types.is_boolean(natural):
            return f"IFNULL({column} <= 9223372036854775807, TRUE)"
        if pa.types.is_decimal(kept):
            digits = kept.precision - kept.scale
            return f"IFNULL(ABS({column}) < 1{'0' * digits}, TRUE)"
        return ""

    def text(self) -> str:
        """Return SQL for the value as text, the same on every server; null for null."""
        if self.arrow_type == pa.bool_() or self.is_bytes:
            return self._value()
        return f"CONVERT({self._value()} USING utf8mb4)"

    def _value(self) -> str:
        column = quoted(self.name)
        if self.arrow_type == pa.bool_():
            return f"IF({column} IS NULL, NULL, IF({column} + 0 <> 0, '1', '0'))"
        if self.is_bytes:
            return f"HEX({column})"
        if self.base in _FLOATS:
            return f"{column} + 0e0"  # a float in full, not rounded to six digits
        if self.base == "bit" or (self.is_number and "zerofill" in self.type.lower()):
            return f"{column} + 0"
        return column

    def csv_expression(self) -> str:
        """Return SQL for one CSV field, never null: null is empty and text is quoted, so that they differ.

        Text that the server cannot convert is carried as bytes in hexadecimal, and a number that bronze
        cannot hold as null. `mysql_rows` reads such rows, and rows with long texts, individually and reports
        them.
        """
        field = self._value()
        if pa.types.is_string(self.arrow_type) and self.base not in _MOMENTS:
            is_plain = self.is_bytes or self.is_number
            converted = self.text() if is_plain else f"IFNULL({self.text()}, HEX({quoted(self.name)}))"
            field = f"""CONCAT('"', REPLACE({converted} COLLATE utf8mb4_bin, '"', '""'), '"')"""
        fits = "" if self.is_long else self.fits()
        return f"IFNULL(IF({fits}, {field}, ''), '')" if fits else f"IFNULL({field}, '')"


def can_carry(column: SourceColumn, kept: pa.DataType) -> bool:
    """Return whether a bronze column of a type still fits the source's column: only its range may differ."""
    natural = column.natural_type
    if natural == kept:
        return True
    if column.base == "decimal" and pa.types.is_decimal(kept):
        return bool(column.scale == kept.scale)
    if pa.types.is_int64(kept):
        return bool(pa.types.is_boolean(natural) or column.base == "bigint")
    return bool(pa.types.is_boolean(kept) and pa.types.is_int64(natural))


def quoted(name: str) -> str:
    """Return an identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"
