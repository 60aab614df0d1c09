"""What an order comes to, to the cent. Prices include tax; amounts are in the products' currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
# The storefront sells within Germany; what it sells elsewhere, the rest of the demo shop does.
STANDARD_RATE, REDUCED_RATE = Decimal("0.19"), Decimal("0.07")
REDUCED_DEPARTMENTS = ("Books",)
SHIPPING, FREE_FROM = Decimal("4.16"), Decimal(90)


def cents(amount: Decimal) -> Decimal:
    """Half-even to whole cents."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Product:
    """A product as it is sold now."""

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
    """A discount on the whole order: a percentage or an amount."""

    id: int
    code: str
    kind: str
    value: Decimal


@dataclass(frozen=True)
class BilledLine:
    """A line, with its share of the order's discount and the tax that is left in it."""

    product: Product
    quantity: int
    discount_share: Decimal
    tax_rate: Decimal
    tax: Decimal

    @property
    def listed(self) -> Decimal:
        """Price × pieces, before discounts."""
        return self.product.price * self.quantity

    @property
    def net(self) -> Decimal:
        """After discounts, without tax."""
        return self.listed - self.discount_share - self.tax


@dataclass(frozen=True)
class Bill:
    """An order's money."""

    lines: tuple[BilledLine, ...]
    discount: Decimal
    shipping: Decimal
    shipping_tax: Decimal

    @property
    def currency(self) -> str:
        """ISO 4217."""
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
        """Of lines and shipping."""
        return sum((line.tax for line in self.lines), self.shipping_tax)

    @property
    def total(self) -> Decimal:
        """What the customer pays."""
        return self.goods - self.discount + self.shipping + self.shipping_tax


def bill(cart: Sequence[tuple[Product, int]], coupon: Coupon | None = None) -> Bill:
    """The bill of a cart that is not empty.

    The discount is spread over the lines by value, each share rounded, the last line takes the rest; tax is
    what is left above the rounded net, line by line.
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
    """A product as events name it; money as text keeps its cents."""
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
    """`Order Completed` as the e-commerce spec has it."""
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
