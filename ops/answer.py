"""The result of a query, and three ways to print it."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

SHOWN_ROWS = 200


@dataclass(frozen=True)
class Answer:
    """Column names, which of them are numbers, and rows in the order of the query."""

    columns: list[str]
    is_number: list[bool]
    rows: list[tuple[Any, ...]]


def show_csv(answer: Answer) -> None:
    """Print all rows as CSV; null is an empty field."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([None if value is None else shown(value) for value in row] for row in answer.rows)


def show_json(answer: Answer) -> None:
    """Print all rows as a list of objects; decimals and dates are text, to keep amounts exact."""
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    sys.stdout.write(json.dumps(rows, indent=1, default=shown, ensure_ascii=False) + "\n")


def show_table(answer: Answer, console: Console) -> None:
    """Print the first rows as a table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, is_number in zip(answer.columns, answer.is_number, strict=True):
        table.add_column(escape(name), justify="right" if is_number else "left", overflow="fold")
    for row in answer.rows[:SHOWN_ROWS]:
        table.add_row(*(escape(_text(value)) for value in row))
    if answer.columns:
        console.print(table)
    more = len(answer.rows) - SHOWN_ROWS
    if more > 0:
        console.print(f"… and {more:,} more rows; --csv prints all.", highlight=False)


def _text(value: object) -> str:
    return "null" if value is None else shown(value)


def shown(value: object) -> str:
    """Return a value as text; a decimal without trailing zeros beyond its second place."""
    if not isinstance(value, Decimal):
        return str(value)
    whole, point, places = f"{value:f}".partition(".")
    return f"{whole}{point}{places[:2]}{places[2:].rstrip('0')}"
