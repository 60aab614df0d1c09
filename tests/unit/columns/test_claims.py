"""Numbers as senders claim them: every known form, and what is unknown rather than guessed."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns import claims

WHOLE = {
    **dict.fromkeys(("7", "7.0", "+7", " 7 ", "7.", "0.7E1", "7e0", "007"), 7),
    "1E1": 10,
    "1.2345678E7": 12345678,
    "9223372036854775807": 9223372036854775807,
    "-0": 0,
    "-7": -7,
    "7" * 1_200: None,
    **dict.fromkeys(("9223372036854775808", "7.5", "1E-1", "1e-999999999", "1E400", "NaN", "Infinity"), None),
    **dict.fromkeys(("lamp", "1,000", "", " ", "٧", "0x7", "7 7", "true", '{"a":1}'), None),
}
# Written as JSON text.
AMOUNTS = {
    **dict.fromkeys(("1,422.73", "1.422,73", "1 422,73", "1\u00a0422,73", "1'422.73", "1422.73"), "1422.73"),
    **dict.fromkeys(("€1422.73", "1.422,73 €", "US$ 1,422.73", "1422.73EUR", "EUR 1.422,73"), "1422.73"),
    **dict.fromkeys(("12,50", "12.5", "US$ 12.50", "12,5 kr.", "Rs.12.50", "+12.50", "1.25e1"), "12.50"),
    **dict.fromkeys(("-5.00", "€-5", "-€5,00", "\u22125.00", "-5"), "-5.00"),
    **dict.fromkeys(("1,422,730", "1.422.730", "1 422 730", "14,22,730", "1422730", "1.42273E6"), "1422730"),
    **dict.fromkeys(("1e3", "1000", "1 000", "1'000", "1000.00"), "1000"),
    **dict.fromkeys(("1422.730", "1422,730", "1,422.730"), "1422.73"),
    **dict.fromkeys(("0.500", "0,500", ".5", ",50"), "0.50"),
    **dict.fromkeys(("0", "-0", "0.00", "1e-9"), "0"),
    "12.34567": "12.3457",
    "9999999999.9999": "9999999999.9999",
    **dict.fromkeys(("1,422", "1.422", "€1.422", "999,999", "-1,422"), None),  # thousands or thousandths
    **dict.fromkeys(("10000000000", "1e10", "1e99", "1e-999999999", "1E400", "9" * 1_200), None),
    **dict.fromkeys(
        ("cheap", "", "12 or 13", "1,2,3", "1,42,73", "1.422,73,00", "--5", "5-", "(5.00)"), None
    ),
    **dict.fromkeys(("NaN", "-Infinity", "true", "[1]", "12\x045", "\x0512", "٣", "1 42", "1.2.3"), None),
}


def test_a_whole_number_is_read_in_every_form_and_nothing_else_is(spark: SparkSession) -> None:
    df = spark.createDataFrame([(claim,) for claim in WHOLE], "claim string")
    found = df.select("claim", claims.whole(claims.said(F.col("claim")))).collect()
    assert {row[0]: row[1] for row in found} == WHOLE


def test_a_count_beyond_belief_is_unknown(spark: SparkSession) -> None:
    df = spark.createDataFrame([("999999",), ("-999999",), ("1000000",), ("1E6",)], "claim string")
    assert [row[0] for row in df.select(claims.count_of(F.col("claim"))).collect()] == [
        999999,
        -999999,
        None,
        None,
    ]


def test_an_amount_is_read_in_every_form_that_means_one_thing_only(spark: SparkSession) -> None:
    df = spark.createDataFrame([(claim,) for claim in AMOUNTS], "claim string")
    read = claims.amount(claims.said(F.col("claim")), F.lit(True), F.lit("EUR"))
    found = {row[0]: row[1] for row in df.select("claim", read).collect()}
    assert found == {claim: None if wanted is None else Decimal(wanted) for claim, wanted in AMOUNTS.items()}


def test_a_point_before_three_digits_is_decimal_in_a_json_number_and_where_a_currency_has_three(
    spark: SparkSession,
) -> None:
    given = [("1.422", False, "EUR"), ("1.422", True, "KWD"), ("1,422", False, "KWD"), ("1.422", True, None)]
    df = spark.createDataFrame(given, "claim string, is_text boolean, currency string")
    read = df.select(claims.amount(F.col("claim"), F.col("is_text"), F.col("currency"))).collect()
    assert [row[0] for row in read] == [Decimal("1.4220"), Decimal("1.4220"), None, None]
