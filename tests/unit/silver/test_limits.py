"""Values that no store holds, in every declared column of their kind: rows are repaired or rejected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.limits import AMOUNT, KEY_TEXT_LENGTH, RATE, TEXT_LENGTH, largest_value, range_of
from contracts.model import Column, Layer, Table
from contracts.registry import TABLES, tables_of
from spark_jobs.build.incremental import checked_rows, count_rows
from spark_jobs.build.quality import check_rows, newest_state
from spark_jobs.silver import CLEAN
from tests.unit.dataframes import CONTEXT, rows

OF_THE_SHOP = [
    each for each in tables_of(Layer.SILVER) if each.name in CLEAN and each.source_layer is Layer.SHOP
]
EVENTS = TABLES["silver.events"]
MOMENTS = {
    "0000-01-01 00:00:00": "out_of_range",
    "0001-01-01 00:00:00": "out_of_range",
    "1000-01-01 00:00:00": "out_of_range",
    "1677-09-21 00:12:43.145224": "out_of_range",
    "1969-12-31 23:59:59.999999": "out_of_range",
    "2200-01-01 00:00:00": "out_of_range",
    "2262-04-11 23:47:17": "out_of_range",
    "9999-12-31 23:59:59.999999": "out_of_range",
    "10000-01-01 00:00:00": "out_of_range",
    "2026-02-30 00:00:00": "unreadable",
    "2026-00-00 00:00:00": "unreadable",
    "soon": "unreadable",
}
ENDLESS = ("2200-01-01 00:00:00", "2262-04-11 23:47:17", "9999-12-31 23:59:59.999999")
LONG = "x" * 10_000


@dataclass(frozen=True)
class Case:
    """A column of a source with a value, and what becomes of a row with it."""

    column: Column
    value: Any
    failed: str | None = None
    warned: str | None = None
    becomes: Any = None


def cases(table: Table) -> Iterator[Case]:
    """Every column of a silver table with every value of its kind."""
    source = TABLES[table.inputs[0]]
    for column in table.columns:
        name = column.source or column.name
        if name not in source.column_names or column.allowed:
            continue
        if column.type == "string":
            yield from texts(table, column)
        elif column.type in ("timestamp", "date"):
            yield from moments(column)
        elif range_of(column):
            yield from numbers(column, source.column(name).type)


def texts(table: Table, column: Column) -> Iterator[Case]:
    name = column.name
    if name.endswith("currency"):
        for value in ("E\0R", "EURO", "€", "12X", LONG):
            yield Case(column, value, failed=f"{name}_not_a_code")
    elif name in table.key:
        yield Case(column, "a\0b", warned=f"{name}_repaired", becomes="a\ufffdb")
        yield Case(column, LONG, failed=f"{name}_too_long")
        yield Case(column, "x" * KEY_TEXT_LENGTH, becomes="x" * KEY_TEXT_LENGTH)
    else:
        is_upper = name == "country_code"
        yield Case(column, "a\0b", warned=f"{name}_repaired", becomes="A\ufffdB" if is_upper else "a\ufffdb")
        longest = len(LONG) if column.is_document else column.max_length or TEXT_LENGTH
        cut = LONG[:longest].upper() if is_upper else LONG[:longest]
        yield Case(column, LONG, warned=None if column.is_document else f"{name}_cut", becomes=cut)
        yield Case(column, "🫖" * longest, becomes="🫖" * longest)


def moments(column: Column) -> Iterator[Case]:
    for moment, problem in MOMENTS.items():
        said = moment.split(" ")[0] if column.type == "date" else moment
        if not (column.is_open_ended and said in ENDLESS):
            yield Case(column, said, failed=f"{column.name}_{problem}")
    if column.is_open_ended:
        yield from (Case(column, moment) for moment in ENDLESS)
    if not column.required:
        yield Case(column, "0000-00-00 00:00:00")


def numbers(column: Column, source_type: str) -> Iterator[Case]:
    yield Case(column, largest_value(source_type), failed=f"{column.name}_out_of_range")


def checked(spark: SparkSession, table: Table, wanted: list[Case]) -> DataFrame:
    """A row per case beside one that is fine, numbered by `_batch_id`."""
    source = TABLES[table.inputs[0]]
    numeric = [name for name in source.key if "int" in source.column(name).type]
    given: list[dict[str, Any]] = []
    for number, case in enumerate([None, *wanted]):
        said = {case.column.source or case.column.name: case.value} if case else {}
        day = date(2026, 1, 1) + timedelta(number)
        defaults = {"rate": 1, "rate_date": day.isoformat()} if source.name == "exchange_rates" else {}
        given.append({"_batch_id": str(number), **dict.fromkeys(numeric, number + 1), **defaults, **said})
    raw = rows(spark, source, *given).drop("_version_at", "_raw")
    return checked_rows(CLEAN[table.name], raw, table, CONTEXT).localCheckpoint()


@pytest.mark.parametrize("table", OF_THE_SHOP, ids=lambda table: table.name)
def test_a_value_beyond_the_limits_costs_its_own_row_at_most(spark: SparkSession, table: Table) -> None:
    wanted = list(cases(table))
    found = checked(spark, table, wanted)
    texts = [F.col(name).cast("string").alias(name) for name in table.column_names]
    taken = {
        int(row["_batch_id"]): row
        for row in found.select(*texts, "_batch_id", "_failed", "_warned").collect()
    }
    fine, *others = (taken[number] for number in range(len(wanted) + 1))
    assert (fine["_failed"], fine["_warned"]) == ([], [])
    for case, row in zip(wanted, others, strict=True):
        what = (case.column.name, str(case.value)[:30])
        assert (*what, row["_failed"]) == (*what, [case.failed] if case.failed else [])
        if not case.failed:
            assert (*what, row["_warned"]) == (*what, [case.warned] if case.warned else [])
            assert (*what, row[case.column.name]) == (*what, case.becomes)

    counted = count_rows(found.unionByName(found), table)
    passed = newest_state(found.unionByName(found).where("size(_failed) = 0"), table).count()
    assert counted.read == 2 * (len(wanted) + 1) == passed + counted.quarantined + counted.duplicates
    assert counted.quarantined == 2 * sum(1 for case in wanted if case.failed)


def test_an_absurd_change_time_dates_a_version_by_its_snapshot(spark: SparkSession) -> None:
    raw = rows(
        spark,
        TABLES["shop.products"],
        *(
            {"id": number, "updated_at": said, "_ingested_at": "2026-03-01 12:00:00"}
            for number, said in enumerate([*MOMENTS, "2026-03-01 11:00:00"])
        ),
    ).drop("_version_at", "_raw")
    found = checked_rows(CLEAN["product_versions"], raw, TABLES["silver.product_versions"], CONTEXT)
    hours = {row["product_id"]: row["valid_from"].hour for row in found.collect()}
    assert hours == dict.fromkeys(range(len(MOMENTS)), 12) | {len(MOMENTS): 11}


def test_the_value_of_a_line_is_limited_as_its_factors_are(spark: SparkSession) -> None:
    given = ((10**6, "999999.99"), (10**6, "1000000.00"), (4294967295, "9999999999.99"), (2**31 - 1, "0.01"))
    table = TABLES["silver.order_lines"]
    source = [
        {"id": number, "quantity": quantity, "unit_price": price}
        for number, (quantity, price) in enumerate(given)
    ]
    raw = rows(spark, TABLES["shop.order_items"], *source).drop("_version_at", "_raw")
    found = checked_rows(CLEAN["order_lines"], raw, table, CONTEXT).sort("order_line_id").collect()
    assert [row["_failed"] for row in found] == [
        [],
        ["line_value_in_range"],
        ["quantity_out_of_range", "unit_price_amount_out_of_range", "line_value_in_range"],
        ["quantity_out_of_range"],
    ]


def test_a_wider_type_of_the_source_is_no_way_around_a_limit(spark: SparkSession) -> None:
    table = TABLES["silver.payments"]
    raw = rows(spark, TABLES["shop.payments"], *({"id": number} for number in range(3)))
    wide = raw.drop("_version_at", "_raw", "amount")
    amounts = spark.createDataFrame(
        [(0, str(AMOUNT)), (1, "9" * 30), (2, str(AMOUNT - 1))], "id int, said string"
    ).selectExpr("id", "CAST(said AS DECIMAL(38,2)) AS amount")
    found = checked_rows(CLEAN["payments"], wide.join(amounts, on="id"), table, CONTEXT)
    failed = {row["payment_id"]: row["_failed"] for row in found.collect()}
    assert failed == {0: ["amount_out_of_range"], 1: ["amount_out_of_range"], 2: []}


def test_a_claim_of_an_event_beyond_the_limits_is_unknown_and_the_event_stays(spark: SparkSession) -> None:
    given = (
        {"event_id": "a", "value_amount": AMOUNT, "quantity": 10**9, "currency": "EURO"},
        {"event_id": "b", "page_path": LONG, "search_query": "a\0b", "cart_id": LONG, "properties": LONG},
        {"event_id": "c", "received_at": "1677-01-01 00:00:00"},
        {"event_id": "d", "occurred_at": "9999-12-31 00:00:00"},
        {"event_id": LONG},
        {"event_id": "e\0"},
    )
    df = rows(spark, EVENTS, *({"distinct_id": "d", **each} for each in given))
    found = {row["event_id"]: row for row in check_rows(df, EVENTS).collect()}
    assert {key[:1] + key[1:2]: (row["_failed"], row["_warned"]) for key, row in found.items()} == {
        "a": ([], ["quantity_out_of_range", "value_amount_out_of_range", "currency_not_a_code"]),
        "b": ([], ["cart_id_cut", "search_query_repaired", "page_path_cut"]),
        "c": ([], ["received_at_out_of_range"]),
        "d": (["occurred_at_out_of_range"], []),
        "xx": (["event_id_too_long"], []),
        "e\ufffd": ([], ["event_id_repaired"]),
    }
    assert [found["a"][name] for name in ("value_amount", "quantity", "currency")] == [None, None, None]
    assert [len(found["b"][name]) for name in ("page_path", "cart_id", "properties")] == [1_000, 200, 10_000]
    assert found["b"]["search_query"] == "a\ufffdb"
    assert found["c"]["received_at"] is None


def test_a_rate_is_limited(spark: SparkSession) -> None:
    table = TABLES["silver.exchange_rates"]
    days = ("2026-01-01", "2026-01-02", "2026-01-03")
    rates = (RATE - 1, RATE, "9999999999.99999999")
    given = ({"rate_date": day, "rate": rate} for day, rate in zip(days, rates, strict=True))
    raw = rows(spark, TABLES["shop.exchange_rates"], *given).drop("_version_at", "_raw")
    found = checked_rows(CLEAN["exchange_rates"], raw, table, CONTEXT).sort("rate_date").collect()
    assert [row["_failed"] for row in found] == [[], ["rate_out_of_range"], ["rate_out_of_range"]]
