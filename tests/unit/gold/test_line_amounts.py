"""Tax, discounts and rounding of order lines, up to the largest that silver accepts."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from contracts.registry import TABLES
from spark_jobs.build.quality import violations
from spark_jobs.gold.line_amounts import line_amounts
from tests.unit.dataframes import CONTEXT, assert_rows, build, rows
from tests.unit.gold.order_rows import RATES, line, order

# (price, quantity, its discount, tax, rate) → the line's gross and discounts without tax.
LINES_WITH_TAX = [
    (("115.00", 1, "0", "15.00", "0.05"), "100.00", "0"),  # two taxes, one rate
    (("115.00", 1, "0", "15.00", "0"), "100.00", "0"),
    (("19.89", 1, "0", "3.32", "0.20"), "16.57", "0"),  # 3.315, rounded half up
    (("19.89", 3, "0", "9.96", "0.20"), "49.71", "0"),  # rounded per unit
    (("60.00", 1, "10.00", "10.00", "0.05"), "48.00", "8.00"),
    (("11.90", 1, "11.90", "0", "0.19"), "10.00", "10.00"),
    (("11.90", 1, "12.90", "0", "0.19"), "10.00", "11.00"),
    (("20.00", 1, "10.00", "15.00", "0"), "-5.00", "0"),
    (("10.00", 1, "5.00", "5.00", "0"), "0", "0"),
    (("0.00", 1, "0", "0", "0.19"), "0", "0"),
    # listed × net ÷ paid is 5 × 1.01 ÷ 2 = 2.525: a tie, to the even cent
    (("5.00", 1, "3.00", "0.99", "0.19"), "2.52", "1.51"),
    (("5.00", 1, "3.00", "0.97", "0.19"), "2.58", "1.55"),  # 2.575
]


def test_gross_and_net_both_lose_the_tax_that_the_line_recorded(spark: SparkSession) -> None:
    numbers = range(1, len(LINES_WITH_TAX) + 1)
    names = ("unit_price_amount", "quantity", "discount_amount", "tax_amount", "tax_rate_share")
    orders = build(
        spark,
        "orders",
        silver_orders=[order(n, prices_include_tax=True) for n in numbers],
        silver_order_lines=[
            {**line(n, n, "0"), **dict(zip(names, given_columns, strict=True))}
            for n, (given_columns, _, _) in zip(numbers, LINES_WITH_TAX, strict=True)
        ],
    )
    assert_rows(
        orders,
        *(
            {"order_id": n, "gross_sales": gross, "discounts": discounts}
            for n, (_, gross, discounts) in zip(numbers, LINES_WITH_TAX, strict=True)
        ),
    )


@pytest.mark.parametrize(
    ("currency", "prices", "discount", "shares"),
    [
        ("JPY", ("1000", "999", "514"), "101", ("40", "40", "21")),
        ("KWD", ("1.005", "2.000", "0.500"), "0.1", ("0.029", "0.057", "0.014")),
        ("UYW", ("1", "1", "1"), "1", ("0.3333", "0.3333", "0.3334")),
        ("EUR", ("1", "1", "1"), "1", ("0.33", "0.33", "0.34")),
    ],
)
def test_a_discount_is_spread_in_its_currencys_own_unit(
    spark: SparkSession, currency: str, prices: tuple[str, ...], discount: str, shares: tuple[str, ...]
) -> None:
    terms = order(1, currency=currency, discount_amount=discount)
    amounts = line_amounts(
        rows(spark, TABLES["silver.orders"], terms).withColumn("exchange_rate", F.lit(Decimal(1))),
        rows(spark, TABLES["silver.order_lines"], *(line(n, 1, price) for n, price in enumerate(prices))),
        CONTEXT,
    )
    off = amounts.select("line_number", (F.col("gross_original") - F.col("net_original")).alias("off"))
    assert_rows(off, *({"line_number": n, "off": share} for n, share in enumerate(shares)))


@pytest.mark.parametrize(
    ("reporting", "expected"), [("JPY", "1235"), ("KWD", "1234.568"), ("EUR", "1234.57")]
)
def test_the_reporting_currency_is_rounded_to_its_own_unit(
    spark: SparkSession, reporting: str, expected: str
) -> None:
    context = replace(CONTEXT, reporting_currency=reporting)
    rate = {
        "rate_date": "2026-05-04",
        "base_currency": "USD",
        "quote_currency": reporting,
        "rate": "1.2345678",
    }
    orders = build(
        spark,
        "orders",
        context,
        silver_orders=[order(1, currency="USD")],
        silver_order_lines=[line(1, 1, "1000")],
        silver_exchange_rates=[rate],
    )
    assert_rows(orders, {"net_amount": expected})


def test_the_largest_amounts_are_right_to_the_last_digit(spark: SparkSession) -> None:
    orders = build(
        spark,
        "orders",
        silver_orders=[
            order(1, currency="USD", prices_include_tax=True, discount_amount="99999999999.99"),
            order(2, currency="USD", shipping_amount="999999999999.9999"),
        ],
        silver_order_lines=[
            {**line(1, 1, "111111111111.1111"), "quantity": 9, "tax_amount": "88888888888.88"},
            {**line(2, 2, "1000"), "quantity": 999_999_999},
        ],
        silver_exchange_rates=[{**RATES[0], "rate": "9999999999"}],
    )
    listed, discount = Decimal("1000000000000.00"), Decimal("99999999999.99")
    net = listed - discount - Decimal("88888888888.88")
    with localcontext(prec=60):
        rate = Decimal(9_999_999_999)
        gross = (listed * net / (listed - discount)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        assert_rows(
            orders,
            {"order_id": 1, "gross_sales": gross * rate, "net_amount": net * rate, "units": 9},
            {
                "order_id": 2,
                "gross_sales": Decimal(999_999_999_000) * rate,
                "net_amount": Decimal(999_999_999_000) * rate,
                "units": 999_999_999,
            },
        )


@pytest.mark.parametrize("quantity", [4_294_967_295, 2**63 - 1])
def test_an_amount_that_no_line_may_have_costs_nothing_unless_it_counts(
    spark: SparkSession, quantity: int
) -> None:
    huge = {
        "quantity": quantity,
        "unit_price_amount": "99999999999999.9999",
        "discount_amount": "9999999999.99",
    }
    orders = build(
        spark,
        "orders",
        silver_orders=[order(1, is_test=True, discount_amount="99999999999999"), order(2), order(3)],
        silver_order_lines=[
            *({**line(n, 1, "0"), **huge} for n in (1, 2)),
            {**line(3, 2, "0"), **huge},
            line(4, 2, "5.00"),
            line(5, 3, "10.00"),
        ],
    )
    assert_rows(
        orders,
        {"order_id": 1, "is_counted": False, "gross_sales": None},
        {"order_id": 2, "is_counted": True, "gross_sales": None},
        {"order_id": 3, "is_counted": True, "gross_sales": "10.00"},
    )
    assert violations(orders, TABLES["gold.orders"]) == {"counted_order_has_amounts": 1}
