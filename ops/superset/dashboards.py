"""Convert a dashboard of a running Superset into the words of its declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.render.dashboards import COLUMNS, NOTE_HEIGHT
from deploy.errors import DeployError

Asset = Mapping[str, Any]


def charts_of(asset: Asset) -> Iterator[str]:
    """Return the uuids of a dashboard's charts, from top to bottom."""
    for row in _rows(asset):
        yield from (part["meta"]["uuid"] for part in row if part["type"] == "CHART")


def rows_of(asset: Asset, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of a dashboard; `names` maps chart uuids to names.

    Raises:
        DeployError: when the layout has a part that declarations cannot express.
    """
    return [_row(asset, parts, names) for parts in _rows(asset)]


def _row(asset: Asset, parts: list[Asset], names: Mapping[str, str]) -> dict[str, Any]:
    kinds = {part["type"] for part in parts}
    if kinds == {"MARKDOWN"} and len(parts) == 1:
        meta = parts[0]["meta"]
        return {**_height(meta["height"], NOTE_HEIGHT), "note": meta["code"]}
    if kinds != {"CHART"}:
        raise _no_words(asset, " and ".join(sorted(kind.lower() for kind in kinds)) + " in one row")
    sizes = {names[part["meta"]["uuid"]]: (part["meta"]["width"], part["meta"]["height"]) for part in parts}
    height = max(height for _, height in sizes.values())
    if set(sizes.values()) == {(COLUMNS // len(sizes), height)}:
        return {"height": height, "charts": list(sizes)}
    return {
        "height": height,
        "charts": {
            name: width if own == height else {"width": width, "height": own}
            for name, (width, own) in sizes.items()
        },
    }


def _rows(asset: Asset) -> Iterator[list[Asset]]:
    position = asset["position"]
    if position["ROOT_ID"]["children"] != ["GRID_ID"]:
        raise _no_words(asset, "tabs")
    for row_id in position["GRID_ID"]["children"]:
        row = position[row_id]
        if row["type"] != "ROW":
            raise _no_words(asset, f"a {row['type'].lower()} beside its rows")
        if row["children"]:
            yield [position[child] for child in row["children"]]


def _height(height: int, usual: int) -> dict[str, int]:
    return {} if height == usual else {"height": height}


def _no_words(asset: Asset, what: str) -> DeployError:
    return DeployError(
        f"The dashboard {asset['dashboard_title']!r} has {what}, for which declarations have no words. "
        "Next: lay it out as rows of charts and rows of one text, then ./shoplake superset export again."
    )
