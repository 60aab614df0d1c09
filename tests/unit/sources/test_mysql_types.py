"""MySQL types in bronze, and lines of CSV parsed into columns."""

from __future__ import annotations

from decimal import Decimal

import pytest

from spark_jobs.sources.mysql_rows import parse
from spark_jobs.sources.mysql_types import SourceColumn, quoted


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
        ("year(4)", "bigint"),
        ("int(8) unsigned zerofill", "bigint"),
        ("polygon", "string"),
        ("vector(3)", "string"),
        ("uuid", "string"),
        ("a type of tomorrow", "string"),
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
    lines = ["18446744073709551615,,1", '2,"",0', '3,"a ""b"", c\nd",', '4,"NULL",1']
    parsed = parse([line.encode() for line in lines], columns)
    assert [tuple(row.values()) for row in parsed.to_pylist()] == [
        (Decimal(18446744073709551615), None, True),
        (Decimal(2), "", False),
        (Decimal(3), 'a "b", c\nd', None),
        (Decimal(4), "NULL", True),
    ]


def test_an_identifier_cannot_end_its_quotes() -> None:
    assert quoted("a`b") == "`a``b`"


@pytest.mark.parametrize(
    "mysql",
    [
        *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        *("geometrycollection", "geomcollection", "vector(3)", "binary(4)", "varbinary(9)", "tinyblob"),
        *("blob", "mediumblob", "longblob", "a type of tomorrow"),
    ],
)
def test_what_is_no_text_and_no_number_is_carried_as_its_bytes(mysql: str) -> None:
    assert SourceColumn("c", mysql).text() == "HEX(`c`)"


def test_lines_that_are_not_as_many_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="1 lines became 2 rows"):
        parse([b"1\n2"], [SourceColumn("id", "int")])


def test_bytes_that_are_no_text_cost_only_themselves() -> None:
    parsed = parse([b'1,"caf\xe9"', b'2,"b"'], [SourceColumn("id", "int"), SourceColumn("t", "text")])
    assert parsed["t"].to_pylist() == ["caf\ufffd", "b"]


def test_null_at_the_very_end_is_null() -> None:
    columns = [SourceColumn("a", "text"), SourceColumn("b", "text")]
    assert parse([b'"",'], columns).to_pylist() == [{"a": "", "b": None}]
