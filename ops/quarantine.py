"""`shoplake quarantine`: list the rows that silver rejected, the reasons and the values."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as ScreenTable
from rich.text import Text

from deploy.errors import DeployError
from ops import installation
from ops.quarantine_rows import Reason, Rejected, find_tables, newest_rows, parsed, reasons_of

# Limits on a printed raw row; `--json` prints all of it.
LONGEST_VALUE = 300
LONGEST_RAW = 4000
# Width without a terminal.
WIDTH = 120

app = typer.Typer(
    help="Show rows that silver set aside: why, how many, and what they say.", no_args_is_help=True
)

Table = Annotated[str | None, typer.Argument(help="A silver table: orders, events …; all, if not given")]
AsJson = Annotated[bool, typer.Option("--json", help="Everything as JSON, raw rows in full")]


@app.command("list")
def list_command(table: Table = None, as_json: AsJson = False) -> None:
    """Print each table's reasons, how many rows each has, and the newest."""
    lake = installation.lake(installation.settings())
    tables = find_tables(table)
    reasons = reasons_of(lake, tables)
    if as_json:
        _print_json([asdict(reason) for reason in reasons])
        return
    rows = {each.name: lake.row_count(lake.quarantine_path(each)) for each in tables}
    show_reasons(reasons, rows, _console())


@app.command("show")
def show_command(
    table: Table = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows at most")] = 10,
    reason: Annotated[str | None, typer.Option(help="Only rows that failed this check")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the newest rows in quarantine: failed checks, position, batch, time and the raw row."""
    lake = installation.lake(installation.settings())
    tables = find_tables(table)
    rows = newest_rows(lake, tables, limit, reason)
    if not rows and reason:
        _refuse_unknown_reason(reason, reasons_of(lake, tables))
    if as_json:
        _print_json([asdict(row) for row in rows])
        return
    in_all = sum(lake.row_count(lake.quarantine_path(each)) for each in tables)
    show_rows(rows, in_all, _console())


def show_reasons(reasons: list[Reason], rows: dict[str, int], console: Console) -> None:
    """Print a line per table and reason."""
    if not reasons:
        console.print("Nothing is in quarantine.")
        return
    screen = ScreenTable(box=None, pad_edge=False)
    for name in ("table", "reason"):
        screen.add_column(name, overflow="fold")
    screen.add_column("rows", justify="right")
    screen.add_column("newest")
    for each in reasons:
        screen.add_row(each.table, Text(printable(each.reason)), f"{each.rows:,}", _moment(each.newest_at))
    console.print(screen)
    console.print()
    for name, count in rows.items():
        if count:
            console.print(f"{name}: {count:,} rows. ./shoplake quarantine show {name}", soft_wrap=True)


def show_rows(rows: list[Rejected], in_all: int, console: Console) -> None:
    """Print a block per row."""
    if not rows:
        console.print("Nothing is in quarantine.")
        return
    for row in rows:
        title = f"{row.table}  {printable(_cut(row.position))}"
        console.print(Text(title, style="bold", overflow="fold"))
        facts = {
            "failed": ", ".join(row.failed_checks),
            "quarantined": f"{_moment(row.quarantined_at)} by run {row.run_id}",
            "ingested": f"{_moment(row.ingested_at)} in batch {row.batch_id}",
        }
        for name, value in facts.items():
            console.print(Text(f"  {name:12}{printable(_cut(value))}", overflow="fold"))
        for line in raw_lines(row.raw):
            console.print(Text(f"    {line}", overflow="fold"))
        console.print()
    if len(rows) < in_all:
        console.print(f"{len(rows):,} of {in_all:,} rows; --limit shows more, --json prints rows in full.")


def raw_lines(raw: str) -> Iterator[str]:
    """Format a raw row: indented if it is JSON, long values cut, only printable text."""
    row = parsed(raw)
    text = raw if row is None else _indented(row, raw)
    shown = text[:LONGEST_RAW]
    yield from (printable(line) for line in shown.split("\n"))
    if len(text) > len(shown):
        yield f"… {len(text) - len(shown):,} more characters; --json prints all."


def printable(text: str) -> str:
    """Escape every non-printable character, such as one that moves a terminal's cursor."""
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _indented(row: Any, raw: str) -> str:
    try:
        return json.dumps(_with_short_values(row), indent=2, ensure_ascii=False)
    except RecursionError:
        return raw


def _with_short_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {_cut(str(name)): _with_short_values(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_short_values(each) for each in value]
    return _cut(value) if isinstance(value, str) else value


def _cut(text: str) -> str:
    more = len(text) - LONGEST_VALUE
    return text if more <= 0 else f"{text[:LONGEST_VALUE]}… ({more:,} more characters)"


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "unknown"


def _print_json(rows: list[dict[str, Any]]) -> None:
    # ASCII only: no other character reaches a terminal unescaped.
    sys.stdout.write(json.dumps(rows, indent=1, default=str) + "\n")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def _refuse_unknown_reason(reason: str, reasons: list[Reason]) -> None:
    known = ", ".join(sorted({printable(each.reason) for each in reasons}))
    if known:
        raise DeployError(
            f"No row in quarantine failed {reason!r}; there is {known}. Next: ./shoplake quarantine list"
        )
