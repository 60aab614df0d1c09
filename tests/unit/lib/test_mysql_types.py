"""MySQL types in bronze, and lines of CSV back into columns."""

from __future__ import annotations

from decimal import Decimal

import pytest

from spark_jobs.lib.mysql_source import parse
from spark_jobs.lib.mysql_types import SourceColumn, quoted


@pytest.mark.parametrize(
    ("mysql", "spark"),
    [
        ("bigint(20) unsigned", "decimal(20,0)"),
        ("bigint", "bigint"),
        ("int(10) unsigned", "bigint"),
        ("tinyint(1)", "boolean"),
        ("tinyint(4)", "bigint"),
        ("bit(1)", "boolean"),
        ("bit(8)", "decimal(20,0)"),
        ("decimal(12,2)", "decimal(12,2)"),
        ("decimal(65,30)", "string"),
        ("double", "double"),
        ("datetime(6)", "string"),
        ("date", "string"),
        ("enum('a','b')", "string"),
        ("json", "string"),
        ("varchar(20)", "string"),
    ],
)
def test_each_mysql_type_has_one_type_in_bronze(mysql: str, spark: str) -> None:
    assert SourceColumn("c", mysql).spark_type == spark


def test_null_empty_text_and_quoted_text_stay_apart() -> None:
    columns = [
        SourceColumn("id", "bigint unsigned"),
        SourceColumn("t", "text"),
        SourceColumn("b", "tinyint(1)"),
    ]
    parsed = parse(["18446744073709551615,,1", '2,"",0', '3,"a ""b"", c\nd",', '4,"NULL",1'], columns)
    assert [tuple(row.values()) for row in parsed.to_pylist()] == [
        (Decimal(18446744073709551615), None, True),
        (Decimal(2), "", False),
        (Decimal(3), 'a "b", c\nd', None),
        (Decimal(4), "NULL", True),
    ]


def test_an_identifier_cannot_end_its_quotes() -> None:
    assert quoted("a`b") == "`a``b`"
