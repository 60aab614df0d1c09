"""`shoplake impact`: what a change to a table or column would affect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from contracts.model import Layer, Table
from contracts.registry import TABLES
from contracts.render import superset
from contracts.render.chart_uses import uses
from contracts.render.declarations import Declarations
from deploy.errors import DeployError
from ops.superset.command import load
from spark_jobs.settings import ROOT

_IMPORT = re.compile(r"^from (spark_jobs\.(?:silver|gold)\.\w+) import", re.MULTILINE)
_HINT = (
    "Tables follow from the inputs of the contracts, metrics and charts from their declarations. "
    "A line of code that names the column is a hint, no proof: the name may be that of another table's "
    "column, and code may use the column under another name."
)


@dataclass(frozen=True)
class Reader:
    """A table built from the requested one: the tables in between, and where its code names the column."""

    table: Table
    via: tuple[str, ...]
    lines: tuple[str, ...]
    charts: int


@dataclass(frozen=True)
class ChartUse:
    """A chart that uses the column or, if none was requested, the table."""

    dashboard: str
    title: str
    how: str


@dataclass(frozen=True)
class Impact:
    """Everything that depends on a table or column."""

    readers: tuple[Reader, ...]
    metrics: Mapping[str, str]  # SQL by name
    charts: tuple[ChartUse, ...]


def command(
    what: Annotated[str, typer.Argument(help="TABLE or TABLE.COLUMN: mart.daily_sales.net_sales")],
) -> None:
    """List the tables, metrics and charts that a change to a table or column would affect."""
    console = Console(highlight=False)
    table, column = parse(what)
    found = impact(table, column, load(ROOT), ROOT)
    show(table, column, found, console)


def parse(what: str) -> tuple[Table, str | None]:
    """Parse the table and column of a name such as `mart.daily_sales.net_sales`; `mart` means `gold`.

    Raises:
        DeployError: when there is no such table or column, with the nearest name.
    """
    layer, name, column = [*what.split(".", 2), "", ""][:3]
    table_id = f"{Layer.GOLD.value if layer == superset.SCHEMA else layer}.{name}"
    if table_id not in TABLES:
        asked = f"{layer}.{name}".rstrip(".")
        raise DeployError(f"There is no table {asked}. Next: {_nearest(table_id, list(TABLES))}")
    table = TABLES[table_id]
    if column and column not in table.column_names:
        nearest = _nearest(column, list(table.column_names))
        raise DeployError(f"The table {table_id} has no column {column!r}. Next: {nearest}")
    return table, column or None


def impact(table: Table, column: str | None, declared: Declarations, root: Path) -> Impact:
    """Return what a change to the table, or to one of its columns, would affect."""
    charts = list(_charts(table, column, declared))
    readers = tuple(
        Reader(
            reader,
            via,
            tuple(_lines(reader, column, root)) if column else (),
            sum(chart["dataset"] == reader.name for _, _, chart in declared.charts())
            if reader.layer is Layer.GOLD
            else 0,
        )
        for reader, via in _readers(table)
    )
    return Impact(readers, _metrics(table, column), tuple(charts))


def show(table: Table, column: str | None, found: Impact, console: Console) -> None:
    """Print what was found, and which parts are only hints."""

    def line(text: str) -> None:
        console.print(escape(text), soft_wrap=True)

    def heading(text: str) -> None:
        console.print(f"\n[bold]{escape(text)}[/bold]")

    line(f"{table.id}.{column}: {table.column(column).doc}" if column else f"{table.id}: {table.doc}")
    heading("Tables built from it")
    for reader in found.readers:
        way = f"  through {', '.join(reader.via)}" if reader.via else ""
        charts = f"  {reader.charts} chart{'s' if reader.charts > 1 else ''}" if reader.charts else ""
        line(f"  {reader.table.id}{way}{charts}")
        for each in reader.lines:
            line(f"      {each}")
    if not found.readers:
        line("  none")
    if table.layer is Layer.GOLD:
        heading("Metrics")
        for name, sql in found.metrics.items():
            line(f"  {name} = {sql}")
        if not found.metrics:
            line("  none")
        heading("Charts")
        for chart in found.charts:
            line(f"  {chart.dashboard}: {chart.title} ({chart.how})")
        if not found.charts:
            line("  none")
    if column:
        console.print(f"\n[dim]{_HINT}[/dim]", soft_wrap=True)


def _readers(table: Table) -> Iterator[tuple[Table, tuple[str, ...]]]:
    """Return every table built from this one, with the tables in between; nearest first."""
    ways: dict[str, tuple[str, ...]] = {table.id: ()}
    for other in TABLES.values():  # inputs come before what is built from them
        through = [ways[each] for each in other.inputs if each in ways]
        if through and other.id not in ways:
            source = min((each for each in other.inputs if each in ways), key=lambda each: len(ways[each]))
            ways[other.id] = (*ways[source], source)
    for name in sorted(ways, key=lambda each: len(ways[each])):
        if name != table.id:
            yield TABLES[name], ways[name][1:]


def _lines(reader: Table, column: str, root: Path) -> Iterator[str]:
    """Return the lines that name the column in a table's code and the modules that it imports."""
    own = root / "spark_jobs" / reader.layer.value / f"{reader.name}.py"
    if not own.exists():
        return
    modules = _IMPORT.findall(own.read_text(encoding="utf-8"))
    helpers = [root / f"{module.replace('.', '/')}.py" for module in modules]
    tables = {each.name for each in TABLES.values() if each.layer is reader.layer}
    for path in (own, *(each for each in helpers if each.stem not in tables and each.exists())):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(rf"\b{re.escape(column)}\b", text):
                yield f"{path.relative_to(root)}:{number}: {text.strip()}"


def _metrics(table: Table, column: str | None) -> dict[str, str]:
    if table.layer is not Layer.GOLD:
        return {}
    metrics = {each["metric_name"]: each["expression"] for each in superset.mart(table)["metrics"]}
    return {name: sql for name, sql in metrics.items() if column is None or _names(column, sql)}


def _charts(table: Table, column: str | None, declared: Declarations) -> Iterator[ChartUse]:
    if table.layer is not Layer.GOLD:
        return
    metrics = _metrics(table, column)
    columns = {column, *_computed(table, column)} if column else set()
    queries = {
        name
        for name, query in declared.queries.items()
        if _names(f"{superset.SCHEMA}.{table.name}", query["sql"])
        and (column is None or _names(column, query["sql"]))
    }
    for dashboard, name, chart in declared.charts():
        if chart["dataset"] in queries:
            yield ChartUse(dashboard, chart["title"], f"query {chart['dataset']} names it")
        if chart["dataset"] != table.name:
            continue
        used = uses(declared.chart_asset(name, chart)["params"])
        how = [f"metric {each}" for each in sorted(used.metrics & metrics.keys())]
        how += [f"column {each}" for each in sorted(used.columns & columns)]
        how += ["its own SQL"] if column and used.names_in_sql(column) else []
        if column is None or how:
            yield ChartUse(dashboard, chart["title"], ", ".join(how) if column else f"dataset {table.name}")


def _computed(table: Table, column: str) -> set[str]:
    """Return columns that the dataset computes from this one."""
    columns: list[dict[str, Any]] = superset.mart(table)["columns"]
    return {
        each["column_name"] for each in columns if each["expression"] and _names(column, each["expression"])
    }


def _names(word: str, sql: str) -> bool:
    return bool(re.search(rf"\b{re.escape(word)}\b", sql))


def _nearest(name: str, known: list[str]) -> str:
    if near := get_close_matches(name, known, n=1):
        return f"did you mean {near[0]}?"
    return "docs/tables/README.md lists all tables and their columns."
