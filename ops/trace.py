"""`shoplake trace`: follow one order from the shop to the dashboard, or say why it does not get there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops import installation
from ops.answer import shown
from ops.order_trace import Trace, trace_order
from ops.shop_rows import Row

# Columns of a shop row that are shown; `--json` has all of them.
SHOWN = {
    "orders": (
        "status",
        "sales_channel",
        "customer_id",
        "total_amount",
        "currency",
        "is_test",
        "placed_at",
        "paid_at",
    ),
    "order_items": (
        "line_number",
        "sku",
        "product_name",
        "quantity",
        "unit_price",
        "discount_amount",
        "tax_amount",
    ),
    "payments": ("method", "status", "amount", "fee_amount", "currency", "processed_at"),
    "refunds": ("reason", "total_amount", "currency", "refunded_at"),
}
# Wider than any line: a terminal wraps long lines, and a pipe gets all of them.
WIDTH = 1000
VISIT = ("session_id", "started_at", "channel", "device", "event_count", "is_bot", "person_id")
EVENT = ("occurred_at", "event_name", "product_id", "search_query", "order_id", "page_path", "position")
ID = ("distinct_id", "is_identified", "linked_at", "first_seen_at")


def command(
    order: Annotated[str, typer.Argument(help="The order's id or number")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON; decimals as text")] = False,
) -> None:
    """Follow one order: shop, bronze, silver, sessions and events, the marts it counts in, or why not."""
    trace = trace_order(installation.settings(), order)
    if as_json:
        sys.stdout.write(json.dumps(asdict(trace), indent=1, default=shown, ensure_ascii=False) + "\n")
        return
    show(trace, Console(highlight=False, width=WIDTH))


def show(trace: Trace, console: Console) -> None:
    """Print a trace, a section per layer, in the order in which data flows."""
    number = next((row["order_number"] for row in _any_version(trace)), "")

    console.print(f"[bold]Order {trace.order_id}[/bold] {escape(number)}  {escape(trace.verdict)}")
    for problem in trace.problems:
        console.print(f"[red]✗[/red] {escape(problem)}")
    _section(console, "Shop (MySQL)")
    for name, columns in SHOWN.items():
        _rows(console, name, columns, trace.shop.get(name, []))
    if not any(trace.shop.values()) and not trace.problems:
        console.print("  The shop does not have it any more.")
    _section(console, "Bronze")
    _rows(console, "", ("table", "op", "ingested_at", "batch", "rows", "status"), _batches(trace))
    if trace.quarantine:
        _section(console, "Quarantine")
        rejected = [row | {"failed": ", ".join(row["failed_checks"])} for row in trace.quarantine]
        _rows(console, "", ("table", "failed", "said", "batch_id", "quarantined_at"), rejected)
    _section(console, "Silver")
    _rows(console, "", ("table", "rows", "status", "version", "is_deleted", "batch"), _versions(trace))
    _section(console, "Person, visits and events")
    _person(trace, console)
    _section(console, "Marts")
    _parts(trace, console)


def _any_version(trace: Trace) -> list[Row]:
    rows = [*trace.shop.get("orders", []), *trace.bronze["orders"]]
    return [row for row in rows if row.get("order_number")]


def _batches(trace: Trace) -> list[Row]:
    """Print a line per table and batch: its row count, and the order's status in it."""
    lines: dict[tuple[object, ...], Row] = {}
    for table, rows in trace.bronze.items():
        for row in rows:
            key = (table, row["_op"], row["_batch_id"])
            line = lines.setdefault(
                key,
                {
                    "table": table,
                    "op": row["_op"],
                    "ingested_at": row["_ingested_at"],
                    "batch": row["_batch_id"],
                    "rows": 0,
                    "status": row.get("status") if table != "refunds" else None,
                },
            )
            line["rows"] += 1
    return list(lines.values())


def _versions(trace: Trace) -> list[Row]:
    return [
        {
            "table": table,
            "rows": len(rows),
            "status": ", ".join(dict.fromkeys(str(row["status"]) for row in rows if "status" in row)),
            "version": max(row["_version_at"] for row in rows),
            "is_deleted": all(row["is_deleted"] for row in rows),
            "batch": max(row["_batch_id"] for row in rows),
        }
        for table, rows in trace.silver.items()
        if rows and table != "sessions"
    ]


def _person(trace: Trace, console: Console) -> None:
    order = trace.order
    if order:
        account = "a guest" if order["customer_id"] is None else f"customer {order['customer_id']}"
        console.print(f"  placed by {account}, person {order['person_id']}")
    _rows(console, "ids", ID, trace.ids)
    if not trace.silver["sessions"]:
        console.print("  Not tracked: no event names this order.")
        return
    visits = trace.gold["sessions"] or trace.silver["sessions"]
    _rows(console, "visits", VISIT, visits)
    events = [
        event
        | {"position": "/".join(str(event[f"_kafka_{part}"]) for part in ("topic", "partition", "offset"))}
        for event in trace.events
    ]
    _rows(console, "events", EVENT, events)


def _parts(trace: Trace, console: Console) -> None:
    """Print a line per row of a mart: what the order adds to each figure, and the figure."""
    if not trace.parts:
        console.print("  None.")
        return
    table = _table(("mart", "row", "adds"))
    for part in trace.parts:
        added = [(name, adds) for name, adds in part.counts.items() if adds] or [*part.counts.items()]
        figures = [
            f"{name} {_text(adds)}" + (f" of {_text(part.served[name])}" if part.served else "")
            for name, adds in added
        ]
        if part.served is None:
            figures.append("(no such row is published)")
        key = " ".join(_text(value) for value in part.key.values())
        table.add_row(part.mart, escape(key), " · ".join(figures))
    console.print(table)


def _section(console: Console, title: str) -> None:
    console.print(f"\n[bold]{title}[/bold]")


def _rows(console: Console, title: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Print the rows as a table, without empty columns."""
    rows = list(rows)
    used = [name for name in columns if any(row.get(name) not in (None, "") for row in rows)]
    if not rows:
        return
    table = _table((title, *used) if title else used)
    for row in rows:
        texts = [escape(_text(row.get(name))) for name in used]
        table.add_row(*(["", *texts] if title else texts))
    console.print(table)


def _table(columns: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=True)
    return table


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {said!r}" for name, said in value.items())
    return "" if value is None else shown(value)
