"""Chart types: the words of a declaration as Superset's parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.metrics import COUNT, MONEY, SHARE

Words = Mapping[str, Any]
Params = dict[str, Any]

CURRENCY = {"symbol": "${REPORTING_CURRENCY}", "symbolPosition": "suffix"}
GRAINS = {"day": "P1D", "week": "P1W", "month": "P1M"}
_GRAIN_TITLES = {"day": "Day", "week": "Week from", "month": "Month from"}
_FIRST_COLOUR = {"r": 31, "g": 111, "b": 139, "a": 1}
_BELOW_ZERO, _ABOVE_ZERO = "#E04355", "#5AC189"
_MONEY_WORD = "money"
_WHOLE_MONEY = ",.0f"


@dataclass(frozen=True)
class Number:
    """The format of a number: a d3 format, and whether the reporting currency follows."""

    d3: str
    is_money: bool = False

    @classmethod
    def parse(cls, text: str) -> Number:
        """Parse a number's word: `money`, `money ,.2f`, or a d3 format alone."""
        if text == _MONEY_WORD:
            return cls(_WHOLE_MONEY, is_money=True)
        return cls(text.removeprefix(f"{_MONEY_WORD} "), is_money=text.startswith(f"{_MONEY_WORD} "))

    def word(self) -> str:
        """Return the word that `parse` reads as this number."""
        if not self.is_money:
            return self.d3
        return _MONEY_WORD if self.d3 == _WHOLE_MONEY else f"{_MONEY_WORD} {self.d3}"


_COLUMN_NUMBERS = {
    MONEY.upper(): Number(_WHOLE_MONEY, is_money=True),
    COUNT.upper(): Number(",d"),
    SHARE.upper(): Number(".1%"),
}


@dataclass(frozen=True)
class Dataset:
    """The parts of a dataset that charts may use: its time column, metrics and columns."""

    name: str
    uuid: str
    date: str | None
    labels: Mapping[str, str]  # of its metrics
    numbers: Mapping[str, Number]  # of its metrics and numeric columns
    columns: tuple[str, ...]

    @classmethod
    def of(cls, asset: Mapping[str, Any]) -> Dataset:
        """Read what charts may use from a dataset in Superset's form."""
        metrics = asset["metrics"]
        numbers = {
            column["column_name"]: _COLUMN_NUMBERS[column["type"]]
            for column in asset["columns"]
            if column["type"] in _COLUMN_NUMBERS
        }
        numbers |= {
            each["metric_name"]: Number(each["d3format"], each["currency"] is not None) for each in metrics
        }
        return cls(
            name=asset["table_name"],
            uuid=asset["uuid"],
            date=asset["main_dttm_col"],
            labels={each["metric_name"]: each["verbose_name"] for each in metrics},
            numbers=numbers,
            columns=tuple(column["column_name"] for column in asset["columns"]),
        )

    def label(self, metric: str | Words) -> str:
        """Return a metric's name on the screen."""
        return self.labels[metric] if isinstance(metric, str) else str(metric["label"])

    def number(self, metric: str | Words) -> Number:
        """Return a metric's default number format."""
        return self.numbers[metric] if isinstance(metric, str) else Number.parse(metric.get("format", ",d"))


@dataclass(frozen=True)
class ChartType:
    """A type of chart: its name in Superset, the words it accepts and those it requires."""

    viz_type: str
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    params: Callable[[Words, Dataset], Params]


def as_list(value: Any) -> list[Any]:
    """Return the items of a word that takes one or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def metric_param(metric: str | Words) -> Any:
    """Return a metric of the dataset by name, or one that the chart defines by a label and SQL."""
    if isinstance(metric, str):
        return metric
    slug = re.sub(r"\W+", "_", metric["label"].lower()).strip("_")
    return {
        "expressionType": "SQL",
        "sqlExpression": metric["sql"],
        "label": metric["label"],
        "hasCustomLabel": True,
        "optionName": f"metric_{slug}",
    }


def filters(chart: Words, data: Dataset, part: Words | None = None) -> list[Params]:
    """Return the conditions of a query; the last one follows the dashboard's date filter."""
    conditions: list[Params] = [
        {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": condition}
        for condition in as_list((chart if part is None else part).get("where"))
    ]
    conditions.append(
        {
            "expressionType": "SIMPLE",
            "clause": "WHERE",
            "subject": chart.get("date", data.date),
            "operator": "TEMPORAL_RANGE",
            "comparator": chart.get("range", "No filter"),
        }
    )
    return conditions


def _big_number(chart: Words, data: Dataset) -> Params:
    number = _format(chart, "format", chart["metric"], data)
    return {
        "metric": metric_param(chart["metric"]),
        "x_axis": chart.get("date", data.date),
        "time_grain_sqla": GRAINS[chart.get("every", "day")],
        "aggregation": "raw",
        "adhoc_filters": filters(chart, data),
        "y_axis_format": number.d3,
        **({"currency_format": CURRENCY} if number.is_money else {}),
        "header_font_size": 0.4,
        "subheader_font_size": 0.15,
        "show_trend_line": True,
        "start_y_axis_at_zero": True,
        "show_timestamp": False,
        "show_x_axis": False,
        "show_metric_name": False,
        "time_format": "%d %b %Y",
        "color_picker": _FIRST_COLOUR,
        "rolling_type": "None",
    }


def _bar(chart: Words, data: Dataset) -> Params:
    return {
        **_time_series(chart, data, chart, every="week"),
        "color_scheme": "supersetColors",
        "stack": "Stack",
        "orientation": "vertical",
        "showTooltipTotal": True,
        "only_total": True,
        "show_value": False,
    }


def _line(chart: Words, data: Dataset) -> Params:
    return {
        **_time_series(chart, data, chart, every="day"),
        "color_scheme": "supersetColors",
        "markerEnabled": False,
        "seriesType": "line",
        "truncateXAxis": True,
    }


def _mixed(chart: Words, data: Dataset) -> Params:
    bars, line = chart["bars"], chart["line"]
    mean_of, is_right = line.get("mean_of"), line.get("axis") == "right"
    first = as_list(line["metrics"])[0]
    mean = {"rolling_type_b": "mean", "rolling_periods_b": mean_of, "min_periods_b": mean_of}
    right = {
        "yAxisTitleSecondary": chart.get("y_title_right", _axis_title(first, data)),
        "y_axis_format_secondary": _format(chart, "y_format_right", first, data).d3,
        "y_axis_bounds_secondary": [0, None],
    }
    return {
        **_time_series(chart, data, bars, every="day"),
        "seriesType": "bar",
        "stack": True,
        "yAxisIndex": 0,
        "metrics_b": [metric_param(each) for each in as_list(line["metrics"])],
        "groupby_b": as_list(line.get("by")),
        "adhoc_filters_b": filters(chart, data, line),
        **({"seriesTypeB": "smooth", **mean} if mean_of else {"seriesTypeB": "line", "markerSizeB": 6}),
        "markerEnabledB": not mean_of,
        "truncate_metric_b": True,
        "row_limit_b": 10000,
        "yAxisIndexB": int(is_right),
        **(right if is_right else {}),
        "truncateXAxis": True,
        "y_axis_bounds": [None, None],
    }


def _time_series(chart: Words, data: Dataset, query: Words, every: str) -> Params:
    """Return the parameters common to charts over time: the first query, the axes, the legend."""
    grain = chart.get("every", every)
    metrics = as_list(query["metrics"])
    return {
        "x_axis": chart.get("date", data.date),
        "time_grain_sqla": GRAINS[grain],
        "metrics": [metric_param(each) for each in metrics],
        "groupby": as_list(query.get("by")),
        "adhoc_filters": filters(chart, data, query),
        "order_desc": True,
        "row_limit": 10000,
        "truncate_metric": True,
        "show_legend": True,
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "tooltipTimeFormat": "%a %d %b %Y" if grain == "day" else "%d %b %Y",
        "x_axis_time_format": "%d %b",
        "x_axis_title": chart.get("x_title", _GRAIN_TITLES[grain]),
        "x_axis_title_margin": 28,
        "y_axis_title": chart.get("y_title", _axis_title(metrics[0], data)),
        "y_axis_title_margin": 15,
        "y_axis_title_position": "Top",
        "y_axis_format": _format(chart, "y_format", metrics[0], data).d3,
        "annotation_layers": [],
    }


def _table(chart: Words, data: Dataset) -> Params:
    return {
        "groupby": [],
        "metrics": [],
        "all_columns": [],
        "percent_metrics": [],
        "adhoc_filters": filters(chart, data),
        "align_pn": False,
        "include_search": False,
        "page_length": 0,
        **(_rows(chart, data) if "columns" in chart else _groups(chart, data)),
        **({"table_timestamp_format": chart["date_format"]} if "date_format" in chart else {}),
    }


def _rows(chart: Words, data: Dataset) -> Params:
    """Return the parameters of a table that shows rows without aggregation."""
    order = as_list(chart.get("sort_by"))
    signed = as_list(chart.get("colour_by_sign"))
    params: Params = {
        "query_mode": "raw",
        "all_columns": as_list(chart["columns"]),
        "order_by_cols": [json.dumps([each.removeprefix("-"), not each.startswith("-")]) for each in order],
        "row_limit": chart.get("limit", 60),
        "show_cell_bars": False,
        "color_pn": True,
        "column_config": {
            name: settings
            for name in as_list(chart["columns"])
            if (settings := _column(chart, name, data.numbers.get(name)))
        },
    }
    if signed:
        params["conditional_formatting"] = [
            {"column": column, "operator": operator, "targetValue": 0, "colorScheme": colour}
            for column in signed
            for operator, colour in (("<", _BELOW_ZERO), (">", _ABOVE_ZERO))
        ]
    return params


def _groups(chart: Words, data: Dataset) -> Params:
    """Return the parameters of a table that aggregates by one or more columns."""
    metrics = as_list(chart["metrics"])
    by_name = {each if isinstance(each, str) else str(each["label"]): each for each in metrics}
    bars = as_list(chart.get("bars", next(iter(by_name))))
    config = {name: _column(chart, name, None) for name in as_list(chart.get("by"))}
    for name, metric in by_name.items():
        has_bars = {} if name in bars else {"showCellBars": False}
        config[name] = {**_column(chart, name, data.number(metric)), **has_bars}
    params: Params = {
        "query_mode": "aggregate",
        "groupby": as_list(chart.get("by")),
        "metrics": [metric_param(each) for each in metrics],
        "timeseries_limit_metric": metric_param(by_name[chart.get("sort_by", next(iter(by_name)))]),
        "order_desc": True,
        "row_limit": chart.get("limit", 20),
        "show_cell_bars": True,
        "color_pn": False,
        "column_config": {name: settings for name, settings in config.items() if settings},
    }
    if "page_size" in chart:
        params |= {
            "server_pagination": True,
            "server_page_length": chart["page_size"],
            "allow_rearrange_columns": False,
            "row_limit": chart.get("limit", 10000),
        }
    return params


def _column(chart: Words, name: str, number: Number | None) -> Params:
    """Return a column's format in a table: the chart's own, else that of its kind of number."""
    formats, labels = chart.get("formats", {}), chart.get("labels", {})
    if name in formats:
        number = Number.parse(formats[name])
    return {
        **({"d3NumberFormat": number.d3} if number else {}),
        **({"currencyFormat": CURRENCY} if number and number.is_money else {}),
        **({"customColumnName": labels[name]} if name in labels else {}),
    }


def _funnel(chart: Words, data: Dataset) -> Params:
    return {
        "groupby": as_list(chart["by"]),
        "metric": metric_param(chart["metric"]),
        "adhoc_filters": filters(chart, data),
        "row_limit": chart.get("limit", 10),
        "sort_by_metric": True,
        "percent_calculation_type": "first_step",
        "number_format": _format(chart, "format", chart["metric"], data).d3,
        "label_type": 5,
        "tooltip_label_type": 5,
        "show_labels": True,
        "show_tooltip_labels": True,
        "show_legend": False,
        "color_scheme": "supersetColors",
    }


def _format(chart: Words, word: str, metric: str | Words, data: Dataset) -> Number:
    return Number.parse(chart[word]) if word in chart else data.number(metric)


def _axis_title(metric: str | Words, data: Dataset) -> str:
    currency = f", {CURRENCY['symbol']}" if data.number(metric).is_money else ""
    return f"{data.label(metric)}{currency}"


_QUERY = ("date", "range", "where")
_AXES = ("every", "x_title", "y_title", "y_format")

TYPES = {
    "big_number": ChartType("big_number", ("metric",), (*_QUERY, "every", "format"), _big_number),
    "bar": ChartType("echarts_timeseries_bar", ("metrics",), (*_QUERY, *_AXES, "by"), _bar),
    "line": ChartType("echarts_timeseries_line", ("metrics",), (*_QUERY, *_AXES, "by"), _line),
    "mixed": ChartType(
        "mixed_timeseries",
        ("bars", "line"),
        ("date", "range", *_AXES, "y_title_right", "y_format_right"),
        _mixed,
    ),
    "table": ChartType(
        "table",
        (),
        (
            *_QUERY,
            *("columns", "by", "metrics", "sort_by", "limit", "page_size", "formats", "labels", "bars"),
            *("colour_by_sign", "date_format"),
        ),
        _table,
    ),
    "funnel": ChartType("funnel", ("by", "metric"), (*_QUERY, "limit", "format"), _funnel),
}
# The words that every chart accepts besides those of its type.
NEEDED = ("type", "title", "description", "dataset")
OPTIONAL = ("options", "uuid")


def params(chart: Words, data: Dataset) -> Params:
    """Return all parameters of a chart; `options` are Superset's own and win, null omits a parameter."""
    options: Params = dict(chart.get("options", {}))
    known = TYPES.get(chart["type"])
    built = {"viz_type": viz_type(chart), **(known.params(chart, data) if known else {})}
    return {name: value for name, value in {**built, **options}.items() if value is not None}


def viz_type(chart: Words) -> str:
    """Return Superset's name of a chart's type; a type without our own words keeps Superset's name."""
    known = TYPES.get(chart["type"])
    return known.viz_type if known else str(chart["type"])
