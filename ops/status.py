"""`shoplake status`: servers, last run, freshness, rows per layer."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.processes.console import status_table
from ops import installation, lake_report
from ops.events_report import EventsReport, events_report
from ops.lake_report import QuarantineFacts, TableFacts
from spark_jobs.run.record import Step

_COLOURS = {"success": "green", "failed": "red", "running": "yellow"}


def command(
    tables: Annotated[bool, typer.Option("--tables", help="Every table, not only every layer")] = False,
) -> None:
    """Show the platform's status: servers, last run, freshness, rows per layer."""
    console = Console(highlight=False)
    stack = installation.stack()
    lake = installation.lake(stack.settings)
    console.print(status_table(stack.status()))
    console.print()
    show_events(events_report(stack.settings), console)
    console.print()
    last_run = lake_report.last_run(lake)
    show_run(last_run, console)
    show_quarantine(lake_report.quarantine_facts(lake, last_run), datetime.now(UTC), console)
    console.print()
    facts = lake_report.facts(lake)
    if not facts:
        console.print("The lake is empty.")
        return
    show_freshness(facts, lake_report.newest_order_placed_at(lake), datetime.now(UTC), console)
    console.print()
    console.print(tables_table(facts) if tables else layers_table(facts))


def show_events(report: EventsReport | None, console: Console) -> None:
    """Print the number of dead letters, and the mirror's lag."""
    if report is None:
        console.print("Kafka does not answer. Next: ./shoplake doctor")
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column()
    table.add_row("events refused, as dead letters", f"{report.dead_letters:,}")
    is_off = report.mirror_lag is None
    table.add_row("mirror to PostHog", "off" if is_off else f"{report.mirror_lag:,} events behind")
    if not is_off or report.mirror_dead_letters:
        table.add_row("events PostHog refused, as dead letters", f"{report.mirror_dead_letters:,}")
    console.print(table)


def show_run(steps: list[Step], console: Console) -> None:
    """Print the newest run, a line per step."""
    if not steps:
        console.print("No run yet. Next: ./shoplake run")
        return
    table = Table(box=None, pad_edge=False, title=f"Last run: {steps[0].run_id}", title_justify="left")
    table.add_column("step")
    table.add_column("state")
    for name in ("seconds", "read", "quarantined", "written"):
        table.add_column(name, justify="right")
    for step in steps:
        records = step.tables.values()
        colour = _COLOURS.get(step.state, "red")
        table.add_row(
            step.name,
            f"[{colour}]{step.state}[/{colour}]",
            f"{step.seconds:.1f}",
            f"{sum(record.read for record in records):,}",
            f"{sum(record.quarantined for record in records):,}",
            f"{sum(record.written for record in records):,}",
        )
    console.print(table)
    for step in steps:
        if step.state == "failed" and (error := step.details.get("error")):
            console.print(f"[red]✗[/red] {step.name}: {escape(error)}", soft_wrap=True)


def show_quarantine(found: QuarantineFacts, now: datetime, console: Console) -> None:
    """Print a line on the rows in quarantine."""
    if not found.rows:
        console.print("Nothing is in quarantine.")
        return
    newest = f", newest {age(found.newest_at, now)}" if found.newest_at else ""
    console.print(
        f"In quarantine: {found.rows:,} rows{newest}; {found.of_last_run:,} in the last run."
        " Next: ./shoplake quarantine list",
        soft_wrap=True,
    )


def show_freshness(
    facts: list[TableFacts], newest_order: datetime | None, now: datetime, console: Console
) -> None:
    """Print how long ago each layer was written and the newest order was placed."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column()
    for layer, group in groupby(facts, key=lambda fact: fact.layer):
        table.add_row(f"{layer} written", age(max(fact.committed_at for fact in group), now))
    if newest_order:
        table.add_row("newest order placed", age(newest_order, now))
    console.print(table)


def layers_table(facts: list[TableFacts]) -> Table:
    """Return a table of tables, rows and bytes per layer."""
    table = _facts_table("layer", "tables")
    for layer, group in groupby(facts, key=lambda fact: fact.layer):
        inside = list(group)
        rows, size = sum(fact.rows for fact in inside), sum(fact.size_bytes for fact in inside)
        table.add_row(layer, str(len(inside)), f"{rows:,}", _mebibytes(size))
    return table


def tables_table(facts: list[TableFacts]) -> Table:
    """Return a table of rows and bytes per table, by its name for `sql --lake`."""
    table = _facts_table("table")
    for fact in facts:
        table.add_row(fact.name, f"{fact.rows:,}", _mebibytes(fact.size_bytes))
    return table


def age(moment: datetime, now: datetime) -> str:
    """Format a time and its age: `2026-11-23 20:14 UTC, 5 min ago`."""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 120:
        passed = f"{minutes} min ago"
    elif minutes < 48 * 60:
        passed = f"{minutes // 60} h ago"
    else:
        passed = f"{minutes // (24 * 60)} days ago"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {passed}"


def _facts_table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name == "tables" else "left")
    for name in ("rows", "size"):
        table.add_column(name, justify="right")
    return table


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"
