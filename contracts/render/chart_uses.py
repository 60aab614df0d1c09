"""Metrics and columns of a dataset that a chart uses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.render.chart_types import as_list

_METRICS = ("metric", "metrics", "metrics_b", "timeseries_limit_metric", "percent_metrics")
_COLUMNS = ("x_axis", "groupby", "groupby_b", "all_columns")
_FILTERS = ("adhoc_filters", "adhoc_filters_b")


@dataclass(frozen=True)
class Uses:
    """Metrics and columns by name, and the SQL of metrics and conditions that a chart defines itself."""

    metrics: frozenset[str]
    columns: frozenset[str]
    sql: tuple[str, ...]

    def names_in_sql(self, column: str) -> bool:
        """Return whether the chart's own SQL contains this column's name as a word."""
        return any(re.search(rf"\b{re.escape(column)}\b", text) for text in self.sql)


def uses(params: Mapping[str, Any]) -> Uses:
    """Return the metrics and columns that a chart's parameters name."""
    metrics = [each for name in _METRICS for each in as_list(params.get(name))]
    filters = [each for name in _FILTERS for each in params.get(name, ())]
    columns = [each for name in _COLUMNS for each in as_list(params.get(name))]
    columns += [each["subject"] for each in filters if each["expressionType"] == "SIMPLE"]
    columns += [json.loads(each)[0] for each in params.get("order_by_cols", ())]
    own = [each for each in (*metrics, *filters, *columns) if isinstance(each, Mapping)]
    return Uses(
        metrics=frozenset(each for each in metrics if isinstance(each, str)),
        columns=frozenset(each for each in columns if isinstance(each, str)),
        sql=tuple(str(each["sqlExpression"]) for each in own if each.get("sqlExpression")),
    )
