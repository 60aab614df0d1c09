"""Typed values parsed from source text. What cannot be read becomes null, and a check reports it."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.limits import FIRST_MOMENT, KEY_TEXT_LENGTH, MOMENTS_END, REPLACEMENT, UNSTORABLE

BLANKS = " \t\r\n\u00a0\ufeff"
_ISO_MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]|$)"


def text(source: str | Column) -> Column:
    """Text without surrounding blanks; null when nothing is left."""
    column = F.col(source) if isinstance(source, str) else source
    trimmed = F.btrim(column.cast("string"), F.lit(BLANKS))
    return F.when(trimmed != "", trimmed)


def key_text(source: str | Column) -> Column:
    """Text for a mart's key or index: without surrounding blanks, cut at the index limit."""
    return text(F.substring(text(source), 1, KEY_TEXT_LENGTH))


def storable(source: str | Column) -> Column:
    """Text that every store accepts: invalid characters and U+0000 become U+FFFD."""
    column = F.col(source) if isinstance(source, str) else source
    return F.replace(F.make_valid_utf8(column.cast("string")), F.lit(UNSTORABLE), F.lit(REPLACEMENT))


def word(source: str | Column) -> Column:
    """A value from a list, in lower case."""
    return F.lower(text(source))


def code(source: str | Column) -> Column:
    """A country or currency code, in upper case."""
    return F.upper(text(source))


def integer(source: str | Column) -> Column:
    """A whole number of any source type, unsigned 64-bit ones included; null when it does not fit."""
    column = F.col(source) if isinstance(source, str) else source
    return column.try_cast("bigint")


def moment(source: str | Column) -> Column:
    """UTC timestamp from ISO text, with or without an offset; MySQL's zero date is null.

    Other text is rejected rather than guessed at: a cast alone would read `12` as the year 12.
    """
    column = text(source)
    return F.when(column.rlike(_ISO_MOMENT), column).try_cast("timestamp")


def is_business_time(moment: Column) -> Column:
    """Return whether a timestamp is plausible for a shop; null where it is null."""
    first, end = (F.lit(str(bound)).cast("timestamp") for bound in (FIRST_MOMENT, MOMENTS_END))
    return (moment >= first) & (moment < end)


def day(source: str | Column) -> Column:
    """A date from ISO text; MySQL's zero date is null."""
    column = text(source)
    return F.when(column.rlike(_ISO_MOMENT), column).try_cast("date")
