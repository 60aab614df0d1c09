"""Tables and figures as Markdown pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts.metrics import METRICS, Metric
from contracts.model import Check, Column, Layer, OnFailure, Pii, Table

FOLDER = "docs/tables"
_LAYERS = {
    Layer.SHOP: "The shop's MySQL tables, as far as we rely on them",
    Layer.EVENTS: "The topic of captured events",
    Layer.SILVER: "Clean, typed, deduplicated: one table per entity",
    Layer.GOLD: "The marts, published to PostgreSQL as `mart.<name>`",
}
_CONSEQUENCES = {
    OnFailure.FAIL: "the run stops before it publishes",
    OnFailure.QUARANTINE: "the row goes to quarantine",
    OnFailure.WARN: "the row passes and is counted",
}


def page(table: Table, tables: Mapping[str, Table]) -> str:
    """Return the page of one table: grain, lineage, columns, checks."""
    fed = [other.id for other in tables.values() if table.id in other.inputs]
    parts = [
        f"# {table.id}\n",
        f"{table.doc}\n",
        f"- **Grain:** {table.grain}",
        f"- **Key:** {_codes(table.key)}",
    ]
    if table.newest_by:
        parts.append(f"- **Version that wins:** the latest snapshot's, then by {_codes(table.newest_by)}")
    if table.partition_by:
        parts.append(f"- **Partitioned by:** {_codes(table.partition_by)}")
    if table.inputs:
        parts.append(f"- **Made from:** {_links(table.inputs)}")
    if fed:
        parts.append(f"- **Feeds:** {_links(fed)}")
    parts += ["\n## Columns\n", "| Column | Type | Null | Meaning |", "|---|---|---|---|"]
    parts += [_column(table, column) for column in table.columns]
    if table.checks:
        parts += ["\n## Checks\n", "| Check | Holds when | Otherwise |", "|---|---|---|"]
        parts += [_check(check) for check in table.checks]
    return _document(parts)


def index(tables: Mapping[str, Table]) -> str:
    """Return the list of all tables by layer, with the data flow from silver to the marts."""
    parts = ["# Tables\n", "Written from `contracts/` by `make generate`.\n"]
    for layer, doc in _LAYERS.items():
        parts += [
            f"## {layer.value.capitalize()}\n",
            f"{doc}.\n",
            "| Table | Grain | What it holds |",
            "|---|---|---|",
        ]
        parts += [
            f"| [{table.name}]({table.id}.md) | {_cell(table.grain)} | {_cell(table.doc)} |"
            for table in tables.values()
            if table.layer is layer
        ]
        parts.append("")
    parts += ["## Lineage of the marts\n", "```mermaid", "flowchart LR"]
    parts += [
        f"  {_node(source)} --> {_node(table.id)}"
        for table in tables.values()
        if table.layer is Layer.GOLD
        for source in table.inputs
    ]
    parts.append("```")
    return _document(parts)


def metrics(tables: Iterable[Table]) -> str:
    """Return the metric catalogue: each figure's one definition, and the marts that have it."""
    marts = [table for table in tables if table.layer is Layer.GOLD]
    parts = [
        "# Metrics\n",
        "One definition each, in `contracts/metrics.py`: marts, Superset and this page take it there.\n",
        "| Metric | Definition | Over several rows | Marts |",
        "|---|---|---|---|",
    ]
    parts += [
        f"| `{figure.name}` | {_cell(figure.doc)} | {_over_rows(figure)} | {_carriers(figure, marts)} |"
        for figure in METRICS.values()
    ]
    return _document(parts)


def _over_rows(figure: Metric) -> str:
    if figure.ratio:
        return f"ratio of sums: ({figure.ratio[0]}) ÷ ({figure.ratio[1]})"
    return "sum" if figure.is_additive else "cannot be summed up"


def _carriers(figure: Metric, marts: Iterable[Table]) -> str:
    return _links((mart.id for mart in marts if figure.name in mart.column_names), "tables/")


def _column(table: Table, column: Column) -> str:
    notes = [column.doc]
    if column.allowed:
        notes.append(f"one of {_codes(column.allowed)}")
    if column.minimum is not None:
        notes.append(f"at least {column.minimum}")
    if column.references:
        notes.append(f"references `{column.references}`")
    if column.source:
        notes.append(f"from `{column.source}`")
    if column.pii is not Pii.NONE:
        notes.append("**contact data**" if column.pii is Pii.DIRECT else "pseudonym")
    null = "no" if column.required or column.name in table.key else "yes"
    return f"| `{column.name}` | `{column.type}` | {null} | {_cell('; '.join(notes))} |"


def _check(check: Check) -> str:
    return f"| `{check.name}` | `{_cell(check.expression)}` | {_CONSEQUENCES[check.on_failure]} |"


def _links(ids: Iterable[str], folder: str = "") -> str:
    return ", ".join(f"[{each}]({folder}{each}.md)" for each in ids)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _node(table_id: str) -> str:
    return f"{table_id.replace('.', '_')}[{table_id}]"


def _document(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"
