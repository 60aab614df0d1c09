"""From what a source wrote to what it meant. What cannot be read becomes null, and a check tells."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

BLANKS = " \t\r\n\u00a0\ufeff"
_ISO_MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]|$)"


def parsed(df: DataFrame, name: str, source: str | Column, fields: tuple[str, ...]) -> DataFrame:
    """`df` with the named fields of a JSON text as a struct of texts, each null where it is not to be had.

    An array of one struct, exploded: engines would otherwise parse the text again for every field used.
    """
    schema = ", ".join(f"`{field}` string" for field in fields)
    return df.select("*", F.explode(F.array(F.from_json(source, schema))).alias(name))


def text(source: str | Column) -> Column:
    """Text without blanks around it; null when nothing is left."""
    column = F.col(source) if isinstance(source, str) else source
    trimmed = F.btrim(column.cast("string"), F.lit(BLANKS))
    return F.when(trimmed != "", trimmed)


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
    """A UTC timestamp from ISO text, with or without an offset; MySQL's zero date is null.

    Other text is refused rather than guessed at: a cast alone would read `12` as the year 12.
    """
    column = text(source)
    return F.when(column.rlike(_ISO_MOMENT), column).try_cast("timestamp")


def day(source: str | Column) -> Column:
    """A date from ISO text; MySQL's zero date is null."""
    column = text(source)
    return F.when(column.rlike(_ISO_MOMENT), column).try_cast("date")
