"""Permitted changes of the shop's schema."""

from __future__ import annotations

import pyarrow as pa
import pytest

from contracts.model import Column, Layer, Table
from spark_jobs.errors import UserError
from spark_jobs.sources.mysql_types import SourceColumn
from spark_jobs.sources.schema_drift import carried, drift, refuse_breaking, safe_name

ORDERS = Table(
    name="orders",
    layer=Layer.SHOP,
    grain="one row per order",
    doc="Orders.",
    key=("id",),
    columns=(
        Column("id", "bigint unsigned", "Id"),
        Column("code", "varchar(10)", "Code"),
        Column("total", "decimal(12,2)", "Total"),
        Column("settings", "json", "Settings"),
    ),
)
AS_DECLARED = {
    "id": "bigint(20) unsigned",
    "code": "varchar(10)",
    "total": "decimal(12,2)",
    "settings": "longtext",
}


def found(**changed: str | None) -> tuple[list[str], list[str]]:
    columns = AS_DECLARED | changed
    source = {"orders": [SourceColumn(name, kind) for name, kind in columns.items() if kind]}
    result = drift([ORDERS], source)
    return result.breaking, result.new


def test_the_same_schema_as_mariadb_and_mysql_write_it_is_no_drift() -> None:
    assert found() == ([], [])
    assert found(id="bigint unsigned", settings="json") == ([], [])


def test_a_wider_text_is_no_drift() -> None:
    assert found(code="varchar(500)") == ([], [])


def test_what_changes_the_type_breaks() -> None:
    assert found(total="decimal(14,4)") == (
        ["column orders.total was decimal(12,2) and is decimal(14,4)"],
        [],
    )
    assert found(id="bigint")[0] == ["column orders.id was bigint unsigned and is bigint"]


def test_a_missing_column_or_table_breaks() -> None:
    assert found(code=None)[0] == ["column orders.code is gone"]
    assert drift([ORDERS], {}).breaking == ["table orders is gone"]


def test_a_new_column_is_reported() -> None:
    assert found(note="text") == ([], ["orders.note text"])


def test_a_refusal_names_every_column() -> None:
    with pytest.raises(UserError, match=r"orders.code is gone; column orders.total was"):
        refuse_breaking(
            drift(
                [ORDERS],
                {
                    "orders": [
                        SourceColumn("id", "bigint unsigned"),
                        SourceColumn("total", "double"),
                        SourceColumn("settings", "json"),
                    ]
                },
            )
        )


@pytest.mark.parametrize("wider", ["decimal(20,2)", "decimal(65,2)", "decimal(10,2)"])
def test_a_decimal_of_the_same_scale_is_no_drift(wider: str) -> None:
    assert found(total=wider) == ([], [])


def test_a_name_that_differs_in_case_is_the_same_column() -> None:
    source = [SourceColumn(name.upper(), kind) for name, kind in AS_DECLARED.items()]
    assert drift([ORDERS], {"orders": source}).breaking == []
    columns, _ = carried(ORDERS, source, {})
    assert [column.bronze_name for column in columns] == list(AS_DECLARED)


def kept(known: dict[str, pa.DataType], **extra: str) -> tuple[dict[str, pa.DataType], list[str]]:
    source = [SourceColumn(name, kind) for name, kind in (AS_DECLARED | extra).items()]
    columns, notes = carried(ORDERS, source, known)
    return {
        each.bronze_name: each.arrow_type for each in columns if each.bronze_name not in AS_DECLARED
    }, notes


def test_a_column_that_comes_back_keeps_the_type_it_had_where_it_can() -> None:
    assert kept({"note": pa.string()}, note="int")[0] == {"note": pa.string()}
    assert kept({"Note": pa.string()}, note="text") == ({"Note": pa.string()}, ["column 'note' kept as Note"])
    assert kept({"note": pa.int64()}, note="bigint unsigned")[0] == {"note": pa.int64()}
    assert kept({"note": pa.int64()}, note="text") == ({}, ["column note left out: was int64, is text"])


def test_a_name_that_the_lake_cannot_have_is_changed_and_said() -> None:
    columns, notes = kept({}, **{"a.b `c`": "text", "_op": "text", "größe": "text", "a_b__c_": "text"})
    assert list(columns) == ["a_b__c_", "source_op", "größe"]
    assert "column 'a_b__c_' left out: a_b__c_ is another column" in notes


@pytest.mark.parametrize("name", ["_op", "_OP", "_ingested_at", "_raw", "_change_type", "_metadata"])
def test_names_that_the_platform_uses_itself_are_left_to_it(name: str) -> None:
    assert safe_name(name) == f"source{name}"
