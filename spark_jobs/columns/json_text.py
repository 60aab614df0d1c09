"""JSON from untrusted senders, read so that one hostile value does not affect its neighbours.

A text is read as a whole or not at all: the parsers of both engines give up at the first thing they do not
know. Valid JSON that they cannot read is repaired before parsing (unpaired surrogates, U+0000) or after the
first attempt has failed (numbers that no numeric type holds). What cannot be repaired exceeds `LIMITS`.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

# The strictest limits of Apache Spark, Sail and PostHog's own capture service.
MAX_DEPTH = 120
MAX_NAME_CHARACTERS = 50_000
MAX_BRACKETS = 100_000
LIMITS = f"{MAX_DEPTH} levels, {MAX_NAME_CHARACTERS:,} characters in a name, {MAX_BRACKETS:,} brackets"

_PEELED = 6
# Strict JSON: without these options, Spark accepts what no other parser does.
_STRICT = {"allowNonNumericNumbers": "false", "allowSingleQuotes": "false"}
_HALF = "[dD][89a-fA-F][0-9a-fA-F]{2}"
_PAIR = r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
_ESCAPED_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# Stand for `\\` and for `\u` of a whole pair during the search for halves: no JSON has them unescaped.
_BACKSLASHES, _HIGH, _LOW = "\x01", "\x02", "\x03"
_NO_NUMBER = (
    r"([:\[,]\s*)([+-]?(?:NaN|Infinity|[0-9.]{19,}(?:[eE][+-]?[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{3,}))(\s*[,}\]])"
)


def with_object(df: DataFrame, name: str, source: str | Column, fields: tuple[str, ...]) -> DataFrame:
    """Add the named fields of a JSON object as a struct of texts; the struct is null when unreadable.

    `<name>_exceeds` tells whether the limits are the reason. The text is read as the only element of a list,
    which makes both engines refuse what follows an object.
    """
    column = F.col(source) if isinstance(source, str) else source
    schema = f"array<struct<{', '.join(f'`{field}`: string' for field in fields)}>>"
    read = _with_values(df, column, schema)
    only = F.when(F.size("_values") == 1, F.try_element_at("_values", F.lit(1)))
    exceeds = F.col("_source").isNotNull() & F.col("_text").isNull()
    return read.select(*df.columns, only.alias(name), exceeds.alias(f"{name}_exceeds"))


def with_elements(df: DataFrame, name: str, source: Column) -> DataFrame:
    """Add the elements of a JSON list as texts, an object as a list of one; null for anything else."""
    trimmed = F.btrim(source)
    as_list = F.when(trimmed.startswith("{"), F.concat(F.lit("["), trimmed, F.lit("]"))).otherwise(trimmed)
    read = _with_values(df, F.when(as_list.startswith("["), as_list), "array<array<string>>")
    only = F.when(F.size("_values") == 1, F.try_element_at("_values", F.lit(1)))
    return read.select(*df.columns, only.alias(name))


def _with_values(df: DataFrame, source: Column, schema: str) -> DataFrame:
    """Add `_source`, `_text` (null when beyond the limits) and `_values`, the parsed content.

    Arrays of one, exploded: engines would otherwise do the work again for every use of a result.
    """

    def read(json: Column) -> Column:
        return F.from_json(F.concat(F.lit("["), json, F.lit("]")), schema, _STRICT)

    json = F.col("_source")
    within = F.when(~_exceeds_limits(json), _whole_characters(json))
    text = df.select("*", F.explode(F.array(source)).alias("_source")).select(
        "*", F.explode(F.array(within)).alias("_text")
    )
    values = F.coalesce(read(F.col("_text")), read(_numbers_as_text(F.col("_text"))))
    return text.select("*", F.explode(F.array(values)).alias("_values"))


def with_characters(json: Column) -> Column:
    """JSON text with characters in place of escaped surrogate pairs, as which Spark writes them.

    Sail writes the characters themselves; so both engines keep the same text.
    """
    pairs = F.regexp_extract_all(json, F.lit(_ESCAPED_PAIR), F.lit(0))

    def replaced(text: Column, pair: Column) -> Column:
        units = F.concat(F.substring(pair, 3, 4), F.substring(pair, 9, 4))
        return F.replace(text, pair, F.decode(F.unhex(units), "UTF-16BE"))

    return F.when(json.contains(r"\u"), F.reduce(pairs, json, replaced)).otherwise(json)


def _exceeds_limits(column: Column) -> Column:
    # Counted without a pattern, because this runs on every text of every event.
    brackets = sum((F.length(column) - F.length(F.replace(column, F.lit(each))) for each in "[{"), F.lit(0))
    is_deep = F.when(brackets > MAX_DEPTH, _is_deep(column)).otherwise(F.lit(False))
    is_wide = brackets > MAX_BRACKETS
    return F.coalesce(_has_long_name(column) | is_wide | is_deep, F.lit(False))


def _whole_characters(json: Column) -> Column:
    """Replace unpaired surrogates and U+0000 in a text with U+FFFD."""
    bare = F.replace(json, F.lit(r"\\"), F.lit(_BACKSLASHES))
    paired = F.regexp_replace(bare, _PAIR, f"{_HIGH}$1{_LOW}$2")
    whole = F.regexp_replace(paired, rf"\\u(?:{_HALF}|0000)", "\ufffd")
    for mark, meant in ((_HIGH, r"\u"), (_LOW, r"\u"), (_BACKSLASHES, r"\\")):
        whole = F.replace(whole, F.lit(mark), F.lit(meant))
    has_escape = json.contains(r"\u")
    needs_it = has_escape & json.rlike(rf"\\u(?:{_HALF}|0000)") & ~json.rlike(r"[\x01-\x03]")
    return F.when(needs_it, whole).otherwise(json)


def _numbers_as_text(json: Column) -> Column:
    """Quote NaN, infinity and numbers of too many digits. Done twice, as neighbours share a comma."""
    once = F.regexp_replace(json, _NO_NUMBER, '$1"$2"$3')
    return F.regexp_replace(once, _NO_NUMBER, '$1"$2"$3')


def _has_long_name(json: Column) -> Column:
    name = F.exists(  # each without its last character, which distinguishes its end from an escaped quote
        F.split(json, r'[^\\]"\s*:'),
        lambda before: F.length(F.substring_index(before, '"', -1)) >= MAX_NAME_CHARACTERS,
    )
    return F.when(F.length(json) > MAX_NAME_CHARACTERS, name).otherwise(F.lit(False))


def _is_deep(json: Column) -> Column:
    """Return whether lists and objects are nested deeper than `MAX_DEPTH`.

    The innermost pairs are removed repeatedly; a deep text still has open brackets at the end. Only a text
    with many branches at each level escapes this check, and meets the engine's own limit.
    """
    outside = F.regexp_replace(F.regexp_replace(json, r"\\.", ""), '"[^"]*"', "")
    brackets = F.regexp_replace(outside, r"[^\[\]{}]", "")
    for _ in range(_PEELED):
        brackets = F.regexp_replace(brackets, r"\[\]|\{\}", "")
    return brackets.rlike(rf"[\[{{]{{{MAX_DEPTH + 1 - _PEELED}}}")
