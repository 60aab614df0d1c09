"""Every figure of every mart equals a source, or states why it has none: no new mart can be forgotten."""

import re

import pytest

from contracts.metrics import METRICS
from contracts.model import Layer
from contracts.reconciliation import EQUALITIES, NOT_RECONCILED
from contracts.registry import TABLES, tables_of

# Ratios within a row or of two sums: their parts are reconciled.
RATIOS = re.compile(r"(_rate|_share|^exchange_rate|^roas|^average_order_value|^median_order_value)$")
FIGURES = [
    (table, column.name)
    for table in tables_of(Layer.GOLD)
    for column in table.columns
    if (column.type.startswith("decimal") and not RATIOS.search(column.name))
    or (column.name in METRICS and METRICS[column.name].is_additive)
]
RECONCILED = {(each.mart, figure) for each in EQUALITIES for figure in each.figures}
# Figures that others must equal, column by column, are compared with them.
SOURCES = {
    (source.rows, of_row)
    for each in EQUALITIES
    for source in each.sources
    for of_row in source.figures.values()
}


@pytest.mark.parametrize(
    ("table", "figure"), [pytest.param(*each, id=f"{each[0].id}.{each[1]}") for each in FIGURES]
)
def test_a_figure_equals_a_source_or_says_why_it_has_none(table, figure):
    is_reconciled = (table.id, figure) in RECONCILED | SOURCES
    assert is_reconciled != (f"{table.id}.{figure}" in NOT_RECONCILED), (
        f"{table.id}.{figure}: declare in contracts/reconciliation.py what it must equal, or why nothing"
    )


@pytest.mark.parametrize("equality", EQUALITIES, ids=lambda each: f"{each.mart}={each.of}")
def test_an_equality_speaks_of_declared_tables_and_columns(equality):
    mart = TABLES[equality.mart]
    assert set(equality.figures) - {"rows"} <= set(mart.column_names)
    for source in (*equality.sources, *equality.reasons):
        assert set(source.key) <= set(mart.column_names)
        assert set(source.key), "without a key no row can be named"
        named = re.findall(r"\b((?:silver|gold)\.\w+)", source.rows)
        assert set(named) <= set(TABLES)


def test_a_stated_reason_is_about_a_figure_that_there_is():
    assert set(NOT_RECONCILED) <= {f"{table.id}.{figure}" for table, figure in FIGURES}
