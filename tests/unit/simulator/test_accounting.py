"""The ledger's arithmetic, checked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator.ledger.accounting import half_even, line_amounts, places_of


def line_of(price: str, tax: str, rate: str, discount: str = "0", **values: Any) -> tuple[Decimal, Decimal]:
    """Gross and net of an order's only line whose price includes tax."""
    row = {
        "currency": "EUR",
        "prices_include_tax": 1,
        "discount_amount": Decimal(0),
        **values,
    }
    line = {
        "unit_price": Decimal(price),
        "quantity": 1,
        "discount_amount": Decimal(discount),
        "tax_rate": Decimal(rate),
        "tax_amount": Decimal(tax),
    }
    ((gross, net, _),) = line_amounts(row, [line])
    return gross, net


def test_without_a_discount_gross_is_net_whatever_rate_is_recorded():
    assert line_of("115.00", "15.00", "0.05") == (Decimal(100), Decimal(100))
    assert line_of("115.00", "15.00", "0") == (Decimal(100), Decimal(100))
    assert line_of("19.89", "3.32", "0.20") == (Decimal("16.57"), Decimal("16.57"))


def test_a_discount_loses_the_share_of_tax_that_was_paid():
    # 10 of 50 paid is tax, so 2 of a discount of 10 is, too.
    assert line_of("60.00", "10.00", "0.05", "10.00") == (Decimal(48), Decimal(40))
    # Nothing was paid: the recorded rate decides.
    assert line_of("11.90", "0.00", "0.19", "11.90") == (Decimal(10), Decimal(0))
    # With more tax than was paid, no discount remains.
    assert line_of("20.00", "15.00", "0", "10.00") == (Decimal(-5), Decimal(-5))


def test_amounts_are_rounded_to_the_places_of_their_currency():
    assert [half_even(Decimal("1.23455"), places_of(code)) for code in ("JPY", "KWD", "CLF", "EUR")] == [
        Decimal(1),
        Decimal("1.235"),
        Decimal("1.2346"),
        Decimal("1.23"),
    ]
