"""Equalities between marts and their sources, over tables of the test."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from contracts.reconciliation.words import Equality, Reason, Source
from spark_jobs.reconcile.comparison import Comparison
from spark_jobs.reconcile.equalities import compare, define_functions
from tests.unit.given_tables import GivenTables

EXCHANGE_RATES = [
    {"base_currency": "USD", "quote_currency": "EUR", "rate_date": "2026-05-04", "rate": Decimal("0.5")}
    | {"is_deleted": False}
]


def tables(**given: list[dict[str, Any]]) -> GivenTables:
    made = GivenTables(silver_exchange_rates=EXCHANGE_RATES, **given)
    define_functions(made, "EUR")
    return made


def value(sql: str) -> Any:
    ((found,),) = tables().rows(f"SELECT {sql}")
    return found


@pytest.mark.parametrize(
    ("amount", "places", "rounded"),
    [
        ("0.005", 2, "0.00"),
        ("0.015", 2, "0.02"),
        ("-0.005", 2, "0.00"),
        ("-0.015", 2, "-0.02"),
        ("0.0150000001", 2, "0.02"),
        ("0.0149999999", 2, "0.01"),
        ("2.5", 0, "2"),
        ("1.0005", 3, "1.000"),
        ("99999999999999.995", 2, "100000000000000.00"),
    ],
)
def test_money_is_rounded_half_even_to_the_minor_unit(amount: str, places: int, rounded: str) -> None:
    assert value(f"half_even(CAST({amount} AS DECIMAL(28,10)), {places})") == Decimal(rounded)


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("???", 2)])
def test_a_currency_has_its_own_minor_unit(currency: str, places: int) -> None:
    assert value(f"places_of('{currency}')") == places


def test_the_reporting_currency_needs_no_rate_and_another_one_does() -> None:
    assert value("converted(10.01, rated('EUR', NULL))") == Decimal("10.01")
    assert value("converted(10.01, rated('USD', CAST(0.5 AS DECIMAL(22,12))))") == Decimal("5.00")
    assert value("converted(10.01, rated('USD', NULL))") is None


ORDERS = Source(
    "gold.orders", {"gross_sales": "gross_sales"}, "is_counted", {"sales_date": "order_date"}, "currency"
)
DAYS = Equality("gold.daily_sales", "orders", (ORDERS,), currency="currency")


def order(day: str, amount: str, **columns: Any) -> dict[str, Any]:
    return {
        "order_date": day,
        "gross_sales": Decimal(amount),
        "currency": "EUR",
        "is_counted": True,
    } | columns


def sold(day: str, amount: str, **columns: Any) -> dict[str, Any]:
    return {"sales_date": day, "gross_sales": Decimal(amount), "currency": "EUR"} | columns


def compared(equality: Equality, **given: list[dict[str, Any]]) -> list[Comparison]:
    return compare(tables(**given), equality)


def test_equal_sums_have_no_difference_and_currencies_stand_apart() -> None:
    found = compared(
        DAYS,
        gold_orders=[
            order("2026-05-04", "5.00"),
            order("2026-05-04", "9.00", is_counted=False),
            order("2026-05-04", "7.00", currency="USD"),
            order("2026-05-04", "1.00", currency=None),
        ],
        gold_daily_sales=[sold("2026-05-04", "5.00"), sold("2026-05-04", "8.00", currency="USD")],
    )
    assert {each.figure: each.unexplained for each in found} == {
        "gross_sales": Decimal("1.00"),
        "gross_sales EUR": 0,
        "gross_sales USD": Decimal("-1.00"),
    }


def test_a_difference_names_the_rows_that_differ_most_and_how_to_see_them() -> None:
    days = [f"2026-05-{day:02}" for day in range(1, 9)]
    (found,) = compared(
        DAYS,
        gold_orders=[order(day, f"{place}.00") for place, day in enumerate(days)],
        gold_daily_sales=[sold(day, "0.00") for day in days],
    )
    assert found.examples[:2] == (
        "sales_date 2026-05-08 (7 in orders, 0 in daily_sales)",
        "sales_date 2026-05-07 (6 in orders, 0 in daily_sales)",
    )
    assert len(found.examples) == 5
    look = "./shoplake sql \"select * from mart.daily_sales where sales_date = '2026-05-08'\""
    assert found.next_command == look.replace('"', "'").replace("'2026-05-08'", "'\"'\"'2026-05-08'\"'\"'")
    assert "28 in orders, 0 in daily_sales, 28 unexplained, such as sales_date 2026-05-08" in found.in_words()


def test_differences_that_cancel_each_other_out_over_rows_are_none_of_the_whole() -> None:
    (found,) = compared(
        DAYS,
        gold_orders=[order("2026-05-04", "5.00"), order("2026-05-05", "6.00")],
        gold_daily_sales=[sold("2026-05-04", "6.00"), sold("2026-05-05", "5.00")],
    )
    assert found.unexplained == 0


def test_a_reason_explains_what_the_mart_leaves_out() -> None:
    why = Reason(
        "gold.orders", {"gross_sales": "gross_sales"}, "channel IS NULL", {"sales_date": "order_date"},
        "currency", why="'without a ' || 'channel'",
    )  # fmt: skip
    equality = Equality("gold.daily_sales", "orders", (ORDERS,), currency="currency", reasons=(why,))
    (found,) = compared(
        equality,
        gold_orders=[
            order("2026-05-04", "5.00", channel="a"),
            order("2026-05-05", "3.00", channel=None),
            order("2026-05-06", "2.00", channel="b"),
        ],
        gold_daily_sales=[sold("2026-05-04", "5.00")],
    )
    assert (found.reasons, found.unexplained) == ({"without a channel": 3}, 2)
    assert found.examples == ("sales_date 2026-05-06 (2 in orders, 0 in daily_sales)",)


def test_odd_keys_are_shown_on_one_line_and_within_bounds() -> None:
    odd = ["a\nb", "x" * 500, "it's", None, "\u0000"]
    by_name = Source("gold.orders", {"rows": "1"}, key={"sales_channel": "name"})
    (found,) = compared(
        Equality("gold.daily_sales", "orders", (by_name,)),
        gold_orders=[{"name": name} for name in odd],
        gold_daily_sales=[{"sales_channel": "a"}],
    )
    assert len(found.examples) == 5
    assert all("\n" not in each and "\u0000" not in each and len(each) < 150 for each in found.examples)


def test_sums_of_the_largest_amounts_do_not_overflow() -> None:
    rows = [{"amount": Decimal("9" * 24 + ".9999")}] * 1000
    source = Source("gold.orders", {"gross_sales": "amount"}, key={"sales_date": "'x'"})
    (found,) = compared(
        Equality("gold.daily_sales", "orders", (source,)),
        gold_orders=rows,
        gold_daily_sales=[{"gross_sales": row["amount"], "sales_date": "x"} for row in rows],
    )
    assert found.difference == 0
