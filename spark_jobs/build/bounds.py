"""The limits of `contracts.limits` as checks of a row, and the repairs that keep a row from being rejected.

Nothing here depends on a particular table; only a column's type, name and role matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.limits import Range, largest_value, range_of, text_length
from contracts.model import Column as Declared
from contracts.model import Layer, OnFailure, Table
from contracts.registry import table as declared
from spark_jobs.columns.parsing import storable, text

# The name of a check, its consequence, and the condition under which a row breaks it.
RowCheck = tuple[str, OnFailure, Column]

_CURRENCY = r"^[A-Z]{3}$"
# A value that is legible but does not fit its type: a whole or decimal number, a year of five digits.
_NUMBER = r"^[+-]?\d+(\.\d*)?$"
_FAR_MOMENT = r"^[+-]?\d{5,}-\d\d-\d\d"


def limit_checks(table: Table, column: Declared, raw_fields: set[str]) -> Iterator[RowCheck]:
    """Return the checks of a silver column, derived from its type.

    `x_unreadable`, `x_out_of_range`, `x_not_a_code` and `x_too_long` reject the row, `x_repaired` and `x_cut`
    warn of a repair. `raw_fields` are the source columns that rows carry in `_raw`.
    """
    consequence, value = _consequence(table, column), F.col(column.name)
    lost, outside = _lost(column, raw_fields), _outside(table, column)
    if lost is not None and outside is not None:
        lost, outside = lost & ~_is_far(column), F.coalesce(outside, lost & _is_far(column))
    if lost is not None:
        yield f"{column.name}_unreadable", consequence, lost
    if outside is not None:
        yield f"{column.name}_out_of_range", consequence, outside
    if _is_currency(column):
        yield f"{column.name}_not_a_code", consequence, ~value.rlike(_CURRENCY)
    if _is_free_text(column):
        yield f"{column.name}_repaired", OnFailure.WARN, value != storable(value)
        longest = text_length(table, column)
        if longest is not None and column.name in table.key:  # cut, two rows could become one
            yield f"{column.name}_too_long", OnFailure.QUARANTINE, F.length(value) > longest
        elif longest is not None:
            yield f"{column.name}_cut", OnFailure.WARN, F.length(value) > longest


def key_checks(table: Table) -> Iterator[RowCheck]:
    """Return the checks that a mart's texts fit its key and its indexes."""
    indexed = {name for index in table.indexes for name in index}
    for column in table.columns:
        if column.name in indexed and column.type == "string" and not column.allowed:
            is_too_long = F.length(column.name) > F.lit(text_length(table, column))
            yield f"{column.name}_too_long", OnFailure.FAIL, is_too_long


def repaired(table: Table, column: Declared) -> Column:
    """Return a column as silver stores it, repaired, under its own name."""
    value = F.col(column.name)
    if _is_free_text(column):
        longest = None if column.name in table.key else text_length(table, column)
        value = storable(value) if longest is None else F.substring(storable(value), 1, longest)
    elif column.is_open_ended:
        value = F.when(~_is_endless(column, range_of(column)), value)
    elif _consequence(table, column) is OnFailure.WARN:
        outside = ~value.rlike(_CURRENCY) if _is_currency(column) else _outside(table, column)
        value = value if outside is None else F.when(~outside, value)
    return value.alias(column.name)


def _consequence(table: Table, column: Declared) -> OnFailure:
    """Return the consequence of a value beyond its limits. Optional claims of events become null instead."""
    is_claim = table.source_layer is not Layer.SHOP and not column.required and column.name not in table.key
    return column.on_failure or (OnFailure.WARN if is_claim else OnFailure.QUARANTINE)


def _outside(table: Table, column: Declared) -> Column | None:
    allowed = range_of(column)
    if allowed is None:
        return None
    value, largest = F.col(column.name), largest_value(_source_type(table, column))
    outside = value < F.lit(str(allowed.first)).cast(column.type)
    if not column.is_open_ended:
        outside |= _is_endless(column, allowed)
    return outside if largest is None else outside | (value == F.lit(str(largest)).try_cast(column.type))


def _is_endless(column: Declared, allowed: Range | None) -> Column:
    end = F.lit(str(allowed.end)).cast(column.type) if allowed else F.lit(None)
    return F.col(column.name) >= end


def _source_type(table: Table, column: Declared) -> str:
    if table.source_layer is not Layer.SHOP:
        return ""
    source, name = declared(table.inputs[0]), column.source or column.name
    return source.column(name).type if name in source.column_names else ""


def is_missing(column: Declared, raw_fields: set[str]) -> Column:
    """Return whether a value is missing: null here, and without a value in the source."""
    lost, is_null = _lost(column, raw_fields), F.col(column.name).isNull()
    return is_null if lost is None else is_null & ~F.coalesce(lost, F.lit(False))


def _lost(column: Declared, raw_fields: set[str]) -> Column | None:
    """Return whether the source has a value where the column is null; None without such a source column."""
    source = column.source or column.name
    if source not in raw_fields or source.startswith("_"):
        return None
    said = text(F.col(f"_raw.{source}"))
    says_something = said.isNotNull() & ~said.startswith("0000-00-00")  # MySQL's zero date is no value
    return F.col(column.name).isNull() & says_something


def _is_far(column: Declared) -> Column:
    """Return whether the source value is legible but beyond the range of the column's type."""
    said = text(F.col(f"_raw.{column.source or column.name}"))
    return said.rlike(_FAR_MOMENT if column.type in ("timestamp", "date") else _NUMBER)


def _is_currency(column: Declared) -> bool:
    return column.type == "string" and f"_{column.name}".endswith("_currency")


def _is_free_text(column: Declared) -> bool:
    is_ours = column.name.startswith("_")
    return column.type == "string" and not (column.allowed or is_ours or _is_currency(column))
