"""Amounts of an order, to the cent. Prices include tax; amounts are in the currency of the products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
# The storefront sells within Germany only.
STANDARD_RATE, REDUCED_RATE = Decimal("0.19"), Decimal("0.07")
REDUCED_DEPARTMENTS = ("Books",)
SHIPPING, FREE_FROM = Decimal("4.16"), Decimal(90)


def cents(amount: Decimal) -> Decimal:
    """Round to whole cents, half to even."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Product:
    """A product that is on sale."""

    id: int
    sku: str
    name: str
    brand: str | None
    category: str | None
    department: str | None
    price: Decimal
    currency: str


@dataclass(frozen=True)
class Coupon:
    """A discount on a whole order: a percentage, or an amount if `kind` is `fixed`."""

    id: int
    code: str
    kind: str
    value: Decimal


@dataclass(frozen=True)
class BilledLine:
    """An order line with its share of the order's discount and the tax included in what is paid for it."""

    product: Product
    quantity: int
    discount_share: Decimal
    tax_rate: Decimal
    tax: Decimal

    @property
    def listed(self) -> Decimal:
        """Price times quantity, before discounts."""
        return self.product.price * self.quantity

    @property
    def net(self) -> Decimal:
        """The amount after discounts, without tax."""
        return self.listed - self.discount_share - self.tax


@dataclass(frozen=True)
class Bill:
    """The amounts of an order. Shipping is without tax."""

    lines: tuple[BilledLine, ...]
    discount: Decimal
    shipping: Decimal
    shipping_tax: Decimal

    @property
    def currency(self) -> str:
        """The ISO 4217 code of all amounts."""
        return self.lines[0].product.currency

    @property
    def goods(self) -> Decimal:
        """All lines at list price, tax included."""
        return sum((line.listed for line in self.lines), ZERO)

    @property
    def net(self) -> Decimal:
        """All lines after discounts, without tax and shipping."""
        return sum((line.net for line in self.lines), ZERO)

    @property
    def tax(self) -> Decimal:
        """The tax of all lines and of shipping."""
        return sum((line.tax for line in self.lines), self.shipping_tax)

    @property
    def total(self) -> Decimal:
        """The amount that the customer pays."""
        return self.goods - self.discount + self.shipping + self.shipping_tax


def bill(cart: Sequence[tuple[Product, int]], coupon: Coupon | None = None) -> Bill:
    """Return the bill of a cart of (product, quantity), which must not be empty.

    The discount is spread over the lines by value. Each share is rounded, and the last line takes the rest.
    The tax of a line is what is paid for it minus its rounded net.
    """
    values = [product.price * quantity for product, quantity in cart]
    goods = sum(values, ZERO)
    discount = _discount(goods, coupon)
    shares = [cents(discount * value / goods) if goods else ZERO for value in values[:-1]]
    shares.append(discount - sum(shares, ZERO))
    lines = []
    for (product, quantity), value, share in zip(cart, values, shares, strict=True):
        rate = REDUCED_RATE if product.department in REDUCED_DEPARTMENTS else STANDARD_RATE
        paid = value - share
        lines.append(BilledLine(product, quantity, share, rate, paid - cents(paid / (1 + rate))))
    shipping = ZERO if goods > FREE_FROM else SHIPPING
    return Bill(tuple(lines), discount, shipping, cents(shipping * STANDARD_RATE))


def _discount(goods: Decimal, coupon: Coupon | None) -> Decimal:
    if coupon is None:
        return ZERO
    amount = coupon.value if coupon.kind == "fixed" else cents(goods * coupon.value / 100)
    return min(amount, cents(goods / 2))  # never more than half, so no line goes below zero


def product_properties(product: Product, quantity: int = 1) -> dict[str, Any]:
    """Return a product as a property of events. Prices are text, which keeps their cents."""
    return {
        "product_id": str(product.id),
        "sku": product.sku,
        "category": product.category,
        "name": product.name,
        "brand": product.brand,
        "price": str(product.price),
        "quantity": quantity,
    }


def order_properties(order_id: int, owed: Bill, coupon: Coupon | None) -> dict[str, Any]:
    """Return the properties of `Order Completed`, as in PostHog's e-commerce specification."""
    return {
        "order_id": str(order_id),
        "affiliation": "storefront",
        "subtotal": str(owed.net),
        "revenue": str(owed.net),
        "shipping": str(owed.shipping),
        "tax": str(owed.tax),
        "discount": str(owed.discount),
        "total": str(owed.total),
        "coupon": coupon.code if coupon else None,
        "currency": owed.currency,
        "products": [product_properties(line.product, line.quantity) for line in owed.lines],
    }
