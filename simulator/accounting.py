"""The arithmetic of the ledger: amounts of order lines without tax, and who a person is."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from simulator.schema import Row

ZERO = Decimal("0.00")


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
        """Gross sales minus discounts."""
        return self.gross - self.discount


@dataclass(frozen=True)
class Return:
    """One refunded line, in the reporting currency."""

    day: date
    product_id: int
    amount: Decimal
    tax: Decimal


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

    @property
    def sales(self) -> Decimal:
        """Gross sales minus discounts."""
        return sum((line.sales for line in self.lines), ZERO)

    @property
    def returned(self) -> Decimal:
        """Everything refunded of its lines so far."""
        return sum((item.amount for item in self.returns), ZERO)


def half_even(amount: Decimal) -> Decimal:
    """To two places."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def line_amounts(order: Row, lines: list[Row]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """(gross, net, tax) per line without tax, in the order's currency and line order."""
    values = [line["unit_price"] * line["quantity"] for line in lines]
    after_own = [value - line["discount_amount"] for value, line in zip(values, lines, strict=True)]
    base, rest, amounts = sum(after_own, ZERO), order["discount_amount"], []
    for position, (value, own, line) in enumerate(zip(values, after_own, lines, strict=True)):
        is_last = position == len(lines) - 1
        share = rest if is_last else half_even(order["discount_amount"] * own / base) if base else ZERO
        rest -= share
        paid, tax = own - share, line["tax_amount"]
        if order["prices_include_tax"]:
            amounts.append((half_even(value / (1 + line["tax_rate"])), paid - tax, tax))
        else:
            amounts.append((value, paid, tax))
    return amounts


def person_key(order: Row, customer_by_email: dict[str, int], key: str) -> str:
    """Who placed an order: an account, a guest by keyed pseudonym, or nobody known."""
    if order["customer_id"] is not None:
        return f"c:{order['customer_id']}"
    email = (order["email"] or "").strip().lower()
    if not email:
        return f"o:{order['id']}"
    if email in customer_by_email:
        return f"c:{customer_by_email[email]}"
    return f"g:{hmac.new(key.encode(), email.encode(), hashlib.sha256).hexdigest()[:32]}"
