"""Marts as Superset datasets, in the format of Superset's own import."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from contracts.metrics import COUNT, METRICS, MONEY, Metric
from contracts.model import Column, Table
from contracts.render.yaml import Value, to_yaml

FOLDER = "superset/assets/datasets/warehouse"
QUERIES_FOLDER = "superset/assets/datasets/derived"
SCHEMA = "mart"
# Superset finds earlier imports by uuid; these are in our own namespace and never change.
_NAMESPACE = uuid.UUID("7d1b0c5e-52a5-5cf6-9f0e-3a53c2b1f6d4")
_FIGURE = re.compile(r"[a-z_]+")

_TYPES = {"timestamp": "TIMESTAMP WITH TIME ZONE", "string": "TEXT", "int": "INTEGER"}


def asset_uuid(kind: str, name: str) -> str:
    """Return the uuid of an asset, which never changes."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))


DATABASE_UUID = asset_uuid("database", "warehouse")


def dataset(table: Table) -> str:
    """Return the dataset of a mart: its columns with their descriptions, and its figures as metrics."""
    return to_yaml(mart(table))


def mart(table: Table) -> dict[str, Any]:
    """Return the content of `dataset` as values."""
    columns = [_column(column) for column in table.columns]
    if "is_complete" in table.column_names:
        columns.append(_completeness())
    return {
        "table_name": table.name,
        "main_dttm_col": next((column.name for column in table.columns if column.type == "date"), None),
        "description": f"{table.doc} Grain: {table.grain}.",
        "schema": SCHEMA,
        "sql": None,
        "filter_select_enabled": True,
        "is_managed_externally": True,
        "uuid": asset_uuid("dataset", table.name),
        "metrics": [_metric(METRICS[name]) for name in table.column_names if _sums_up(table, name)],
        "columns": columns,
        "version": "1.0.0",
        "database_uuid": DATABASE_UUID,
    }


def query(name: str, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dataset of a declared query: its columns and its metrics, both by name."""
    columns = [Column(column, each["type"], each["description"]) for column, each in words["columns"].items()]
    return {
        "table_name": name,
        "main_dttm_col": next((column.name for column in columns if column.type == "date"), None),
        "description": words["description"],
        "schema": SCHEMA,
        "sql": words["sql"],
        "filter_select_enabled": True,
        "is_managed_externally": True,
        "uuid": asset_uuid("dataset", name),
        "metrics": [
            {
                "metric_name": metric,
                "verbose_name": each["label"],
                "metric_type": "expression",
                "expression": each["sql"],
                "description": each["description"],
                "d3format": each["format"],
                "currency": None,
            }
            for metric, each in words["metrics"].items()
        ],
        "columns": [_column(column) for column in columns],
        "version": "1.0.0",
        "database_uuid": DATABASE_UUID,
    }


def _column(column: Column) -> Value:
    is_time = column.type in ("date", "timestamp")
    return {
        "column_name": column.name,
        "verbose_name": column.name.replace("_", " ").capitalize(),
        "description": column.doc,
        "type": _TYPES.get(column.type, column.type.upper()),
        "is_dttm": is_time,
        "is_active": True,
        "groupby": not column.type.startswith("decimal"),
        "filterable": True,
        "expression": None,
    }


def _completeness() -> Value:
    """Return a column with completeness in words, so that charts can colour unfinished periods."""
    return {
        "column_name": "completeness",
        "verbose_name": "Completeness",
        "description": "`unfinished` until the period is over and its late-data allowance has passed",
        "type": "TEXT",
        "is_dttm": False,
        "is_active": True,
        "groupby": True,
        "filterable": True,
        "expression": "CASE WHEN is_complete THEN 'Complete' ELSE 'Unfinished' END",
    }


def _sums_up(table: Table, name: str) -> bool:
    figure = METRICS.get(name)
    if figure is None:
        return False
    if figure.ratio is None:
        return figure.is_additive
    return set(_FIGURE.findall(" ".join(figure.ratio))) <= set(table.column_names)


def _metric(figure: Metric) -> Value:
    return {
        "metric_name": figure.name,
        "verbose_name": figure.label,
        "metric_type": "expression",
        "expression": metric_sql(figure),
        "description": figure.doc,
        "d3format": _number_format(figure),
        "currency": {"symbol": "${REPORTING_CURRENCY}", "symbolPosition": "suffix"}
        if figure.type == MONEY
        else None,
    }


def _number_format(figure: Metric) -> str:
    if figure.type == MONEY:
        # Sums are shown in whole units, amounts per unit or order in cents.
        return ",.0f" if figure.is_additive else ",.2f"
    if figure.type == COUNT:
        return ",d"
    return ",.1f" if figure.is_additive else ".2%"  # shares of whole units, or a rate


def metric_sql(figure: Metric) -> str:
    """Return SQL for the figure over any set of rows: a sum, or a ratio of sums."""
    if figure.ratio is None:
        return f"SUM({figure.name})"
    numerator, denominator = (_FIGURE.sub(lambda match: f"SUM({match[0]})", part) for part in figure.ratio)
    # Counts are integers: without the cast their ratio would be truncated.
    return f"CAST({numerator} AS numeric) / NULLIF({denominator}, 0)"
