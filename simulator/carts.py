"""The ledger's view of carts: what was left in them, and whether it was bought after all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date
from decimal import Decimal

from simulator.accounting import half_even
from simulator.record import Seen
from simulator.visits import SESSION_GAP_MILLIS, Figures, Placed, Visit, Visits, moment

_SIGNS = {"Product Added": 1, "Product Removed": -1}


@dataclass
class _Cart:
    moves: list[Seen] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)  # one for each move

    def left(self) -> set[int | None]:
        """Products not taken out again."""
        pieces: dict[int | None, int] = defaultdict(int)
        for move in self.moves:
            pieces[move.product_id] += _SIGNS[move.name] * (move.quantity or 1)
        return {product for product, count in pieces.items() if count > 0}


def carts(
    visits: Visits, day: Callable[[int], date], rate: Callable[[date, str], Decimal | None], today: int
) -> dict[str, Figures]:
    """Figures per cart that a product was put into; `today` began at these milliseconds UTC."""
    found: dict[str, _Cart] = defaultdict(_Cart)
    for visit in visits.of_people:
        for event in visit.events:
            if event.name in _SIGNS:
                cart = found[event.cart_id or f"session:{visit.session_id}"]
                cart.moves.append(event)
                cart.visits.append(visit)
    orders: dict[str, list[Placed]] = defaultdict(list)
    for order in sorted(visits.placed.values(), key=lambda order: order.moment):
        if order.counted is not None:
            orders[order.person].append(order)
    rows = {}
    for name, cart in found.items():
        if any(move.name == "Product Added" for move in cart.moves):
            rows[name] = _figures(cart, visits, orders, day, rate, today)
    return rows


def _figures(
    cart: _Cart,
    visits: Visits,
    orders: dict[str, list[Placed]],
    day: Callable[[int], date],
    rate: Callable[[date, str], Decimal | None],
    today: int,
) -> Figures:
    in_turn = sorted(zip(cart.moves, cart.visits, strict=True), key=lambda pair: (pair[0].at, pair[0].uuid))
    (first, begun_in), (last, _) = in_turn[0], in_turn[-1]
    bought_there = {order.row["id"] for order in visits.orders_of(begun_in)}
    left = cart.left()

    def buys(order: Placed) -> bool:
        assert order.counted is not None  # noqa: S101 - for the type checker: only counted ones are asked
        products = {line.product_id for line in order.counted.lines}
        return order.row["id"] in bought_there or bool(left & products)

    bought = next((o for o in orders[begun_in.person] if o.at >= first.at and buys(o)), None)
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
    elif any(visit.count("Payment Info Entered") for visit in cart.visits):
        stage = "payment"
    elif any(visit.count("Checkout Started") for visit in cart.visits):
        stage = "checkout"
    claimed = sum(
        (_SIGNS[move.name] * (move.quantity or 1) * Decimal(move.price or 0) for move in cart.moves),
        Decimal(0),
    )
    currency = next((move.currency for move, _ in in_turn if move.currency), None)
    known_rate = rate(day(first.at), currency) if currency else None
    return {
        "cart_date": day(first.at),
        "session_id": begun_in.session_id,
        "person_id": begun_in.person,
        "channel": begun_in.first.channel,
        "device": begun_in.first.device,
        "first_activity_at": moment(first.at),
        "last_activity_at": moment(last.at),
        "product_count": len(left),
        "cart_value": half_even(max(claimed, Decimal(0)) * known_rate) if known_rate else None,
        "stage_reached": stage,
        "status": status,
        "order_id": bought.row["id"] if bought else None,
        "recovered_at": bought.row["placed_at"].replace(tzinfo=UTC) if bought and is_late else None,
    }
