"""Keys as texts, and as silver writes them: the one rule by which keys are compared.

The ingest compares keys byte by byte, since a row of the shop is found by its exact key. Silver writes some
keys in another form (`contracts.model.Form`), in which two of them can be one. `silver_keys` says which are,
before silver sees them; `silver_sql` says it to DuckDB. Tests hold both against silver's own functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Form, Table
from spark_jobs.columns.parsing import BLANKS

# Between the parts of a key and of a compared row.
SEPARATOR = "\x1f"
# Begins what stands for the separator, for itself and for null within a part.
ESCAPE = "\x1e"
NULL = f"{ESCAPE}0"
ESCAPED = ((ESCAPE, f"{ESCAPE}1"), (SEPARATOR, f"{ESCAPE}2"))
DAY_LENGTH = len("2026-03-01")


def row_texts(rows: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Each row's columns as one text, different for different rows; for a key the form of `key_select`."""
    parts = [pc.fill_null(_escaped(rows[name]), NULL) for name in names]
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)
    return joined if isinstance(joined, pa.ChunkedArray) else pa.chunked_array([joined])


def _escaped(values: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = pc.cast(values, pa.string())
    if pa.types.is_string(values.type):
        for plain, escaped in ESCAPED:
            texts = pc.replace_substring(texts, plain, escaped)
    return texts


def key_parts(keys: pa.Array, count: int) -> list[pa.Array]:
    """The parts of key texts, one array for each of the key's columns."""
    split = pc.split_pattern(keys, SEPARATOR)
    parts = [pc.list_element(split, index) for index in range(count)]
    for plain, escaped in reversed(ESCAPED):
        parts = [pc.replace_substring(part, escaped, plain) for part in parts]
    return parts


def normalises(table: Table) -> bool:
    """Whether silver writes keys of a source table in another form than the source."""
    return any(table.column(name).form is not Form.EXACT for name in table.key)


def silver_keys(table: Table, keys: pa.Array) -> pa.Array:
    """Key texts as silver writes them; equal ones are one key there."""
    if not normalises(table) or not len(keys):
        return keys
    written = [
        _written(part, IN_PYTHON[table.column(name).form])
        for name, part in zip(table.key, key_parts(keys, len(table.key)), strict=True)
    ]
    return pc.binary_join_element_wise(*written, SEPARATOR)


def _written(part: pa.Array, form: Callable[[str], str]) -> pa.Array:
    """A part of many keys; few values make them up."""
    encoded = pc.dictionary_encode(part)
    values = pa.array([form(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return values.take(encoded.indices)


def _trimmed(value: str) -> str:
    return value.replace("\0", "\ufffd").strip(BLANKS)


IN_PYTHON: dict[Form, Callable[[str], str]] = {
    Form.EXACT: lambda value: value,
    Form.TRIMMED: _trimmed,
    Form.CODE: lambda value: _trimmed(value).upper(),
    Form.DAY: lambda value: _trimmed(value)[:DAY_LENGTH],
}


def silver_sql(table: Table, name: str, expression: str) -> str:
    """DuckDB's SQL for a column of a source's key as silver writes it, as text."""
    text = f"CAST({expression} AS VARCHAR)"
    trimmed = f"trim({storable_sql(text)}, {characters(BLANKS)})"
    return {
        Form.EXACT: text,
        Form.TRIMMED: trimmed,
        Form.CODE: f"upper({trimmed})",
        Form.DAY: f"left({trimmed}, {DAY_LENGTH})",
    }[table.column(name).form]


def same_key_sql(table: Table, left: str, right: str) -> str:
    """DuckDB's condition that two rows, by their aliases, have one key as silver writes it."""
    return " AND ".join(
        f"{silver_sql(table, name, f'{left}.{name}')} = {silver_sql(table, name, f'{right}.{name}')}"
        for name in table.key
    )


def storable_sql(text: str) -> str:
    """DuckDB's SQL for a text with U+FFFD where it has U+0000."""
    return f"replace({text}, chr(0), chr(65533))"


def characters(text: str) -> str:
    """DuckDB's SQL for a text, by its characters' numbers: it may hold what a literal cannot."""
    return f"({' || '.join(f'chr({ord(character)})' for character in text)})"
