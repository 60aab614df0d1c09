"""Differences are only explained by amounts that add up."""

from __future__ import annotations

from decimal import Decimal

from spark_jobs.reconcile.comparison import Comparison, compare_groups


def test_reasons_that_add_up_explain_a_difference() -> None:
    compared = Comparison("silver.orders", "rows", "bronze", 10, "silver", 7, {"quarantined": 2, "test": 1})
    assert (compared.difference, compared.unexplained) == (3, 0)


def test_what_reasons_do_not_cover_is_unexplained() -> None:
    compared = Comparison("silver.orders", "rows", "bronze", 10, "silver", 7, {"quarantined": 2})
    assert compared.unexplained == 1
    assert "10 in bronze, 7 in silver, 1 unexplained" in compared.in_words()


def test_a_reason_for_more_than_the_difference_is_unexplained_too() -> None:
    assert Comparison("t", "rows", "a", 7, "b", 7, {"quarantined": 2}).unexplained == -2


def test_currencies_are_compared_one_by_one() -> None:
    """Differences of two currencies that cancel each other out are two differences."""
    left = {"EUR": Decimal("1.00"), "USD": Decimal("2.00")}
    right = {"EUR": Decimal("2.00"), "USD": Decimal("1.00"), "GBP": Decimal("0.01")}
    compared = compare_groups("t", "amount", "a", left, "b", right)
    assert {each.figure: each.unexplained for each in compared} == {
        "amount EUR": Decimal("-1.00"),
        "amount GBP": Decimal("-0.01"),
        "amount USD": Decimal("1.00"),
    }


def test_a_reason_applies_to_its_own_currency() -> None:
    left, right = {"EUR": Decimal(5), "USD": Decimal(5)}, {"EUR": Decimal(3), "USD": Decimal(5)}
    compared = compare_groups("t", "amount", "a", left, "b", right, {"quarantined": {"EUR": Decimal(2)}})
    assert [each.unexplained for each in compared] == [0, 0]
