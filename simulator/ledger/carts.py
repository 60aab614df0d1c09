"""The ledger's view of carts: what was left in them, and whether it was ordered later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date
from decimal import Decimal

from simulator.ledger.accounting import ZERO
from simulator.ledger.sessions import SESSION_GAP_MILLIS, Figures, Placed, Visit, Visits, moment
from simulator.record import Seen

# Convert an amount to the reporting currency, at a day's rate; null without one.
Convert = Callable[[Decimal, date, str], Decimal | None]
_SIGNS = {"Product Added": 1, "Product Removed": -1}


@dataclass
class _Left:
    """The units left of one product, and its last price."""

    units: int = 0
    price: Decimal | None = None
    currency: str | None = None


@dataclass
class _Cart:
    moves: list[tuple[Seen, Visit]] = field(default_factory=list)

    def in_turn(self) -> list[tuple[Seen, Visit]]:
        """Return the moves, oldest first."""
        return sorted(self.moves, key=lambda move: (move[0].at, move[0].uuid))

    def left(self) -> dict[int | None, _Left]:
        """Return products not removed again; nothing can be removed that is not there."""
        moves = [event for event, _ in self.in_turn()]
        products: dict[int | None, _Left] = defaultdict(_Left)
        currency = next((move.currency for move in moves if move.currency), None)
        for move in moves:
            currency, product = move.currency or currency, products[move.product_id]
            units = 1 if move.quantity is None else move.quantity
            product.units = max(product.units + _SIGNS[move.name] * units, 0)
            if move.price is not None:
                product.price, product.currency = Decimal(move.price), currency
        return {name: product for name, product in products.items() if product.units}


def carts(visits: Visits, day: Callable[[int], date], convert: Convert, today: int) -> dict[str, Figures]:
    """Return figures per cart that a product was added to; `today` began at these milliseconds UTC."""
    found: dict[str, _Cart] = defaultdict(_Cart)
    for visit in visits.of_people:
        for event in visit.events:
            if event.name in _SIGNS:
                cart = found[event.cart_id or f"session:{visit.session_id}"]
                cart.moves.append((event, visit))
    orders: dict[str, list[Placed]] = defaultdict(list)
    for order in sorted(visits.placed.values(), key=lambda order: order.moment):
        if order.counted is not None:
            orders[order.person].append(order)
    rows = {}
    for name, cart in found.items():
        if any(event.name == "Product Added" for event, _ in cart.moves):
            rows[name] = _figures(cart, visits, orders, day, convert, today)
    return rows


def _figures(
    cart: _Cart,
    visits: Visits,
    orders: dict[str, list[Placed]],
    day: Callable[[int], date],
    convert: Convert,
    today: int,
) -> Figures:
    in_turn = cart.in_turn()
    (first, begun_in), (last, _) = in_turn[0], in_turn[-1]
    left, touched = cart.left(), [visit for _, visit in in_turn]
    bought = _purchase(first, begun_in, set(left), visits, orders)
    is_late = bought is not None and bought.at > begun_in.events[-1].at + SESSION_GAP_MILLIS
    status = "abandoned"
    if bought is not None:
        status = "recovered" if is_late else "ordered"
    elif not left:
        status = "emptied"
    elif last.at >= today:
        status = "open"
    stage = "cart"
    if bought is not None:
        stage = "order"
    elif any(visit.count("Payment Info Entered") for visit in touched):
        stage = "payment"
    elif any(visit.count("Checkout Started") for visit in touched):
        stage = "checkout"
    return {
        "cart_date": day(first.at),
        "session_id": begun_in.session_id,
        "person_id": begun_in.person,
        "channel": begun_in.first.channel,
        "device": begun_in.first.device,
        "first_activity_at": moment(first.at),
        "last_activity_at": moment(last.at),
        "product_count": len(left),
        "cart_value": _value(left.values(), day(first.at), convert),
        "stage_reached": stage,
        "status": status,
        "order_id": bought.row["id"] if bought else None,
        "recovered_at": bought.row["placed_at"].replace(tzinfo=UTC) if bought and is_late else None,
    }


def _purchase(
    first: Seen,
    begun_in: Visit,
    products: set[int | None],
    visits: Visits,
    orders: dict[str, list[Placed]],
) -> Placed | None:
    """Return the first counted order since then: of the cart's session, or the person's with its products."""

    def has_products(order: Placed) -> bool:
        return order.counted is not None and bool(
            products & {line.product_id for line in order.counted.lines}
        )

    there = [order for order in visits.orders_of(begun_in) if order.counted is not None]
    theirs = [order for order in orders[begun_in.person] if has_products(order)]
    since = [order for order in (*there, *theirs) if order.at >= first.at]
    return min(since, key=lambda order: order.moment, default=None)


def _value(left: Iterable[_Left], day: date, convert: Convert) -> Decimal | None:
    """Return units left × prices, each currency converted separately; null if anything is unknown."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for product in left:
        if product.price is None or product.currency is None:
            return None
        sums[product.currency] += product.units * product.price
    value = ZERO
    for currency, amount in sums.items():
        part = convert(amount, day, currency)
        if part is None:
            return None
        value += part
    return value
