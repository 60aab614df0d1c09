"""A column's suffix matches its type."""

import re

import pytest

from contracts.metrics import METRICS
from contracts.model import SILVER_SYSTEM_COLUMNS, Layer
from contracts.registry import TABLES

TYPES_BY_SUFFIX = {
    "_id": r"bigint|string",
    "_at": r"timestamp",
    "_date": r"date",
    "_amount": r"decimal\((18|28),4\)",
    "_count": r"bigint",
    "_share": r"decimal\(\d+,\d+\)",
}
PREFIXES_OF_BOOLEANS = ("is_", "has_")
# Names given by the shop, Kafka or common usage.
GIVEN_NAMES = {
    "accepts_marketing": "boolean",
    "prices_include_tax": "boolean",
    "valid_from": "timestamp",
    "valid_to": "timestamp",
}

COLUMNS = [
    pytest.param(column, id=f"{table.id}.{column.name}")
    for table in TABLES.values()
    if table.layer in (Layer.SILVER, Layer.GOLD)
    for column in (*table.columns, *SILVER_SYSTEM_COLUMNS)
]


@pytest.mark.parametrize("column", COLUMNS)
def test_suffix_and_type_agree(column):
    if column.name in GIVEN_NAMES:
        assert column.type == GIVEN_NAMES[column.name]
        return
    # The same figure, by the day of the order.
    if column.name.endswith("_by_order_date"):
        assert METRICS[column.name.removesuffix("_by_order_date")].type == column.type
        return
    for suffix, types in TYPES_BY_SUFFIX.items():
        if column.name.endswith(suffix):
            assert re.fullmatch(types, column.type)
    assert column.name.startswith(PREFIXES_OF_BOOLEANS) == (column.type == "boolean")
    assert column.name.endswith("_at") == (column.type == "timestamp")
    assert column.name.endswith("_date") == (column.type == "date")


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_has_a_description_and_no_money_is_a_float(column):
    assert column.doc
    assert column.type not in ("float", "double")


def test_a_figure_has_one_type_and_definition_in_every_mart():
    for table in TABLES.values():
        if table.layer is Layer.GOLD:
            for name in set(table.column_names) & set(METRICS):
                assert table.column(name).type == METRICS[name].type, f"{table.id}.{name}"


def test_ratios_are_made_of_additive_figures():
    for figure in METRICS.values():
        if figure.ratio:
            parts = re.findall(r"[a-z_]+", " ".join(figure.ratio))
            assert not figure.is_additive
            assert all(METRICS[part].is_additive for part in parts), figure.name
