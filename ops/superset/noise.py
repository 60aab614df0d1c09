"""Parameters that Superset 6.1 writes into a chart besides the user's choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.render.chart_types import Params

# The origin of the chart and where it was opened, not its appearance.
_BOOKKEEPING = {
    *("datasource", "slice_id", "dashboards", "extra_form_data", "url_params", "viz_type"),
    "temporal_columns_lookup",
}
# Parameters of a grid of charts, unless it is enabled.
_GRID, _GRID_SWITCH = "matrixify_", "matrixify_enable"
# Values that the browser fills in on saving; a missing parameter means the same.
DEFAULTS: Params = {
    "allow_rearrange_columns": False,
    "allow_render_html": True,
    "area": False,
    "areaB": False,
    "color_by_primary_axis": False,
    "color_scheme": "supersetColors",
    "comparison_color_enabled": False,
    "comparison_color_scheme": "Green",
    "comparison_type": "values",
    "comparison_type_b": "values",
    "echart_options": "{}",
    "force_max_interval": False,
    "force_timestamp_formatting": False,
    "forecastEnabled": False,
    "forecastInterval": 0.8,
    "forecastPeriods": 10,
    "group_others_when_limit_reached": False,
    "legendOrientation": "top",
    "logAxis": False,
    "logAxisSecondary": False,
    "markerEnabled": False,
    "markerSize": 6,
    "markerSizeB": 6,
    "metric_name_font_size": 0.15,
    "minorSplitLine": False,
    "minorTicks": False,
    "only_total": True,
    "only_totalB": True,
    "opacity": 0.2,
    "opacityB": 0.2,
    "order_desc": True,
    "order_desc_b": True,
    "percent_metric_calculation": "row_limit",
    "percentage_threshold": 0,
    "seriesType": "line",
    "server_pagination": False,
    "showTooltipPercentage": False,
    "showTooltipTotal": True,
    "show_empty_columns": True,
    "show_query_identifiers": False,
    "show_totals": False,
    "show_value": False,
    "show_x_axis_min_max_labels": False,
    "show_y_axis": False,
    "show_y_axis_min_max_labels": False,
    "sort_series_ascending": False,
    "sort_series_ascendingB": False,
    "sort_series_type": "sum",
    "sort_series_typeB": "sum",
    "stackB": False,
    "subtitle_font_size": 0.15,
    "table_timestamp_format": "smart_date",
    "time_shift_color": True,
    "tooltipSortByMetric": False,
    "truncateXAxis": True,
    "truncateYAxis": False,
    "xAxisForceCategorical": False,
    "xAxisLabelInterval": "auto",
    "xAxisLabelRotation": 0,
    "x_axis_number_format": "~g",
    "x_axis_sort_asc": True,
    "y_axis_bounds": [None, None],
    "y_axis_bounds_secondary": [None, None],
    "y_axis_format_secondary": "SMART_NUMBER",
    "zoomable": False,
}


def is_empty(value: Any) -> bool:
    """Return whether a parameter is empty: Superset uses null, an empty text, list or mapping."""
    return value in (None, "", [], {})


def without_noise(params: Mapping[str, Any]) -> Params:
    """Return the parameters that change the chart's appearance from the default."""
    has_grid, has_pages = params.get(_GRID_SWITCH), params.get("server_pagination")
    return {
        name: value
        for name, value in params.items()
        if name not in _BOOKKEEPING
        and value is not None
        and (name not in DEFAULTS or value != DEFAULTS[name])
        and (has_grid or not name.startswith(_GRID))
        and (has_pages or name != "server_page_length")
    }
