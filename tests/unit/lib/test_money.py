"""Money: exact on each engine, as Python's decimal has it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.lib.money import divide, round_half_even

CENT = Decimal("0.01")
amounts = st.decimals("-999999", "999999", places=4)
ties = st.integers(-10_000, 10_000).map(lambda n: Decimal(n) * CENT + CENT / 2)
divisors = st.one_of(st.integers(1, 1000).map(Decimal), st.decimals("0.5", "2", places=4))


@settings(max_examples=5, deadline=None)
@given(st.lists(st.one_of(amounts, ties), min_size=30, max_size=60))
def test_a_tie_goes_to_the_even_cent(spark: SparkSession, values: list[Decimal]) -> None:
    df = spark.createDataFrame([(value,) for value in values], "value decimal(37,10)")
    rounded = [row[0] for row in df.select(round_half_even(F.col("value"))).collect()]
    assert rounded == [value.quantize(CENT, ROUND_HALF_EVEN) for value in values]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.one_of(amounts, ties), divisors), min_size=30, max_size=60))
def test_a_quotient_is_rounded_once_and_half_even(
    spark: SparkSession, pairs: list[tuple[Decimal, Decimal]]
) -> None:
    df = spark.createDataFrame(pairs, "n decimal(18,4), d decimal(18,4)")
    found = [
        tuple(row)
        for row in df.select(divide(F.col("n"), F.col("d")), divide(F.col("n"), F.col("d"), 6)).collect()
    ]
    assert found == [
        ((n / d).quantize(CENT, ROUND_HALF_EVEN), (n / d).quantize(Decimal("0.000001"), ROUND_HALF_EVEN))
        for n, d in pairs
    ]


def test_nothing_is_divided_by_zero(spark: SparkSession) -> None:
    df = spark.createDataFrame(
        [(Decimal(1), Decimal(0)), (Decimal(1), None)], "n decimal(18,2), d decimal(18,2)"
    )
    assert [row[0] for row in df.select(divide(F.col("n"), F.col("d"))).collect()] == [None, None]
