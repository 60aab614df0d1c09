"""Differences between a running Superset and the declarations, as declarations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.render import dashboards as layout
from contracts.render.declarations import Declarations
from deploy.errors import DeployError
from ops.superset import dashboards
from ops.superset.api import Asset, Exported
from ops.superset.charts import words_of

Words = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A dashboard whose declaration has changed; `before` is none for a new one."""

    name: str
    before: Words | None
    after: Words

    def lines(self) -> list[str]:
        """Return the changes, a line for each chart and part of the dashboard."""
        before, after = self.before or {"charts": {}}, self.after
        parts = [
            part for part in {**before, **after} if part != "charts" and after.get(part) != before.get(part)
        ]
        old, new = before["charts"], after["charts"]
        return [
            *(f"{self.name}: {part}" for part in parts),
            *(f"{self.name}: new chart {name}" for name in new if name not in old),
            *(f"{self.name}: chart {name}" for name in new if name in old and new[name] != old[name]),
            *(f"{self.name}: removed chart {name}" for name in old if name not in new),
        ]


def managed(declared: Declarations, exported: Exported) -> list[Change]:
    """Return the changes of the declared dashboards themselves.

    Raises:
        DeployError: when Superset lacks one of them, or one has a part that declarations cannot express.
    """
    by_uuid = {asset["uuid"]: asset for asset in exported.dashboards}
    changes = []
    for name, words in declared.dashboards.items():
        asset = by_uuid.get(layout.dashboard_uuid(name, words))
        if asset is None:
            raise DeployError(f"Superset does not have the dashboard {words['title']!r}. Next: make demo")
        changes += _change(name, asset, declared, exported)
    return changes


def of_copy(title: str, name: str | None, declared: Declarations, exported: Exported) -> list[Change]:
    """Return the changes that a user's own dashboard or chart makes to the declaration `name`.

    Raises:
        DeployError: when not exactly one has that title, or a chart's declaration is not named.
    """
    copies = [asset for asset in exported.dashboards if asset["dashboard_title"] == title]
    charts = [asset for asset in exported.charts.values() if asset["slice_name"] == title]
    if len(copies) == 1:
        if name and name not in declared.dashboards:
            known = ", ".join(declared.dashboards)
            raise DeployError(
                f"{title!r} is a dashboard, and --as names none that is declared. Next: --as one of {known}."
            )
        return _change(name or _name(title), copies[0], declared, exported)
    if copies or len(charts) != 1:
        count = len(copies or charts)
        many = f"{count} dashboards or charts" if count else "no dashboard and no chart"
        raise DeployError(
            f"Superset has {many} with the title {title!r}. "
            "Next: give your copy a title of its own, then ./shoplake superset export TITLE."
        )
    for dashboard, chart_name, words in declared.charts():
        if chart_name == name:
            chart = {**_words(charts[0], exported, words, declared), "title": words["title"]}
            before = declared.dashboards[dashboard]
            after = {**before, "charts": {**before["charts"], chart_name: chart}}
            return [Change(dashboard, before, after)] if after != before else []
    raise DeployError(
        f"{title!r} is a chart, and --as names none that is declared. "
        f"Next: ./shoplake superset export {title!r} --as CHART, its name in superset/dashboards."
    )


def _change(name: str, asset: Asset, declared: Declarations, exported: Exported) -> list[Change]:
    before = declared.dashboards.get(name)
    is_copy = before is not None and layout.dashboard_uuid(name, before) != asset["uuid"]
    names = _chart_names(name, asset, declared, exported)
    charts = {}
    for uuid, chart_name in names.items():
        known = (before or {"charts": {}})["charts"].get(chart_name)
        charts[chart_name] = _words(exported.charts[uuid], exported, known, declared)
    after: dict[str, Any] = {
        "title": asset["dashboard_title"],
        "description": asset.get("description") or asset["dashboard_title"],
    }
    if before and is_copy:
        after = {"title": before["title"], "description": before["description"]}
    if before and "uuid" in before:
        after["uuid"] = before["uuid"]
    after["rows"] = dashboards.rows_of(asset, names)
    if colours := asset.get("metadata", {}).get("label_colors"):
        after["colours"] = colours
    after["charts"] = charts
    if before:
        after["rows"] = _as_before(after["rows"], before["rows"])
    return [Change(name, before, after)] if after != before else []


def _as_before(rows: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows, each in its previous form if that means the same."""
    return [next((old for old in before if _meaning(old) == _meaning(row)), row) for row in rows]


def _meaning(row: Words) -> Words:
    if "note" in row:
        return {"height": layout.NOTE_HEIGHT, **row}
    return layout.cells(row)


def _words(asset: Asset, exported: Exported, known: Words | None, declared: Declarations) -> Words:
    """Return the declaration of a chart, in its present form if that means the same."""
    dataset_uuid = asset["dataset_uuid"]
    data = next((each for each in declared.datasets.values() if each.uuid == dataset_uuid), None)
    if data is None:
        table = exported.datasets[dataset_uuid]["table_name"] if dataset_uuid in exported.datasets else "?"
        raise DeployError(
            f"The chart {asset['slice_name']!r} uses the dataset {table}, which is not declared. "
            "Next: declare its query in superset/datasets, or use a dataset of a mart."
        )
    if known is None:
        return words_of(asset, data)
    # A chart saved under another title has no description in Superset.
    words = words_of({**asset, "description": asset["description"] or known["description"]}, data)
    if "uuid" in known:
        words["uuid"] = known["uuid"]
    same = layout.chart("", words, data) == layout.chart("", known, declared.datasets[known["dataset"]])
    return known if same else words


def _chart_names(dashboard: str, asset: Asset, declared: Declarations, exported: Exported) -> dict[str, str]:
    """Return chart names by uuid: the name declared for the uuid or else the title, or a new one."""
    charts = declared.dashboards.get(dashboard, {"charts": {}})["charts"]
    by_uuid = {layout.chart_uuid(name, words): name for name, words in charts.items()}
    by_title = {words["title"]: name for name, words in charts.items()}
    taken = {name for _, name, _ in declared.charts()}
    names = {uuid: by_uuid[uuid] for uuid in dashboards.charts_of(asset) if uuid in by_uuid}
    for uuid in dashboards.charts_of(asset):
        title = exported.charts[uuid]["slice_name"]
        if uuid in names:
            continue
        name = by_title.get(title)
        if name is None or name in names.values():
            name = _name(title)
            while name in taken:
                name += "_2"
        names[uuid] = name
        taken.add(name)
    return {uuid: names[uuid] for uuid in dashboards.charts_of(asset)}


def _name(title: str) -> str:
    return re.sub(r"\W+", "_", title.lower()).strip("_")
