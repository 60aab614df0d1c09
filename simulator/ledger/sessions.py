"""The ledger's view of sessions: their persons, their orders, and the sessions that led to orders.

As simple as the rest of the ledger, and as independent of the pipeline: the owner of a device follows from
what the simulated pages can do, not from replaying merge rules.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from simulator.ledger.accounting import ZERO, Order
from simulator.record import Seen
from simulator.schema import Row

SESSION_GAP_MILLIS = 30 * 60 * 1000
DAY_MILLIS = 24 * 60 * 60 * 1000
LOOKBACK_MILLIS = 90 * DAY_MILLIS
_PERSONS = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
Figures = dict[str, Any]


@dataclass
class Visit:
    """One session. `customer` is known from a login in it, or from the first login ever on its device."""

    session_id: str
    events: list[Seen]
    customer: int | None
    person: str = ""
    last_non_direct: str = ""

    @property
    def first(self) -> Seen:
        """Return the event that decides its channel."""
        return self.events[0]

    @property
    def is_bot(self) -> bool:
        """Return whether any of its events is a bot's."""
        return any(event.is_bot for event in self.events)

    def count(self, name: str) -> int:
        """Count events of a name."""
        return sum(event.name == name for event in self.events)


Report = tuple[Seen, Visit]  # an Order Completed event and its session


@dataclass(frozen=True)
class Placed:
    """Any order of the shop, with its person; `counted` where it counts."""

    row: Row
    person: str
    counted: Order | None

    @property
    def at(self) -> int:
        """Time of the order, milliseconds UTC."""
        return millis(self.row["placed_at"])

    @property
    def moment(self) -> tuple[datetime, int]:
        """Sort key that decides which of two orders is first."""
        return self.row["placed_at"], self.row["id"]


class Visits:
    """Sessions with their persons and orders; `day` gives the local day of milliseconds UTC."""

    def __init__(self, events: list[Seen], placed: list[Placed], day: Callable[[int], date]) -> None:
        self._events, self._day = events, day
        self.placed = {order.row["id"]: order for order in placed}
        self._by_number: dict[str, list[Placed]] = defaultdict(list)
        for order in placed:
            self._by_number[_plain(order.row["order_number"])].append(order)
        owners = self._owners()
        self.all = [self._visit(own, owners) for own in sessions(events)]
        self.all.sort(key=lambda visit: (visit.first.at, visit.session_id))
        self._reports, self._unknown = self._first_reports()
        self._name_persons()
        _remember_channels(self.all)

    @cached_property
    def of_people(self) -> list[Visit]:
        """Return sessions without those of bots."""
        return [visit for visit in self.all if not visit.is_bot]

    def _first_reports(self) -> tuple[dict[int, Report], list[Report]]:
        """Return the first report of each order, in the shop or not; bots report none."""
        known: dict[int, Report] = {}
        unknown: dict[str, Report] = {}
        every = [(event, visit) for visit in self.of_people for event in visit.events]
        for event, visit in sorted(every, key=lambda report: (report[0].at, report[0].uuid)):
            if event.name == "Order Completed":
                order = self._named(event)
                if order is not None:
                    known.setdefault(order.row["id"], (event, visit))
                else:
                    unknown.setdefault(_plain(event.order_reference or event.uuid), (event, visit))
        return known, list(unknown.values())

    def _named(self, report: Seen) -> Placed | None:
        """Return the order with that id; or with that number, if the other was not placed on those days."""
        said = _plain(report.order_reference or "")
        by_number = sorted(self._by_number.get(said, []), key=lambda order: abs(order.at - report.at))
        by_id = [self.placed[int(said)]] if said.isdigit() and int(said) in self.placed else []
        candidates = [*by_id, *by_number]
        near = [order for order in candidates if abs(order.at - report.at) <= DAY_MILLIS]
        return next(iter(near or candidates), None)

    def _name_persons(self) -> None:
        """Set each session's person: who ordered in it, else the customer, else as whom they once ordered."""
        known_as: dict[str, Placed] = {}
        for visit in self.all:
            for order in self.orders_of(visit):
                key = _person_without_orders(visit)
                known_as[key] = min(known_as.get(key, order), order, key=lambda each: each.moment)
        for visit in self.all:
            own, key = self.orders_of(visit), _person_without_orders(visit)
            if own:
                visit.person = own[0].person
            elif visit.customer is None and key in known_as:
                visit.person = known_as[key].person
            else:
                visit.person = key

    def orders_of(self, visit: Visit) -> list[Placed]:
        """Return the orders placed in a session, oldest first: those that it is the first to report."""
        return sorted(self._bought_in[visit.session_id], key=lambda order: order.moment)

    @cached_property
    def _bought_in(self) -> dict[str, list[Placed]]:
        found: dict[str, list[Placed]] = defaultdict(list)
        for number, (_, visit) in self._reports.items():
            found[visit.session_id].append(self.placed[number])
        return found

    def session_of(self, order: int) -> Visit | None:
        """Return the session that an order was placed in; null when none reports it."""
        return self._reports[order][1] if order in self._reports else None

    def counted_of(self, visit: Visit) -> list[Order]:
        """Return the counted orders placed in a session, oldest first."""
        return [order.counted for order in self.orders_of(visit) if order.counted]

    def _owners(self) -> dict[str, int]:
        """Return the customer of each device: the first who ever logged in on it."""
        owners: dict[str, int] = {}
        for event in sorted(self._events, key=lambda event: (event.at, event.uuid)):
            if event.anonymous_id is not None and event.customer is not None:
                owners.setdefault(event.anonymous_id, event.customer)
        return owners

    def _visit(self, events: list[Seen], owners: dict[str, int]) -> Visit:
        logged_in = [event.customer for event in events if event.customer is not None]
        customer = logged_in[-1] if logged_in else owners.get(events[0].visitor)
        name = f"{events[0].visitor}|{events[0].uuid}"
        return Visit(hashlib.sha256(name.encode()).hexdigest()[:32], events, customer)

    def sessions(self) -> dict[str, Figures]:
        """Return the rows of the mart of the same name."""
        return {visit.session_id: self._figures(visit) for visit in self.all}

    def _figures(self, visit: Visit) -> Figures:
        counted = self.counted_of(visit)
        return {
            "session_date": self._day(visit.first.at),
            "person_id": visit.person,
            "visitor_id": visit.first.visitor,
            "customer_id": visit.customer,
            "started_at": moment(visit.first.at),
            "ended_at": moment(visit.events[-1].at),
            "channel": visit.first.channel,
            "last_non_direct_channel": visit.last_non_direct,
            "landing_path": next((event.path for event in visit.events if event.path), None),
            "device": visit.first.device,
            "is_bot": visit.is_bot,
            "event_count": len(visit.events),
            "search_count": visit.count("Products Searched"),
            "product_view_count": visit.count("Product Viewed"),
            "cart_add_count": visit.count("Product Added"),
            "checkout_count": visit.count("Checkout Started"),
            "payment_count": visit.count("Payment Info Entered"),
            "order_id": counted[0].row["id"] if counted else None,
            "orders": len(counted),
            "net_amount": sum((order.sales for order in counted), ZERO),
        }

    def search_terms(self) -> dict[tuple[date, str], Figures]:
        """Return the rows of the mart of the same name."""
        names = ("searches", "zero_result_searches", "clicked_searches", "ordered_searches")
        rows: dict[tuple[date, str], Figures] = defaultdict(lambda: dict.fromkeys(names, 0))
        for visit in self.of_people:
            searches = [
                place
                for place, event in enumerate(visit.events)
                if event.name == "Products Searched" and (event.query or "").strip()
            ]
            for place, following in pairwise([*searches, len(visit.events)]):
                search = visit.events[place]
                term = " ".join((search.query or "").lower().split())[:200].strip()
                row = rows[(self._day(search.at), term)]
                row["searches"] += 1
                row["zero_result_searches"] += search.result_count == 0
                until_next = {event.name for event in visit.events[place:following]}
                row["clicked_searches"] += bool(until_next & {"Product Clicked", "Product Viewed"})
                row["ordered_searches"] += self._leads_to_an_order(search, visit)
        return dict(rows)

    def _leads_to_an_order(self, search: Seen, visit: Visit) -> bool:
        """Return whether its session later reports a counted order that was placed after it."""
        for order in self.orders_of(visit):
            report, _ = self._reports[order.row["id"]]
            is_later = (report.at, report.uuid) > (search.at, search.uuid) and order.at >= search.at
            if is_later and order.counted is not None:
                return True
        return False

    def tracking_coverage(self) -> dict[tuple[date, str, str, str], Figures]:
        """Return the rows of the mart of the same name."""
        rows: dict[tuple[date, str, str, str], Figures] = defaultdict(_coverage_row)
        for number, order in self.placed.items():
            if order.counted is not None:
                self._cover(rows, order, order.counted, self._reports.get(number))
        for report, visit in self._unknown:
            key = (self._day(report.at), "unknown", visit.first.channel, visit.first.device)
            rows[key]["unknown_purchases"] += 1
        return dict(rows)

    @staticmethod
    def _cover(
        rows: dict[tuple[date, str, str, str], Figures],
        order: Placed,
        counted: Order,
        found: Report | None,
    ) -> None:
        if found is None:
            row = rows[(counted.day, order.row["sales_channel"], "untracked", "unknown")]
            row["untracked_orders"] += 1
            row["untracked_sales"] += counted.sales
        else:
            report, visit = found
            row = rows[(counted.day, order.row["sales_channel"], visit.first.channel, visit.first.device)]
            row["tracked_orders"] += 1
            row["mismatched_orders"] += (
                report.total is not None and Decimal(report.total) != order.row["total_amount"]
            ) or (report.currency is not None and report.currency != order.row["currency"])
        row["orders"] += 1

    def touches(self, order: Placed) -> list[Visit]:
        """Return sessions of the order's person in the 90 days before it, and the one it was placed in."""
        own = self.session_of(order.row["id"])
        others = [
            visit
            for visit in self._of_person[order.person]
            if order.at - LOOKBACK_MILLIS < visit.first.at <= order.at and visit is not own
        ]
        found = others if own is None else [*others, own]
        return sorted(found, key=lambda visit: (visit.first.at, visit.session_id))

    @cached_property
    def _of_person(self) -> dict[str, list[Visit]]:
        visits: dict[str, list[Visit]] = defaultdict(list)
        for visit in self.of_people:
            visits[visit.person].append(visit)
        return visits


def shares(channels: list[str], model: str) -> list[Fraction]:
    """Return the shares of an order's touches by an attribution model, oldest first."""
    count = len(channels)
    if model == "linear":
        return [Fraction(1, count)] * count
    if model == "position" and count == 2:
        return [Fraction(1, 2)] * 2
    if model == "position" and count > 2:
        return [Fraction(2, 5), *[Fraction(1, 5) / (count - 2)] * (count - 2), Fraction(2, 5)]
    chosen = 0
    if model == "last_non_direct":
        chosen = max((place for place, name in enumerate(channels) if name != "direct"), default=count - 1)
    return [Fraction(place == chosen) for place in range(count)]


def shared_out(amount: Decimal, parts: list[Fraction], unit: str) -> list[Decimal]:
    """Split an amount into parts that add up: each is the difference of two rounded running totals."""
    sums, total = [Decimal(0)], Fraction(0)
    for part in parts:
        total += part
        exact = Fraction(amount) * total / Fraction(unit)
        sums.append(Decimal(round(exact)) * Decimal(unit))  # round() of a fraction is half-even
    return [after - before for before, after in pairwise(sums)]


def sessions(events: Iterable[Seen]) -> list[list[Seen]]:
    """Split events of one visitor at gaps of more than 30 minutes, in order."""
    by_visitor: dict[str, list[Seen]] = defaultdict(list)
    for event in events:
        by_visitor[event.visitor].append(event)
    found = []
    for own in by_visitor.values():
        own.sort(key=lambda event: (event.at, event.uuid))
        found.append([own[0]])
        for before, event in pairwise(own):
            if event.at - before.at > SESSION_GAP_MILLIS:
                found.append([])
            found[-1].append(event)
    return found


def millis(at: datetime) -> int:
    """Return the milliseconds of a naive UTC datetime, truncated."""
    return int(at.replace(tzinfo=UTC).timestamp() * 1000)


def moment(at: int) -> datetime:
    """Return the datetime of milliseconds UTC."""
    return datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)


def _plain(number: str) -> str:
    """Normalise an order number for comparison: case and a leading `#` do not matter."""
    return number.strip().lstrip("# ").lower()


def _person_without_orders(visit: Visit) -> str:
    if visit.customer is not None:
        return f"c:{visit.customer}"
    return f"p:{uuid.uuid5(_PERSONS, f'1:{visit.first.visitor}')}"


def _remember_channels(visits: list[Visit]) -> None:
    newest: dict[str, Visit] = {}
    for visit in visits:
        if visit.first.channel != "direct":
            newest[visit.person] = visit
        known = newest.get(visit.person)
        is_fresh = known is not None and known.first.at > visit.first.at - LOOKBACK_MILLIS
        visit.last_non_direct = known.first.channel if known is not None and is_fresh else "direct"


def _coverage_row() -> Figures:
    counts = ("orders", "tracked_orders", "untracked_orders", "unknown_purchases", "mismatched_orders")
    return {**dict.fromkeys(counts, 0), "untracked_sales": ZERO}
