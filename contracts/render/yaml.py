"""YAML of plain values: the part of the language that generated files need."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Value = str | int | float | bool | None | Mapping[str, "Value"] | Sequence["Value"]


def to_yaml(value: Value, indent: int = 0) -> str:
    """Return the value in block style; texts are quoted, so that none is read as a number or a date."""
    pad = "  " * indent
    if isinstance(value, Mapping) and value:
        return "".join(f"{pad}{key}:{_after_colon(item, indent)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        # An item's first line follows its dash.
        return "".join(f"{pad}- {to_yaml(item, indent + 1).removeprefix(pad + '  ')}" for item in value)
    return f"{pad}{_scalar(value)}\n"


def _after_colon(value: Value, indent: int) -> str:
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str) and value:
        return "\n" + to_yaml(value, indent + 1)
    return f" {_scalar(value)}\n"


def _scalar(value: Value) -> str:
    # JSON is YAML, empty collections included.
    return json.dumps(value, ensure_ascii=False)
