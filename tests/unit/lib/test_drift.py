"""What of the shop's schema may change."""

from __future__ import annotations

import pytest

from contracts.model import Column, Layer, Table
from spark_jobs.lib.drift import drift, refuse_breaking
from spark_jobs.lib.errors import UserError
from spark_jobs.lib.mysql_types import SourceColumn

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
