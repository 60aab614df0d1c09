"""Orders and their lives: lines with their amounts, payments, shipments, refunds."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from simulator.schema import Row
from simulator.shop.catalogue import REDUCED_TAX_DEPARTMENT, Catalogue
from simulator.shop.markets import SHOP_CURRENCY, Market, cents, local_price
from simulator.shop.people import Buyer, People
from simulator.state import State

ZERO = Decimal(0)
SALES_CHANNELS = {"web": 72, "marketplace": 18, "phone": 10}
METHODS = {"card": 52, "paypal": 28, "invoice": 10, "bank_transfer": 7, "gift_card": 3}
REASONS = (
    "damaged",
    "wrong_item",
    "not_as_described",
    "no_longer_wanted",
    "no_longer_wanted",
    "late",
    "other",
)
CARRIERS = ("DHL", "UPS", "PostNord", "Royal Mail", "La Poste")
SLOW_METHODS = ("invoice", "bank_transfer")
RESERVING_METHODS = ("card", "paypal")
OPEN_PAYMENTS = ("pending", "authorized")


@dataclass
class Placed:
    """An order with its lines, in line order."""

    order: Row
    lines: list[Row] = field(default_factory=list)


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Spread an order-level amount over its lines by value, each half-even; the last gets the remainder."""
    total = sum(weights, ZERO)
    shares = [cents(amount * weight / total) if total else ZERO for weight in weights[:-1]]
    return [*shares, amount - sum(shares, ZERO)]


def included_tax(amount: Decimal, rate: Decimal) -> Decimal:
    """Return the tax in a price: the difference to the rounded net, so that both always add up."""
    return amount - cents(amount / (1 + rate))


class OrderDesk:
    """The desk that places orders and moves them on."""

    def __init__(self, state: State, catalogue: Catalogue, people: People, rng: random.Random) -> None:
        self.state, self.catalogue, self.people, self.rng = state, catalogue, people, rng
        self.lines_of: dict[int, list[Row]] = defaultdict(list)
        self._refunded: dict[int, int] = defaultdict(int)  # refunded units, by order line
        self._shipping_refunded: set[int] = set()
        self.parcel_of: dict[int, Row] = {row["order_id"]: row for row in state.rows("shipments")}
        self._awaited: dict[int, Row] = {
            row["order_id"]: row for row in state.rows("payments") if row["status"] in OPEN_PAYMENTS
        }
        for line in state.rows("order_items"):
            self.lines_of[line["order_id"]].append(line)
        for item in state.rows("refund_items"):
            self._refunded[item["order_item_id"]] += item["quantity"]
        for refund in state.rows("refunds"):
            if refund["shipping_amount"]:
                self._shipping_refunded.add(refund["order_id"])

    def place(self, buyer: Buyer, at: datetime, channel: str, products: Sequence[Row]) -> Placed:
        """Place an order, status `placed`, with correct amounts in the buyer's currency."""
        market = buyer.market
        coupon = self._coupon(market, at)
        is_collected = channel == "phone" and self.rng.random() < 0.05
        shipping_address = None if is_collected else self._address(buyer, "shipping", at)
        billing = self.people.addresses_of(buyer.customer, "billing") if buyer.customer else []
        number = self.state.last_ids.get("orders", 0) + 1
        order = self.state.add(
            "orders",
            order_number=f"SL{number:07d}",
            customer_id=buyer.customer and buyer.customer["id"],
            email=buyer.email,
            status="placed",
            sales_channel=channel,
            currency=market.currency,
            prices_include_tax=int(market.tax_included),
            coupon_id=coupon and coupon["id"],
            is_test=int(buyer.is_test),
            shipping_address_id=shipping_address["id"] if shipping_address else None,
            billing_address_id=billing[0]["id"] if billing else None,
            metadata=self._metadata(channel),
            discount_amount=ZERO,
            shipping_amount=ZERO,
            shipping_tax_amount=ZERO,
            tax_amount=ZERO,
            total_amount=ZERO,
            placed_at=at,
            created_at=at,
            updated_at=at,
        )
        lines = [self._line(order, number, product, market, at) for number, product in enumerate(products, 1)]
        self._settle(order, lines, market, coupon)
        self.lines_of[order["id"]] = lines
        return Placed(order, lines)

    def method(self) -> str:
        """Choose the buyer's payment method."""
        return self.rng.choices(list(METHODS), list(METHODS.values()))[0]

    def await_payment(self, order: Row, method: str, at: datetime) -> None:
        """Add a pending payment: not processed yet, or authorised by card or PayPal."""
        status = "authorized" if method in RESERVING_METHODS else "pending"
        self._awaited[order["id"]] = self._payment(order, method, status, at)

    def pay(self, order: Row, method: str, at: datetime) -> None:
        """Capture the payment; now and then after a declined card."""
        rng, payment = self.rng, self._awaited.pop(order["id"], None)
        if payment is None:
            if method == "card" and rng.random() < 0.05:
                self._payment(order, method, "failed", at)
            payment = self._payment(order, method, "pending", at)
        status = "chargeback" if rng.random() < 0.003 else "captured"
        self._process(payment, status, at)
        self.state.update("orders", order, at, status="paid", paid_at=at)

    def fail(self, order: Row, at: datetime) -> None:
        """Fail the order: no payment succeeded."""
        payment = self._awaited.pop(order["id"], None) or self._payment(order, "card", "pending", at)
        self._process(payment, "failed", at)
        self.state.update("orders", order, at, status="failed")

    def cancel(self, order: Row, at: datetime) -> None:
        """Cancel the order; what was paid is refunded, shipping included."""
        if order["paid_at"] is not None:
            self.refund(order, at, everything=True)
        if order["id"] in self._awaited:
            self._process(self._awaited.pop(order["id"]), "failed", at)
        if order["id"] in self.parcel_of:
            self.state.update("shipments", self.parcel_of[order["id"]], at, status="returned")
        self.state.update("orders", order, at, status="cancelled", cancelled_at=at)

    def pack(self, order: Row, at: datetime) -> None:
        """Pack a parcel that waits for its carrier, at the shop's own cost."""
        rng = self.rng
        self.parcel_of[order["id"]] = self.state.add(
            "shipments",
            order_id=order["id"],
            carrier=rng.choice(CARRIERS),
            tracking_number=f"{rng.getrandbits(48):014X}" if rng.random() > 0.03 else None,
            status="pending",
            cost_amount=cents(Decimal(str(round(rng.uniform(3.1, 14.9), 2)))),
            currency=SHOP_CURRENCY,
            created_at=at,
            updated_at=at,
        )

    def ship(self, order: Row, at: datetime) -> None:
        """Hand the parcel to the carrier."""
        parcel = self.parcel_of[order["id"]]
        self.state.update("shipments", parcel, at, status="in_transit", shipped_at=at)
        self.state.update("orders", order, at, status="shipped")

    def deliver(self, order: Row, at: datetime) -> None:
        """Deliver the order; a few parcels are lost, which ends the order as well."""
        is_lost = self.rng.random() < 0.005
        status, delivered_at = ("lost", None) if is_lost else ("delivered", at)
        parcel = self.parcel_of[order["id"]]
        self.state.update("shipments", parcel, at, status=status, delivered_at=delivered_at)
        self.state.update("orders", order, at, status="delivered")

    def forget(self, order: Row) -> None:
        """Drop a deleted order and everything that belongs to it."""
        for known in (self.lines_of, self.parcel_of, self._awaited):
            known.pop(order["id"], None)

    def refund(self, order: Row, at: datetime, *, everything: bool = False) -> Row | None:
        """Refund some units, or all that are left, with shipping; null when nothing is left."""
        rng, lines = self.rng, self.lines_of[order["id"]]
        left = [(line, line["quantity"] - self._refunded[line["id"]]) for line in lines]
        left = [(line, pieces) for line, pieces in left if pieces > 0]
        if not left:
            return None
        everything = everything or rng.random() < 0.4
        if not everything:
            chosen = rng.sample(left, rng.randint(1, len(left)))
            left = [(line, rng.randint(1, pieces)) for line, pieces in chosen]
        with_shipping = order["id"] not in self._shipping_refunded and (everything or rng.random() < 0.05)
        refund = self.state.add(
            "refunds",
            order_id=order["id"],
            reason=rng.choice(REASONS),
            shipping_amount=order["shipping_amount"] if with_shipping else ZERO,
            shipping_tax_amount=order["shipping_tax_amount"] if with_shipping else ZERO,
            total_amount=ZERO,
            currency=order["currency"],
            refunded_at=at,
            created_at=at,
            updated_at=at,
        )
        if with_shipping:
            self._shipping_refunded.add(order["id"])
        net_of = dict(zip((line["id"] for line in lines), net_amounts(order, lines), strict=True))
        total = refund["shipping_amount"] + refund["shipping_tax_amount"]
        for line, pieces in left:
            item = self._refund_item(refund, line, pieces, net_of[line["id"]], at)
            total += item["amount"] + item["tax_amount"]
        refund["total_amount"] = total
        return refund

    def _refund_item(self, refund: Row, line: Row, pieces: int, net: Decimal, at: datetime) -> Row:
        # Shares of the whole line, as differences of running totals, so that several refunds add up to it
        # exactly.
        before, after = self._refunded[line["id"]], self._refunded[line["id"]] + pieces
        self._refunded[line["id"]] = after
        amount, tax = (
            cents(whole * after / line["quantity"]) - cents(whole * before / line["quantity"])
            for whole in (net, line["tax_amount"])
        )
        return self.state.add(
            "refund_items",
            refund_id=refund["id"],
            order_item_id=line["id"],
            quantity=pieces,
            amount=amount,
            tax_amount=tax,
            restocked=int(self.rng.random() < 0.6),
            created_at=at,
            updated_at=at,
        )

    def _line(self, order: Row, number: int, product: Row, market: Market, at: datetime) -> Row:
        rng = self.rng
        price = local_price(market, self.catalogue.price_at(product, at))
        quantity = rng.choices((1, 2, 3, 4, 12), (76, 15, 5, 3, 1))[0]
        percent = rng.choice((10, 20, 25)) if rng.random() < 0.12 else 0
        is_reduced = self.catalogue.department(product) == REDUCED_TAX_DEPARTMENT
        return self.state.add(
            "order_items",
            order_id=order["id"],
            line_number=number,
            product_id=product["id"],
            sku=product["sku"],
            product_name=product["name"],
            quantity=quantity,
            unit_price=price,
            discount_amount=cents(price * quantity * percent / 100),
            tax_rate=market.reduced_rate if is_reduced else market.standard_rate,
            tax_amount=ZERO,
            created_at=at,
            updated_at=at,
        )

    def _settle(self, order: Row, lines: list[Row], market: Market, coupon: Row | None) -> None:
        values = [line["unit_price"] * line["quantity"] - line["discount_amount"] for line in lines]
        goods = sum(values, ZERO)
        discount = self._order_discount(goods, coupon)
        for line, value, share in zip(lines, values, spread(discount, values), strict=True):
            paid, rate = value - share, line["tax_rate"]
            line["tax_amount"] = included_tax(paid, rate) if market.tax_included else cents(paid * rate)
        line_tax = sum((line["tax_amount"] for line in lines), ZERO)
        shipping = ZERO if goods > 90 * market.price_factor else market.shipping
        shipping_tax = cents(shipping * market.standard_rate)
        order["discount_amount"], order["shipping_amount"] = discount, shipping
        order["shipping_tax_amount"], order["tax_amount"] = shipping_tax, line_tax + shipping_tax
        order["total_amount"] = (
            goods - discount + shipping + shipping_tax + (ZERO if market.tax_included else line_tax)
        )

    def _order_discount(self, goods: Decimal, coupon: Row | None) -> Decimal:
        if coupon is None:
            return ZERO
        amount = coupon["value"] if coupon["kind"] == "fixed" else cents(goods * coupon["value"] / 100)
        return min(amount, cents(goods / 2))  # at most half, so that no line can become negative

    def _coupon(self, market: Market, at: datetime) -> Row | None:
        if self.rng.random() > 0.16:
            return None
        offers = [
            row
            for row in self.state.rows("coupons")
            if row["currency"] in (None, market.currency)
            and (row["valid_from"] or at) <= at
            and (row["valid_to"] is None or at < row["valid_to"])
            and not row["code"].startswith("NEWS-")
        ]
        return self.rng.choice(offers) if offers else None

    def _address(self, buyer: Buyer, kind: str, at: datetime) -> Row:
        known = self.people.addresses_of(buyer.customer, kind) if buyer.customer else []
        if known:
            return known[0]
        name = "Guest 👋" if self.rng.random() < 0.05 else "Guest"
        return self.people.add_address(
            buyer.customer["id"] if buyer.customer else None, name, buyer.market, kind, at
        )

    def _metadata(self, channel: str) -> str | None:
        if self.rng.random() < 0.3:
            return None
        gift = {"gift_note": "Alles Gute 🎂 „Oma“"} if self.rng.random() < 0.05 else {}
        return json.dumps({"source": channel, **gift}, ensure_ascii=False)

    def _payment(self, order: Row, method: str, status: str, at: datetime) -> Row:
        return self.state.add(
            "payments",
            order_id=order["id"],
            method=method,
            status=status,
            amount=order["total_amount"],
            fee_amount=ZERO,
            currency=order["currency"],
            processed_at=None if status in OPEN_PAYMENTS else at,
            created_at=at,
            updated_at=at,
        )

    def _process(self, payment: Row, status: str, at: datetime) -> None:
        is_paid = status in ("captured", "chargeback")
        self.state.update(
            "payments",
            payment,
            at,
            status=status,
            fee_amount=cents(payment["amount"] * Decimal("0.014") + Decimal("0.25")) if is_paid else ZERO,
            provider_reference=f"pay_{self.rng.getrandbits(64):016x}",
            processed_at=at,
        )


def net_amounts(order: Row, lines: Sequence[Row]) -> list[Decimal]:
    """Return the amount paid for each line without tax, in the order's currency."""
    values = [line["unit_price"] * line["quantity"] - line["discount_amount"] for line in lines]
    paid = [
        value - share for value, share in zip(values, spread(order["discount_amount"], values), strict=True)
    ]
    if not order["prices_include_tax"]:
        return paid
    return [amount - line["tax_amount"] for amount, line in zip(paid, lines, strict=True)]
