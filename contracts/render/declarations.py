"""The declarations of charts, dashboards and queries in `superset/`, checked and rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model import ContractError, Layer, Table
from contracts.render import chart_types, dashboards, superset
from contracts.render.chart_types import Dataset, Words, as_list
from contracts.render.chart_uses import uses
from contracts.render.dashboards import Asset
from contracts.render.yaml import to_yaml

DASHBOARDS = "superset/dashboards"
QUERIES = "superset/datasets"
CHART_ASSETS = "superset/assets/charts"
DASHBOARD_ASSETS = "superset/assets/dashboards"
OWNED = {superset.QUERIES_FOLDER: "*.yaml", CHART_ASSETS: "*.yaml", DASHBOARD_ASSETS: "*.yaml"}
_DASHBOARD_WORDS = {"title", "description", "rows", "charts"}
_DASHBOARD_OPTIONS = {"colours", "uuid"}
_QUERY_WORDS = {"description", "sql", "metrics", "columns"}
_PART_WORDS = {"bars": {"by", "where"}, "line": {"by", "where", "mean_of", "axis"}}


@dataclass(frozen=True)
class Declarations:
    """All dashboards with their charts, by name, and the datasets that charts may use."""

    dashboards: Mapping[str, Words]
    queries: Mapping[str, Words]
    datasets: Mapping[str, Dataset]

    def charts(self) -> Iterator[tuple[str, str, Words]]:
        """Yield every chart: its dashboard's name, its own name, and its words."""
        for dashboard, words in self.dashboards.items():
            for name, chart in words["charts"].items():
                yield dashboard, name, chart

    def chart_asset(self, name: str, chart: Words) -> Asset:
        """Return the asset of a declared chart."""
        return dashboards.chart(name, chart, self.datasets[chart["dataset"]])

    def outputs(self) -> dict[str, str]:
        """Return the text of every generated asset by its path below the root."""
        files = {
            f"{superset.QUERIES_FOLDER}/{name}.yaml": to_yaml(superset.query(name, words))
            for name, words in self.queries.items()
        }
        files |= {
            f"{CHART_ASSETS}/{name}.yaml": to_yaml(self.chart_asset(name, chart))
            for _, name, chart in self.charts()
        }
        return files | {
            f"{DASHBOARD_ASSETS}/{name}.yaml": to_yaml(dashboards.dashboard(name, words))
            for name, words in self.dashboards.items()
        }


def declare(
    dashboards: Mapping[str, Words], queries: Mapping[str, Words], tables: Mapping[str, Table]
) -> Declarations:
    """Check dashboards and queries, both by name; charts may use the queries and the marts in `tables`.

    Raises:
        ContractError: naming the file and the chart, and what is wrong.
    """
    for name, words in queries.items():
        _require(f"{QUERIES}/{name}.yaml", words, _QUERY_WORDS)
    assets = [superset.mart(table) for table in tables.values() if table.layer is Layer.GOLD]
    assets += [superset.query(name, words) for name, words in queries.items()]
    found = Declarations(dashboards, queries, {asset["table_name"]: Dataset.of(asset) for asset in assets})
    check(found)
    return found


def check(found: Declarations) -> None:
    """Refuse dashboards and charts that contradict themselves or their datasets.

    Raises:
        ContractError: naming the file and the chart, and what is wrong.
    """
    homes: dict[str, str] = {}
    for name, words in found.dashboards.items():
        where = f"{DASHBOARDS}/{name}.yaml"
        _require(where, words, _DASHBOARD_WORDS, _DASHBOARD_OPTIONS)
        _require_text(where, words)
        if not isinstance(words["rows"], list) or not isinstance(words["charts"], Mapping):
            raise ContractError(f"{where}: rows is a list, charts has the charts by name")
        _check_rows(where, words)
        for chart_name, chart in words["charts"].items():
            if chart_name in homes:
                raise ContractError(
                    f"{where}: the chart {chart_name} is also declared in {homes[chart_name]}"
                )
            homes[chart_name] = where
            _check_chart(f"{where}: chart {chart_name}", chart_name, chart, found)


def _check_rows(where: str, words: Words) -> None:
    placed: list[str] = []
    for number, row in enumerate(words["rows"], start=1):
        if not isinstance(row, Mapping) or "note" in row:
            _require(f"{where}: row {number}", row, {"note"}, {"height"})
            continue
        _require(f"{where}: row {number}", row, {"charts"}, {"height"})
        if not isinstance(row["charts"], list | Mapping) or not row["charts"]:
            raise ContractError(f"{where}: row {number}: charts is a list of names, or widths by name")
        sizes = dashboards.cells(row)
        if sum(width for width, _ in sizes.values()) != dashboards.COLUMNS:
            raise ContractError(
                f"{where}: row {number}: the widths of its charts do not add up to {dashboards.COLUMNS}"
            )
        if not all(height for _, height in sizes.values()):
            raise ContractError(f"{where}: row {number} needs a height")
        placed += sizes
    if unknown := [name for name in placed if name not in words["charts"]]:
        raise ContractError(f"{where}: rows name {', '.join(unknown)}, which charts does not declare")
    if lost := [name for name in words["charts"] if placed.count(name) != 1]:
        raise ContractError(f"{where}: {', '.join(lost)} must be in exactly one row")


def _check_chart(where: str, name: str, chart: Words, found: Declarations) -> None:
    kind = chart_types.TYPES.get(chart.get("type", "")) if isinstance(chart, Mapping) else None
    needs = {*chart_types.NEEDED, *(kind.needs if kind else ("options",))}
    _require(where, chart, needs, {*chart_types.OPTIONAL, *(kind.takes if kind else ())})
    _require_text(where, chart)
    if chart["type"] == "mixed":
        for part, optional in _PART_WORDS.items():
            _require(f"{where}: {part}", chart[part], {"metrics"}, optional)
    if chart["type"] == "table" and not chart.keys() & {"columns", "metrics"}:
        raise ContractError(f"{where}: a table needs columns, or metrics and by")
    if chart["dataset"] not in found.datasets:
        known = ", ".join(sorted(found.datasets))
        raise ContractError(f"{where}: there is no dataset {chart['dataset']!r}; there are {known}")
    if chart.get("every", "day") not in chart_types.GRAINS:
        raise ContractError(f"{where}: every must be one of {', '.join(chart_types.GRAINS)}")
    data = found.datasets[chart["dataset"]]
    for metric in _metrics(chart):
        if isinstance(metric, Mapping):
            _require(f"{where}: a metric", metric, {"label", "sql"}, {"format"})
        elif metric not in data.labels:
            raise ContractError(f"{where}: {_unknown('metric', metric, data.name, data.labels)}")
    if chart["type"] == "table":
        _check_shown(where, chart)
    used = uses(dashboards.chart(name, chart, data)["params"])
    for metric in sorted(used.metrics - data.labels.keys()):
        raise ContractError(f"{where}: {_unknown('metric', metric, data.name, data.labels)}")
    for column in sorted(used.columns - set(data.columns)):
        raise ContractError(f"{where}: {_unknown('column', column, data.name, data.columns)}")


def _check_shown(where: str, chart: Words) -> None:
    """Refuse words about columns that the table does not show."""
    metrics = [each if isinstance(each, str) else each["label"] for each in as_list(chart.get("metrics"))]
    shown = [*as_list(chart.get("columns")), *as_list(chart.get("by")), *metrics]
    for word in ("sort_by", "formats", "labels", "bars", "colour_by_sign"):
        for name in as_list(list(chart.get(word, ())) if word in ("formats", "labels") else chart.get(word)):
            if name.removeprefix("-") not in shown:
                raise ContractError(f"{where}: {word} names {name!r}, which the table does not show")


def _metrics(chart: Words) -> Iterator[str | Words]:
    for part in (chart, chart.get("bars"), chart.get("line")):
        if isinstance(part, Mapping):
            yield from as_list(part.get("metric"))
            yield from as_list(part.get("metrics"))


def _unknown(kind: str, name: str, dataset: str, known: Any) -> str:
    return f"the dataset {dataset} has no {kind} {name!r}; it has {', '.join(known)}"


def _require(where: str, words: Any, needed: set[str], optional: set[str] | None = None) -> None:
    """Refuse anything but a mapping of these words."""
    if not isinstance(words, Mapping):
        raise ContractError(f"{where}: {words!r} is not a set of words with values")
    if missing := sorted(needed - words.keys()):
        raise ContractError(f"{where} lacks {', '.join(missing)}")
    if unknown := sorted(words.keys() - needed - (optional or set())):
        known = sorted(needed | (optional or set()))
        raise ContractError(f"{where} does not know {', '.join(unknown)}; it knows {', '.join(known)}")


def _require_text(where: str, words: Words) -> None:
    if wrong := [word for word in ("title", "description") if not isinstance(words[word], str)]:
        raise ContractError(f"{where}: {' and '.join(wrong)} must be text: put it in quotes")
