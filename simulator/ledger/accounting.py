"""The arithmetic of the ledger: amounts of order lines without tax, and the identity of persons."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from simulator.schema import Row

ZERO = Decimal("0.00")
# Currencies whose money does not have two decimal places.
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


@dataclass(frozen=True)
class Line:
    """One order line in the reporting currency, without tax."""

    product_id: int
    units: int
    gross: Decimal
    discount: Decimal
    tax: Decimal

    @property
    def sales(self) -> Decimal:
        """Return gross sales minus discounts."""
        return self.gross - self.discount


@dataclass(frozen=True)
class Return:
    """One refunded line, or the rest of a refund beyond its lines, in the reporting currency."""

    day: date
    product_id: int | None  # null for the rest
    amount: Decimal
    tax: Decimal
    is_rest: bool = False


@dataclass(frozen=True)
class Order:
    """One counted order, in the reporting currency."""

    row: Row
    day: date
    person: str
    is_first: bool
    lines: list[Line]
    returns: list[Return]
    shipping: Decimal
    shipping_tax: Decimal
    shipping_refunds: list[tuple[date, Decimal, Decimal]]  # day, shipping, its tax
    other_charges: Decimal

    @property
    def sales(self) -> Decimal:
        """Return gross sales minus discounts."""
        return sum((line.sales for line in self.lines), ZERO)

    @property
    def returned(self) -> Decimal:
        """Return everything refunded so far, without tax and shipping."""
        return sum((item.amount for item in self.returns), ZERO)


def places_of(currency: str) -> int:
    """Return a currency's decimal places."""
    return next((places for places, codes in _PLACES.items() if currency in codes.split()), 2)


def half_even(amount: Decimal | Fraction, places: int = 2) -> Decimal:
    """Round half-even to this many places."""
    # round() of a fraction is exact and half-even; a decimal's is not exact beyond 28 digits.
    return Decimal(round(Fraction(amount) * 10**places)).scaleb(-places)


def line_amounts(order: Row, lines: list[Row]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Return (gross, net, tax) per line without tax, in the order's currency and line order."""
    places = places_of(order["currency"])
    values = [half_even(line["unit_price"] * line["quantity"], places) for line in lines]
    after_own = [value - line["discount_amount"] for value, line in zip(values, lines, strict=True)]
    base, rest, amounts = sum(after_own, ZERO), order["discount_amount"], []
    for position, (value, own, line) in enumerate(zip(values, after_own, lines, strict=True)):
        is_last = position == len(lines) - 1
        spread = Fraction(order["discount_amount"]) * Fraction(own)
        share = rest if is_last else half_even(spread / Fraction(base), places) if base > 0 else ZERO
        rest -= share
        paid, tax = own - share, line["tax_amount"]
        if order["prices_include_tax"]:
            amounts.append((_without_tax(value, paid, tax, line["tax_rate"], places), paid - tax, tax))
        else:
            amounts.append((value, paid, tax))
    return amounts


def _without_tax(listed: Decimal, paid: Decimal, tax: Decimal, rate: Decimal, places: int) -> Decimal:
    """Return a price before discounts, minus the share that the recorded tax has in the price paid."""
    if listed == paid:
        return paid - tax
    if paid <= 0:
        return half_even(Fraction(listed) / (1 + Fraction(rate)), places)
    if tax >= paid:
        return paid - tax
    return half_even(Fraction(listed) * Fraction(paid - tax) / Fraction(paid), places)


def beyond_lines_and_shipping(order: Row, amounts: list[tuple[Decimal, Decimal, Decimal]]) -> Decimal:
    """Return an order's total minus its lines and shipping, in its currency."""
    lines = sum((net + tax for _, net, tax in amounts), ZERO)
    return Decimal(order["total_amount"] - lines - order["shipping_amount"] - order["shipping_tax_amount"])


def returns_of(
    refund: Row,
    items: list[Row],
    product_of: Mapping[int, int],
    day: date,
    converted: Callable[[Decimal], Decimal],
) -> list[Return]:
    """Return a refund's lines, and its total minus lines and shipping, for which no tax is known."""
    found = [
        Return(
            day,
            product_of.get(item["order_item_id"]),
            converted(item["amount"]),
            converted(item["tax_amount"]),
        )
        for item in items
    ]
    lines = sum((item["amount"] + item["tax_amount"] for item in items), ZERO)
    rest = refund["total_amount"] - lines - refund["shipping_amount"] - refund["shipping_tax_amount"]
    if rest > 0:
        found.append(Return(day, None, converted(rest), ZERO, is_rest=True))
    return found


def person_key(order: Row, customer_by_email: dict[str, int], key: str) -> str:
    """Return who placed an order: an account, a guest by keyed pseudonym, or nobody known."""
    if order["customer_id"] is not None:
        return f"c:{order['customer_id']}"
    email = (order["email"] or "").strip().lower()
    if not email:
        return f"o:{order['id']}"
    if email in customer_by_email:
        return f"c:{customer_by_email[email]}"
    return f"g:{hmac.new(key.encode(), email.encode(), hashlib.sha256).hexdigest()[:32]}"
