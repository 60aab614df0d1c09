"""Declarations that the registry and the table model refuse."""

import pytest

from contracts.model import Column, ContractError, Layer, Pii, Table
from contracts.registry import TABLES, registry, table, tables_of


def declared(name="orders", layer=Layer.SILVER, **changes):
    declaration = {
        "grain": "one row per order",
        "doc": "Orders.",
        "key": ("order_id",),
        "columns": (Column("order_id", "bigint", "The order"),),
    }
    return Table(name=name, layer=layer, **(declaration | changes))


def test_a_table_declared_twice_is_refused():
    with pytest.raises(ContractError, match=r"silver\.orders is declared twice"):
        registry([declared(), declared()])


def test_an_unknown_input_is_refused():
    with pytest.raises(ContractError, match=r"silver\.orders reads shop\.orders, which nobody declares"):
        registry([declared(inputs=("shop.orders",))])


def test_a_circle_is_refused_and_named():
    first = declared("first", inputs=("silver.second",))
    second = declared("second", inputs=("silver.first",))
    with pytest.raises(
        ContractError,
        match=r"silver\.(first → silver\.second → silver\.first|second → silver\.first → silver\.second)",
    ):
        registry([first, second])


@pytest.mark.parametrize("reference", ["customers.customer_id", "orders.customer_id"])
def test_a_reference_to_an_unknown_table_or_column_is_refused(reference):
    columns = (
        Column("order_id", "bigint", "The order"),
        Column("other_id", "bigint", "…", references=reference),
    )
    with pytest.raises(ContractError, match=f"references {reference}"):
        registry([declared(columns=columns)])


def test_inputs_come_before_what_is_made_of_them():
    mart = declared("daily_sales", Layer.GOLD, inputs=("silver.orders",))
    assert list(registry([mart, declared()])) == ["silver.orders", "gold.daily_sales"]
    order = list(TABLES)
    assert all(
        order.index(source) < order.index(name) for name, each in TABLES.items() for source in each.inputs
    )


@pytest.mark.parametrize("role", ["key", "newest_by", "partition_by"])
def test_a_role_for_an_unknown_column_is_refused(role):
    with pytest.raises(ContractError, match=f"{role} names unknown columns \\['placed_on'\\]"):
        declared(**{role: ("placed_on",)})


def test_a_table_without_a_key_is_refused():
    with pytest.raises(ContractError, match="needs a key"):
        declared(key=())


def test_a_column_declared_twice_is_refused():
    with pytest.raises(ContractError, match="a column is declared twice"):
        declared(columns=(Column("order_id", "bigint", "…"), Column("order_id", "string", "…")))


@pytest.mark.parametrize("name", ["Orders", "1st", "a-b", 'a"b'])
def test_a_name_that_is_no_lower_case_identifier_is_refused(name):
    with pytest.raises(ContractError, match="lower-case identifier"):
        declared(name)


def test_contact_data_cannot_enter_gold():
    columns = (Column("order_id", "bigint", "…"), Column("email", "string", "…", pii=Pii.DIRECT))
    with pytest.raises(ContractError, match=r"contact data may not enter gold: \['email'\]"):
        declared(layer=Layer.GOLD, columns=columns)
    assert declared(columns=columns).column("email").pii is Pii.DIRECT


def test_an_unknown_table_is_named_beside_the_known_ones():
    with pytest.raises(KeyError, match=r"no table 'gold.sales'; there are .*gold.daily_sales"):
        table("gold.sales")


def test_every_layer_has_tables():
    assert {layer for layer in Layer if tables_of(layer)} == set(Layer)
