"""Every type and text of the source in bronze, read from a real server without Spark."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.model import Column, Layer, Table
from spark_jobs.settings import settings
from spark_jobs.sources import mysql_rows
from spark_jobs.sources import mysql_snapshot as mysql
from spark_jobs.sources.mysql_rows import RowReader
from spark_jobs.sources.schema_drift import carried
from tests.integration.servers import Environment, Shop

pytestmark = pytest.mark.stack

THINGS = Table(
    name="things",
    layer=Layer.SHOP,
    grain="one row per thing",
    doc="Things.",
    key=("id",),
    columns=(Column("id", "bigint", "Id"),),
)


def read(max_packet: int | None = None) -> pa.Table:
    """The table `things` as the ingest reads it in full, by its id."""

    async def all_rows() -> pa.Table:
        async with mysql.snapshot(settings()) as moment:
            source = await mysql.columns(moment.connections[0], settings().shop_mysql_database)
            columns, _ = carried(THINGS, source["things"], {})
            reader = RowReader(THINGS, columns, max_packet or moment.max_packet)
            parts = [part.rows async for part in reader.read(moment.connections[0])]
            return pa.concat_tables([mysql_rows.schema(columns).empty_table(), *parts]).sort_by("id")

    return asyncio.run(all_rows())


# Type, value in SQL, value in bronze.
VALUES: list[tuple[str, str, Any]] = [
    ("TINYINT", "-128", -128),
    ("TINYINT(1)", "2", True),
    ("SMALLINT UNSIGNED", "65535", 65535),
    ("MEDIUMINT", "-8388608", -8388608),
    ("INT(8) UNSIGNED ZEROFILL", "42", 42),
    ("BIGINT", "-9223372036854775808", -9223372036854775808),
    ("BIGINT UNSIGNED", "18446744073709551615", Decimal(18446744073709551615)),
    ("BIT(1)", "b'1'", True),
    ("BIT(10)", "b'1000000001'", Decimal(513)),
    ("BIT(64)", "b'" + "1" * 64 + "'", Decimal(2**64 - 1)),
    ("BOOLEAN", "0", False),
    ("DECIMAL(12,2)", "-0.05", Decimal("-0.05")),
    ("DECIMAL(8,2) UNSIGNED ZEROFILL", "4.5", Decimal("4.50")),
    ("DECIMAL(38,30)", "1.000000000000000000000000000001", Decimal("1.000000000000000000000000000001")),
    ("DECIMAL(65,30)", "12.5", "12.500000000000000000000000000000"),
    ("FLOAT", "16777216", 16777216.0),
    ("FLOAT", "0.5", 0.5),
    ("DOUBLE", "1e308", 1e308),
    ("DOUBLE", "0.1", 0.1),
    ("DATE", "'0000-00-00'", "0000-00-00"),
    ("DATE", "'9999-12-31'", "9999-12-31"),
    ("DATETIME", "'0000-01-01 00:00:00'", "0000-01-01 00:00:00"),
    ("DATETIME(6)", "'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999"),
    ("TIMESTAMP(3) NULL", "'2026-03-29 02:30:00.123'", "2026-03-29 02:30:00.123"),
    ("TIME(3)", "'-838:59:58.123'", "-838:59:58.123"),
    ("YEAR", "2155", 2155),
    ("YEAR", "0", 0),
    ("CHAR(3) CHARACTER SET latin1", "'é'", "é"),
    ("VARCHAR(20)", "'1e5'", "1e5"),
    ("VARCHAR(20)", "''", ""),
    ("VARCHAR(20)", "'NULL'", "NULL"),
    ("TEXT CHARACTER SET utf16", "'\U0001f6d2x'", "\U0001f6d2x"),
    ("TEXT CHARACTER SET latin1", "x'8081ff00'", "€\x81ÿ\x00"),
    ("LONGTEXT", "'a'", "a"),
    ("ENUM('a','ü,\"')", "'ü,\"'", 'ü,"'),
    ("ENUM('a')", "''", ""),
    ("SET('x','y')", "'x,y'", "x,y"),
    ("JSON", '\'{"a": "\\\\u0000"}\'', '{"a": "\\u0000"}'),
    ("BINARY(4)", "x'00ff'", "00FF0000"),
    ("VARBINARY(4)", "x'c328'", "C328"),
    ("TINYBLOB", "x'22'", "22"),
    ("LONGBLOB", "x'2c0a'", "2C0A"),
    ("UUID", "'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000"),
    ("INET4", "'1.2.3.4'", "1.2.3.4"),
    ("INET6", "'::1'", "::1"),
    *(
        (kind, f"ST_GeomFromText('{text}')", None)
        for kind, text in (
            ("GEOMETRY", "POINT(1 2)"),
            ("POINT", "POINT(1 2)"),
            ("LINESTRING", "LINESTRING(0 0, 1 1)"),
            ("POLYGON", "POLYGON((0 0, 1 0, 1 1, 0 0))"),
            ("MULTIPOINT", "MULTIPOINT(0 0, 1 1)"),
            ("MULTILINESTRING", "MULTILINESTRING((0 0, 1 1))"),
            ("MULTIPOLYGON", "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))"),
            ("GEOMETRYCOLLECTION", "GEOMETRYCOLLECTION(POINT(1 2))"),
        )
    ),
    ("INT GENERATED ALWAYS AS (id + 1) VIRTUAL", "DEFAULT", 2),
    ("VARCHAR(9) GENERATED ALWAYS AS (CONCAT('v', id)) STORED", "DEFAULT", "v1"),
    ("INT INVISIBLE", "7", 7),
]


def test_a_value_of_every_type_and_null_beside_it(shop: Shop, environment: Environment) -> None:
    """One row has all values, the other none: a null moves no other field."""
    kinds = ", ".join(f"c{n} {kind}" for n, (kind, _, _) in enumerate(VALUES))
    shop.execute(f"CREATE TABLE things (id BIGINT PRIMARY KEY, {kinds}, last_one VARCHAR(9))")
    names = ", ".join(f"c{n}" for n in range(len(VALUES)))
    shop.execute(
        f"INSERT INTO things (id, {names}, last_one) VALUES (1, {', '.join(v for _, v, _ in VALUES)}, 'end')"
    )
    shop.execute("INSERT INTO things (id, last_one) VALUES (9, 'end')")
    full, empty = read().to_pylist()
    in_hex = ", ".join(f"HEX(c{n})" for n in range(len(VALUES)))
    ((*as_bytes,),) = shop.execute(f"SELECT {in_hex} FROM things WHERE id = 1")
    for n, (kind, value, expected) in enumerate(VALUES):
        assert full[f"c{n}"] == (as_bytes[n] if expected is None else expected), (kind, value)
        assert empty[f"c{n}"] == (None if "GENERATED" not in kind else {2: 10, "v1": "v9"}[expected]), kind
    assert full["last_one"] == empty["last_one"] == "end"


ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
PARTS = (
    '"',
    "\n",
    "\r",
    "\r\n",
    "\0",
    ",",
    "\x1f",
    "\x1e",
    "\\",
    "'",
    "\U0001f6d2",
    "ü",
    "1",
    " ",
    "NULL",
    "\\N",
    "",
)
ODD_TEXT = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)
TEXT = st.none() | ANY_TEXT | ODD_TEXT


@given(
    texts=st.lists(st.tuples(TEXT, TEXT, st.none() | st.binary(max_size=20)), min_size=1, max_size=30),
    long_bytes=st.sampled_from([None, 16, 64]),
)
@example(texts=[(None, None, None)], long_bytes=None)
@example(texts=[("", None, b""), (None, "", None)], long_bytes=16)
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_and_any_bytes_arrive_as_they_are(
    shop: Shop, environment: Environment, texts: list[tuple[Any, ...]], long_bytes: int | None
) -> None:
    """By the line, and by pieces where a packet is small; many rows beside each other."""
    shop.execute("DROP TABLE IF EXISTS things")
    shop.execute("CREATE TABLE things (id BIGINT PRIMARY KEY, v VARCHAR(99), t LONGTEXT, b LONGBLOB)")
    for number, (varchar, text, content) in enumerate(texts):
        shop.execute("INSERT INTO things VALUES (%s, %s, %s, %s)", (number, varchar, text, content))
    rows = read(max_packet=long_bytes and long_bytes * mysql_rows.SHARE_OF_PACKET)
    assert rows.num_rows == len(texts)
    assert [tuple(row.values())[1:] for row in rows.to_pylist()] == [
        (varchar, text, None if content is None else content.hex().upper())
        for varchar, text, content in texts
    ]
