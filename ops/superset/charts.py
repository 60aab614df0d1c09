"""Convert a chart of a running Superset into the words of its declaration."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from contracts.render import chart_types
from contracts.render.chart_types import CURRENCY, GRAINS, Dataset, Number, Params
from deploy.errors import DeployError
from ops.superset import queries
from ops.superset.noise import DEFAULTS, is_empty, without_noise

_WORD_OF_GRAIN = {grain: word for word, grain in GRAINS.items()}
_TYPE_OF = {each.viz_type: name for name, each in chart_types.TYPES.items()}


def words_of(asset: Mapping[str, Any], data: Dataset) -> dict[str, Any]:
    """Return the declaration of this chart: only words that differ from the default, the rest as `options`.

    Raises:
        DeployError: when the chart has no metric and no column.
    """
    kind = _TYPE_OF.get(asset["viz_type"], asset["viz_type"])
    words: dict[str, Any] = {
        "type": kind,
        "title": asset["slice_name"],
        "description": asset["description"] or asset["slice_name"],
        "dataset": data.name,
    }
    params = queries.canonical(without_noise(asset["params"]))
    if kind in READERS:
        if not _shows_something(kind, params):
            raise DeployError(
                f"The chart {asset['slice_name']!r} shows no metric. "
                "Next: give it one in Superset, then ./shoplake superset export again."
            )
        read = READERS[kind](params)
        words |= {word: value for word, value in read.items() if value not in (None, [], {})}
        words = _shortest(words, data)
    options = _difference(params, chart_types.params(words, data))
    return {**words, **({"options": options} if options else {})}


def _shows_something(kind: str, params: Params) -> bool:
    if kind == "table":
        return bool(params.get("all_columns" if params.get("query_mode") == "raw" else "metrics"))
    names = {"big_number": ["metric"], "funnel": ["metric"], "mixed": ["metrics", "metrics_b"]}
    return all(params.get(name) for name in names.get(kind, ["metrics"]))


def _shortest(words: dict[str, Any], data: Dataset) -> dict[str, Any]:
    """Return the words without those equal to the default."""
    wanted = chart_types.params(words, data)
    needed = {*chart_types.NEEDED, *chart_types.TYPES[words["type"]].needs}
    for word in [each for each in words if each not in needed]:
        if isinstance(words[word], dict):
            for key in list(words[word]):
                fewer = {name: value for name, value in words[word].items() if name != key}
                words = _if_same({**words, word: fewer}, words, wanted, data)
        words = _if_same({name: value for name, value in words.items() if name != word}, words, wanted, data)
    return words


def _if_same(fewer: dict[str, Any], words: dict[str, Any], wanted: Params, data: Dataset) -> dict[str, Any]:
    is_table = words["type"] == "table"
    if is_table and not fewer.keys() & {"columns", "metrics"}:
        return words
    return fewer if chart_types.params(fewer, data) == wanted else words


def _difference(params: Params, built: Params) -> Params:
    """Return Superset's parameters beyond the words; null for those missing or empty."""
    found, wanted = _with_defaults(params), _with_defaults(built)
    names = {**wanted, **found}
    return {name: params.get(name) for name in names if found.get(name) != wanted.get(name)}


def _with_defaults(params: Params) -> Params:
    return {
        **DEFAULTS,
        **{name: value for name, value in params.items() if not is_empty(value) and name != "viz_type"},
    }


def _number(params: Params, name: str, currency: str = "") -> str | None:
    if name not in params:
        return None
    return Number(str(params[name]), is_money=params.get(currency) == CURRENCY).word()


def _with_format(metric: Any, word: str | None) -> tuple[Any, str | None]:
    """Return a metric and the word for its format, which a chart's own metric includes."""
    if isinstance(metric, dict) and word:
        return ({**metric, "format": word} if word != ",d" else metric), None
    return metric, word


def _common(params: Params) -> dict[str, Any]:
    return {
        "date": params.get("x_axis") or queries.date(params, "adhoc_filters"),
        "range": queries.date_range(params, "adhoc_filters"),
        "every": _WORD_OF_GRAIN.get(params.get("time_grain_sqla", "")),
    }


def _big_number(params: Params) -> dict[str, Any]:
    metric, number = _with_format(
        queries.metric(params["metric"]), _number(params, "y_axis_format", "currency_format")
    )
    return {
        "metric": metric,
        **_common(params),
        "where": queries.where(params, "adhoc_filters"),
        "format": number,
    }


def _query(params: Params, suffix: str = "") -> dict[str, Any]:
    return {
        "metrics": [queries.metric(each) for each in params[f"metrics{suffix}"]],
        "by": queries.one_or_many(params.get(f"groupby{suffix}")),
        "where": queries.where(params, f"adhoc_filters{suffix}"),
    }


def _axes(params: Params) -> dict[str, Any]:
    return {**_common(params), "x_title": params.get("x_axis_title"), "y_title": params.get("y_axis_title")}


def _time_series(params: Params) -> dict[str, Any]:
    query = _query(params)
    # The axis shows the currency in its title, not in its numbers: the format alone decides.
    first, number = _with_format(query["metrics"][0], _number(params, "y_axis_format"))
    query["metrics"][0] = first
    return {**query, **_axes(params), "y_format": number}


def _mixed(params: Params) -> dict[str, Any]:
    line = {
        **_query(params, "_b"),
        "mean_of": params.get("rolling_periods_b"),
        "axis": "right" if params.get("yAxisIndexB") == 1 else None,
    }
    bars = _query(params)
    return {
        "bars": {word: value for word, value in bars.items() if value},
        "line": {word: value for word, value in line.items() if value},
        **_axes(params),
        "y_format": _number(params, "y_axis_format"),
        "y_title_right": params.get("yAxisTitleSecondary"),
        "y_format_right": _number(params, "y_axis_format_secondary"),
    }


def _table(params: Params) -> dict[str, Any]:
    config: dict[str, Any] = params.get("column_config", {})
    numbers = {
        name: Number(each["d3NumberFormat"], is_money=each.get("currencyFormat") == CURRENCY).word()
        for name, each in config.items()
        if "d3NumberFormat" in each
    }
    common = {
        "where": queries.where(params, "adhoc_filters"),
        "date": queries.date(params, "adhoc_filters"),
        "range": queries.date_range(params, "adhoc_filters"),
        "limit": params.get("row_limit"),
        "formats": numbers,
        "labels": {
            name: each["customColumnName"] for name, each in config.items() if "customColumnName" in each
        },
        "date_format": params.get("table_timestamp_format"),
    }
    if params.get("query_mode") == "raw":
        signs = (each.get("column") for each in params.get("conditional_formatting", ()))
        return {
            "columns": params["all_columns"],
            **common,
            "sort_by": queries.one_or_many([_order(each) for each in params.get("order_by_cols", ())]),
            "colour_by_sign": list(dict.fromkeys(signs)),
        }
    metrics = [queries.metric(each) for each in params["metrics"]]
    names = [each if isinstance(each, str) else each["label"] for each in metrics]
    for place, name in enumerate(names):
        if not isinstance(metrics[place], str):
            metrics[place], _ = _with_format(metrics[place], numbers.pop(name, None))
    sort_by = queries.metric(params.get("timeseries_limit_metric"))
    sort_name = sort_by["label"] if isinstance(sort_by, dict) else sort_by
    return {
        "by": queries.one_or_many(params.get("groupby")),
        "metrics": metrics,
        **common,
        "sort_by": sort_name if sort_name in names else None,
        "bars": queries.one_or_many(
            [name for name in names if config.get(name, {}).get("showCellBars") is not False]
        ),
        "page_size": params.get("server_page_length") if params.get("server_pagination") else None,
    }


def _order(text: str) -> str:
    column, is_ascending = json.loads(text)
    return str(column) if is_ascending else f"-{column}"


def _funnel(params: Params) -> dict[str, Any]:
    metric, number = _with_format(queries.metric(params["metric"]), _number(params, "number_format"))
    return {
        "by": queries.one_or_many(params.get("groupby")),
        "metric": metric,
        "date": queries.date(params, "adhoc_filters"),
        "range": queries.date_range(params, "adhoc_filters"),
        "where": queries.where(params, "adhoc_filters"),
        "limit": params.get("row_limit"),
        "format": number,
    }


READERS: dict[str, Callable[[Params], dict[str, Any]]] = {
    "big_number": _big_number,
    "bar": _time_series,
    "line": _time_series,
    "mixed": _mixed,
    "table": _table,
    "funnel": _funnel,
}
