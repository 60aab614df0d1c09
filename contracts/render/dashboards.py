"""Charts and dashboards as Superset imports them, from the declarations in `superset/dashboards`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.render import chart_types
from contracts.render.chart_types import Dataset, Words
from contracts.render.superset import asset_uuid

COLUMNS = 12  # of Superset's grid
NOTE_HEIGHT = 8
_ROOT = ("ROOT_ID", "GRID_ID")
_EVERYWHERE = {"rootPath": ["ROOT_ID"], "excluded": []}

Asset = dict[str, Any]


def chart(name: str, words: Words, data: Dataset) -> Asset:
    """Return the asset of a chart."""
    return {
        "slice_name": words["title"],
        "description": words["description"],
        "viz_type": chart_types.viz_type(words),
        "params": chart_types.params(words, data),
        "cache_timeout": None,
        "is_managed_externally": True,
        "uuid": chart_uuid(name, words),
        "version": "1.0.0",
        "dataset_uuid": data.uuid,
    }


def chart_uuid(name: str, words: Words) -> str:
    """Return the uuid of a chart: derived from its name, unless it was imported under another one before."""
    return str(words.get("uuid") or asset_uuid("chart", name))


def dashboard_uuid(name: str, words: Words) -> str:
    """Return a dashboard's uuid: derived from its name, unless it was imported under another one before."""
    return str(words.get("uuid") or asset_uuid("dashboard", name))


def slug(name: str) -> str:
    """Return the last part of a dashboard's address."""
    return name.replace("_", "-")


def dashboard(name: str, words: Words) -> Asset:
    """Return the asset of a dashboard: its layout, its colours and its date filter."""
    return {
        "dashboard_title": words["title"],
        "description": words["description"],
        "slug": slug(name),
        "published": True,
        "is_managed_externally": True,
        "uuid": dashboard_uuid(name, words),
        "css": "",
        "position": _position(words),
        "metadata": {
            "color_scheme": "supersetColors",
            "label_colors": dict(words.get("colours", {})),
            "shared_label_colors": [],
            "cross_filters_enabled": False,
            "refresh_frequency": 0,
            "timed_refresh_immune_slices": [],
            "expanded_slices": {},
            "default_filters": "{}",
            "chart_configuration": {},
            "global_chart_configuration": {"scope": _EVERYWHERE, "chartsInScope": []},
            "native_filter_configuration": [_date_filter(name)],
            "filter_bar_orientation": "HORIZONTAL",
        },
        "version": "1.0.0",
    }


def cells(row: Words) -> dict[str, tuple[int, int]]:
    """Return width and height of each chart of a row; charts of a list share the width equally."""
    charts, height = row["charts"], row.get("height", 0)
    if not isinstance(charts, Mapping):
        return {name: (COLUMNS // len(charts), height) for name in charts}
    return {
        name: (size["width"], size.get("height", height)) if isinstance(size, Mapping) else (size, height)
        for name, size in charts.items()
    }


def _position(words: Words) -> Asset:
    parts: Asset = {}
    rows: list[str] = []
    notes = charts = 0
    for row in words["rows"]:
        if "note" in row:
            notes += 1
            name = "basis" if notes == 1 else f"basis-{notes}"
            content = {f"MARKDOWN-{name}": _note(row)}
        else:
            name = str(len(rows) - notes + 1)
            content = {}
            for chart_name, (width, height) in cells(row).items():
                charts += 1
                content[f"CHART-{chart_name}"] = {
                    "type": "CHART",
                    "meta": {
                        "uuid": chart_uuid(chart_name, words["charts"][chart_name]),
                        "chartId": charts,  # Superset's import replaces it with its own
                        "sliceName": words["charts"][chart_name]["title"],
                        "width": width,
                        "height": height,
                    },
                }
        row_id = f"ROW-{name}"
        rows.append(row_id)
        parts[row_id] = {
            "type": "ROW",
            "id": row_id,
            "parents": list(_ROOT),
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
            "children": list(content),
        }
        for part_id, part in content.items():
            parts[part_id] = {"id": part_id, "parents": [*_ROOT, row_id], "children": [], **part}
    return {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": words["title"]}},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": rows},
        **parts,
    }


def _note(row: Words) -> Asset:
    height = row.get("height", NOTE_HEIGHT)
    return {"type": "MARKDOWN", "meta": {"width": COLUMNS, "height": height, "code": row["note"]}}


def _date_filter(name: str) -> Asset:
    return {
        "id": f"NATIVE_FILTER-{slug(name)}-date",
        "name": "Date",
        "type": "NATIVE_FILTER",
        "filterType": "filter_time",
        "description": "Days in the shop's time zone",
        "targets": [{}],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        "controlValues": {"enableEmptyFilter": False},
        "cascadeParentIds": [],
        "scope": _EVERYWHERE,
    }
