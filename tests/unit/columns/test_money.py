"""Money: exact on each engine, as Python's decimal has it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from contracts.currencies import CURRENCIES, MINOR_UNITS, minor_unit
from spark_jobs.columns.money import (
    convert,
    divide,
    divide_money,
    proportion,
    round_half_even,
    total,
    unit_of,
    unit_of_currency,
)

CENT = Decimal("0.01")
UNIT = {"EUR": CENT, "JPY": Decimal(1), "KWD": Decimal("0.001"), "UYW": Decimal("0.0001"), "???": CENT}
currencies = st.sampled_from(sorted(UNIT))
amounts = st.decimals("-999999", "999999", places=4)
ties = st.integers(-10_000, 10_000).map(lambda n: Decimal(n) * CENT + CENT / 2)
divisors = st.one_of(st.integers(1, 1000).map(Decimal), st.decimals("0.5", "2", places=4))
rates = st.one_of(
    st.decimals("0.000000000001", "0.0001", places=12), st.decimals("0.5", "9999999999", places=12)
)


def exactly(value: Decimal, unit: Decimal) -> Decimal:
    with localcontext(prec=60):
        return (value / unit).quantize(Decimal(1), ROUND_HALF_EVEN) * unit


def test_minor_units_are_those_of_iso_4217() -> None:
    expected = {"EUR": 2, "USD": 2, "IDR": 2, "JPY": 0, "KRW": 0, "VND": 0, "ISK": 0, "KWD": 3, "UYW": 4}
    assert {code: minor_unit(code) for code in (*expected, "XTS")} == {**expected, "XTS": 2}
    assert frozenset().union(*MINOR_UNITS.values()) <= CURRENCIES


def test_the_unit_of_a_row_is_that_of_its_currency(spark: SparkSession) -> None:
    df = spark.createDataFrame([(code,) for code in (*UNIT, *sorted(CURRENCIES))], "currency string")
    found = dict(df.select("currency", unit_of("currency")).collect())
    assert found == {code: Decimal(1).scaleb(-minor_unit(code)) for code in found}
    assert {code: found[code] for code in UNIT} == UNIT


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.one_of(amounts, ties), currencies), min_size=30, max_size=60))
def test_a_tie_goes_to_the_even_unit(spark: SparkSession, values: list[tuple[Decimal, str]]) -> None:
    df = spark.createDataFrame(values, "value decimal(37,10), currency string")
    rounded = [row[0] for row in df.select(round_half_even(F.col("value"), unit_of("currency"))).collect()]
    assert rounded == [exactly(value, UNIT[currency]) for value, currency in values]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.one_of(amounts, ties), divisors), min_size=30, max_size=60))
def test_a_quotient_is_rounded_once_and_half_even(
    spark: SparkSession, pairs: list[tuple[Decimal, Decimal]]
) -> None:
    df = spark.createDataFrame(pairs, "n decimal(18,4), d decimal(18,4)")
    n, d = F.col("n"), F.col("d")
    found = [
        tuple(row)
        for row in df.select(divide_money(n, d, unit_of_currency("EUR")), divide(n, d, 6)).collect()
    ]
    assert found == [(exactly(n / d, CENT), exactly(n / d, Decimal("0.000001"))) for n, d in pairs]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.one_of(amounts, ties), rates, currencies), min_size=30, max_size=60))
def test_an_amount_is_converted_with_every_digit_of_the_rate(
    spark: SparkSession, rows: list[tuple[Decimal, Decimal, str]]
) -> None:
    df = spark.createDataFrame(rows, "amount decimal(18,4), rate decimal(22,12), currency string")
    result = convert(F.col("amount"), F.col("rate"), unit_of("currency"))
    assert [row[0] for row in df.select(result).collect()] == [
        exactly(amount * rate, UNIT[currency]) for amount, rate, currency in rows
    ]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(amounts, amounts, divisors, currencies), min_size=30, max_size=60))
def test_a_proportion_is_rounded_once_together_with_the_rest(
    spark: SparkSession, rows: list[tuple[Decimal, Decimal, Decimal, str]]
) -> None:
    types = "amount decimal(18,4), part decimal(18,4), whole decimal(18,4), currency string"
    df = spark.createDataFrame(rows, types)
    share = proportion(*map(F.col, ("amount", "part", "whole")), unit_of("currency"), F.lit(Decimal("1.5")))
    with localcontext(prec=60):
        expected = [exactly(a * p / w + Decimal("1.5"), UNIT[currency]) for a, p, w, currency in rows]
    assert [row[0] for row in df.select(share).collect()] == expected


def test_nothing_is_divided_by_zero(spark: SparkSession) -> None:
    df = spark.createDataFrame(
        [(Decimal(1), Decimal(0)), (Decimal(1), None)], "n decimal(18,2), d decimal(18,2)"
    )
    n, d, cent = F.col("n"), F.col("d"), unit_of_currency("EUR")
    found = df.select(divide(n, d, 2), divide_money(n, d, cent), proportion(n, n, d, cent)).collect()
    assert [tuple(row) for row in found] == [(None, None, None)] * 2


LARGEST = Decimal("99999999999999.9999")  # the largest amount of a row
SMALLEST = Decimal("0.0001")


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_amounts_and_rates_are_right_to_the_last_digit(spark: SparkSession, sign: int) -> None:
    rate, part = Decimal("9999999999.999999999999"), Decimal("9999999999999.9999")
    df = spark.createDataFrame(
        [(sign * LARGEST, part, rate)], "a decimal(18,4), d decimal(18,4), rate decimal(22,12)"
    )
    cent, finest = unit_of_currency("EUR"), unit_of_currency("UYW")
    a, d = F.col("a"), F.col("d")
    (found,) = df.select(
        convert(a, F.col("rate"), finest),
        proportion(d, sign * d, d, cent),
        divide_money(a, F.lit(7), finest),
        divide(a, d, 6),
    ).collect()
    with localcontext(prec=60):
        assert tuple(found) == (
            exactly(sign * LARGEST * rate, SMALLEST),
            sign * exactly(part, CENT),
            exactly(sign * LARGEST / 7, SMALLEST),
            exactly(sign * LARGEST / part, Decimal("0.000001")),
        )


def test_what_no_money_column_holds_is_null_and_no_error(spark: SparkSession) -> None:
    types = "a decimal(36,4), rate decimal(22,12), tiny decimal(18,4)"
    most = "9" * 32 + ".9999"
    df = spark.createDataFrame(
        [(Decimal(sign + most), Decimal("9999999999"), SMALLEST) for sign in ("", "-")], types
    )
    a, rate, tiny, finest = F.col("a"), F.col("rate"), F.col("tiny"), unit_of_currency("UYW")
    large = F.lit(LARGEST)
    found = df.select(
        round_half_even(a, finest),
        convert(a, rate, finest),
        proportion(large, large, tiny, finest),
        proportion(F.lit(Decimal(10) ** 12), F.lit(Decimal(10) ** 12), tiny, finest),
        divide_money(a, tiny, finest),
        divide(F.lit(Decimal(10) ** 23), tiny, 6),
    ).collect()
    assert [tuple(row) for row in found] == [(None,) * 6] * 2


def test_a_sum_beyond_money_is_null_and_no_error(spark: SparkSession) -> None:
    df = spark.createDataFrame([(Decimal(10) ** 24,)], "a decimal(38,4)")
    assert [row[0] for row in df.select(total("a")).collect()] == [None]
