"""Keys as texts, and as silver writes them: the single rule for comparing keys.

The ingest compares keys byte by byte, since a shop row is found by its exact key. Silver normalises some keys
(`contracts.model.Form`), so that two of them can become one. `silver_keys` finds them before silver sees
them; `silver_sql` does the same in DuckDB. Tests compare both with silver's own functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Form, Table
from spark_jobs.columns.parsing import BLANKS

# Between the parts of a key and of a compared row.
SEPARATOR = "\x1f"
# Begins the escapes of the separator, of itself and of null within a part.
ESCAPE = "\x1e"
NULL = f"{ESCAPE}0"
ESCAPED = ((ESCAPE, f"{ESCAPE}1"), (SEPARATOR, f"{ESCAPE}2"))
DAY_LENGTH = len("2026-03-01")


def row_texts(rows: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Return columns as one text per row, different for different rows, in the form of `key_expression`."""
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
    """Return the parts of key texts, one array per key column."""
    split = pc.split_pattern(keys, SEPARATOR)
    parts = [pc.list_element(split, index) for index in range(count)]
    for plain, escaped in reversed(ESCAPED):
        parts = [pc.replace_substring(part, escaped, plain) for part in parts]
    return parts


def normalises(table: Table) -> bool:
    """Return whether silver normalises the keys of a source table."""
    return any(table.column(name).form is not Form.EXACT for name in table.key)


def silver_keys(table: Table, keys: pa.Array) -> pa.Array:
    """Return key texts as silver writes them; equal texts are one key there."""
    if not normalises(table) or not len(keys):
        return keys
    written = [
        _written(part, IN_PYTHON[table.column(name).form])
        for name, part in zip(table.key, key_parts(keys, len(table.key)), strict=True)
    ]
    return pc.binary_join_element_wise(*written, SEPARATOR)


def _written(part: pa.Array, form: Callable[[str], str]) -> pa.Array:
    """Return one part of many keys as silver writes it; few distinct values are expected."""
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
    """Return DuckDB SQL for a column of a source's key as silver writes it, as text."""
    text = f"CAST({expression} AS VARCHAR)"
    trimmed = f"trim({storable_sql(text)}, {characters(BLANKS)})"
    return {
        Form.EXACT: text,
        Form.TRIMMED: trimmed,
        Form.CODE: f"upper({trimmed})",
        Form.DAY: f"left({trimmed}, {DAY_LENGTH})",
    }[table.column(name).form]


def same_key_sql(table: Table, left: str, right: str) -> str:
    """Return a DuckDB condition that two rows, by their aliases, have the same key as silver writes it."""
    return " AND ".join(
        f"{silver_sql(table, name, f'{left}.{name}')} = {silver_sql(table, name, f'{right}.{name}')}"
        for name in table.key
    )


def storable_sql(text: str) -> str:
    """Return DuckDB SQL for a text with U+FFFD in place of U+0000."""
    return f"replace({text}, chr(0), chr(65533))"


def characters(text: str) -> str:
    """Return DuckDB SQL for a text by its code points: it may contain what a literal cannot."""
    return f"({' || '.join(f'chr({ord(character)})' for character in text)})"
