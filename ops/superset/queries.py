"""Convert metrics and conditions from the browser's form into that of the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.render.chart_types import Params, as_list, metric_param

_METRICS = ("metric", "metrics", "metrics_b", "timeseries_limit_metric", "percent_metrics")
_FILTERS = ("adhoc_filters", "adhoc_filters_b")
_ONE_VALUE = {
    "==": "=",
    "!=": "<>",
    ">": ">",
    "<": "<",
    ">=": ">=",
    "<=": "<=",
    "EQUALS": "=",
    "NOT EQUALS": "<>",
}
_MANY_VALUES = {"IN": "IN", "NOT IN": "NOT IN"}
_NO_VALUE = {"IS NULL": "IS NULL", "IS NOT NULL": "IS NOT NULL"}
_EVER = "No filter"
# Bars are shown unless a column disables them.
_PLAIN_COLUMN = (("showCellBars", True),)


def canonical(params: Mapping[str, Any]) -> Params:
    """Return the parameters with metrics and conditions in the form of declarations.

    Parts that declarations cannot express stay unchanged.
    """
    result = dict(params)
    for name in _METRICS:
        value = result.get(name)
        if value is not None:
            result[name] = [_metric(each) for each in value] if isinstance(value, list) else _metric(value)
    for name in _FILTERS:
        if name in result:
            conditions = [_condition(each) for each in result[name]]
            # The date is last, as in declarations.
            result[name] = sorted(conditions, key=lambda each: each.get("operator") == "TEMPORAL_RANGE")
    if "column_config" in result:
        result["column_config"] = {
            column: kept
            for column, settings in result["column_config"].items()
            if (
                kept := {
                    name: value for name, value in settings.items() if (name, value) not in _PLAIN_COLUMN
                }
            )
        }
    return result


def metric(param: Any) -> Any:
    """Return the word for a canonical metric: its name, or label and SQL of one that the chart defines."""
    if isinstance(param, Mapping) and "sqlExpression" in param:
        return {"label": param["label"], "sql": param["sqlExpression"]}
    return param


def where(params: Params, name: str) -> Any:
    """Return the word for canonical conditions; none when declarations cannot express them."""
    conditions = params.get(name, [])
    if not _is_plain(conditions):
        return None
    return one_or_many([each["sqlExpression"] for each in conditions[:-1]])


def date(params: Params, name: str) -> str | None:
    """Return the column that the dashboard's date filter applies to."""
    conditions = params.get(name, [])
    return str(conditions[-1]["subject"]) if _is_plain(conditions) else None


def date_range(params: Params, name: str) -> str | None:
    """Return the chart's own date range."""
    conditions = params.get(name, [])
    if not _is_plain(conditions) or conditions[-1]["comparator"] == _EVER:
        return None
    return str(conditions[-1]["comparator"])


def one_or_many(values: Any) -> Any:
    """Return a single value as itself, several as a list."""
    items = as_list(values)
    return items[0] if len(items) == 1 else items


def _is_plain(conditions: list[Params]) -> bool:
    *others, last = conditions or [{}]
    return last.get("operator") == "TEMPORAL_RANGE" and all(
        each["expressionType"] == "SQL" for each in others
    )


def _metric(param: Any) -> Any:
    if not isinstance(param, Mapping):
        return param
    if param["expressionType"] == "SQL":
        return metric_param({"label": param["label"], "sql": param["sqlExpression"]})
    column, aggregate = param["column"]["column_name"], param["aggregate"]
    sql = f"COUNT(DISTINCT {column})" if aggregate == "COUNT_DISTINCT" else f"{aggregate}({column})"
    return metric_param({"label": param["label"], "sql": sql})


def _condition(param: Params) -> Params:
    if param.get("operator") == "TEMPORAL_RANGE":
        names = ("expressionType", "clause", "subject", "operator", "comparator")
        return {name: param[name] for name in names}
    sql = param["sqlExpression"] if param["expressionType"] == "SQL" else _as_sql(param)
    if sql is None or param.get("clause", "WHERE") != "WHERE":
        return param
    return {"expressionType": "SQL", "clause": "WHERE", "sqlExpression": sql}


def _as_sql(param: Params) -> str | None:
    """Return the SQL of a condition built by clicks; none for operators without a plain counterpart."""
    column, operator, value = param["subject"], param["operator"], param.get("comparator")
    if operator in _NO_VALUE:
        return f"{column} {_NO_VALUE[operator]}"
    if operator in _ONE_VALUE and not isinstance(value, list):
        return f"{column} {_ONE_VALUE[operator]} {_literal(value)}"
    if operator in _MANY_VALUES and isinstance(value, list):
        return f"{column} {_MANY_VALUES[operator]} ({', '.join(_literal(each) for each in value)})"
    return None


def _literal(value: Any) -> str:
    if isinstance(value, int | float):
        return str(value).upper() if isinstance(value, bool) else str(value)
    return "'" + str(value).replace("'", "''") + "'"
