"""The figures the shop should show, in plain Python from the simulator's own record.

A second opinion: it shares no code with the pipeline, nor with the code that prices the simulator's orders.
It may be slow but must be simple. Money is in the reporting currency, days are in the shop's time zone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

from simulator.config import SimulatorSettings
from simulator.errors import SimulatorError
from simulator.ledger import carts
from simulator.ledger.accounting import (
    ZERO,
    Line,
    Order,
    beyond_lines_and_shipping,
    half_even,
    line_amounts,
    person_key,
    places_of,
    returns_of,
)
from simulator.ledger.sessions import Figures, Placed, Visits, shared_out, shares
from simulator.record import Record, Seen
from simulator.schema import Row
from simulator.state import State

_STEPS = {
    "Product Viewed": "product_view_sessions",
    "Product Added": "cart_sessions",
    "Checkout Started": "checkout_sessions",
}
_EXCLUDED = {
    "test": "excluded_test_orders",
    "failed": "excluded_failed_orders",
    "cancelled_before_payment": "excluded_cancelled_orders",
}


class Ledger:
    """Expected figures of the marts, by the marts' own keys and column names."""

    def __init__(
        self,
        state: State,
        events: Iterable[Seen],
        *,
        timezone: str,
        reporting_currency: str,
        pseudonym_key: str,
        now: datetime | None = None,
    ) -> None:
        self._state, self._events, self._now = state, list(events), now
        self._zone, self._currency, self._key = ZoneInfo(timezone), reporting_currency, pseudonym_key

    def total(self, figure: str) -> Any:
        """Return the sum of a figure of `daily_sales` over all days and channels.

        Raises:
            KeyError: for a figure that daily_sales does not have.
        """
        return sum(row[figure] for row in self.daily_sales().values())

    def daily_sales(self) -> dict[tuple[date, str], Figures]:
        """Return figures per local day and sales channel with an order or a refund."""
        rows: dict[tuple[date, str], Figures] = defaultdict(_sales_row)
        for order in self._state.rows("orders"):
            row, reason = rows[(self._day(order["placed_at"]), order["sales_channel"])], self._excluded(order)
            row["placed_orders"] += reason != "test"
            if reason:
                row[_EXCLUDED[reason]] += 1
                row["excluded_orders"] += 1
        persons: dict[tuple[date, str, bool], set[str]] = defaultdict(set)
        for counted in self.orders:
            self._add_order(rows, counted)
            persons[(counted.day, counted.row["sales_channel"], counted.is_first)].add(counted.person)
        for (day, channel, is_first), found in persons.items():
            rows[(day, channel)]["new_customers" if is_first else "returning_customers"] = len(found)
        for row in rows.values():
            row["net_sales"] = row["gross_sales"] - row["discounts"] - row["returns"]
            row["total_sales"] = row["net_sales"] + row["tax"] + row["shipping"] + row["other_charges"]
            row["net_sales_by_order_date"] = (
                row["gross_sales"] - row["discounts"] - row["returns_by_order_date"]
            )
        return dict(rows)

    def product_daily(self) -> dict[tuple[date, int], Figures]:
        """Return figures per local day and product that was viewed, added to a cart, sold or returned."""
        rows: dict[tuple[date, int], Figures] = defaultdict(_product_row)
        for visit in self.visits.of_people:
            for event in visit.events:
                if event.product_id is not None and event.name in ("Product Viewed", "Product Added"):
                    row = rows[(self._day_of_millis(event.at), event.product_id)]
                    row["views" if event.name == "Product Viewed" else "cart_adds"] += 1
        for order in self.orders:
            has_session = self.visits.session_of(order.row["id"]) is not None
            for product_id in {line.product_id for line in order.lines}:
                rows[(order.day, product_id)]["purchases"] += 1
                rows[(order.day, product_id)]["cart_orders"] += has_session
            for line in order.lines:
                row = rows[(order.day, line.product_id)]
                row["units"] += line.units
                row["gross_sales"] += line.gross
                row["discounts"] += line.discount
            for item in order.returns:
                if item.product_id is not None:
                    rows[(item.day, item.product_id)]["returns"] += item.amount
        for row in rows.values():
            row["net_sales"] = row["gross_sales"] - row["discounts"] - row["returns"]
        return dict(rows)

    def customer_360(self) -> dict[str, Figures]:
        """Return figures per person: all accounts except test accounts, and guests with a counted order."""
        rows: dict[str, Figures] = defaultdict(_person_row)
        for customer in self._state.rows("customers"):
            if not customer["is_test"]:
                rows[f"c:{customer['id']}"]["orders"] += 0
        for order in self.orders:
            row = rows[order.person]
            row["orders"] += 1
            row["gross_sales"] += sum((line.gross for line in order.lines), ZERO)
            row["discounts"] += sum((line.discount for line in order.lines), ZERO)
            row["returns"] += sum((item.amount for item in order.returns), ZERO)
            row["first_order_date"] = min(row["first_order_date"] or order.day, order.day)
            row["last_order_date"] = max(row["last_order_date"] or order.day, order.day)
            if order.is_first:
                session = self.visits.session_of(order.row["id"])
                row["acquisition_channel"] = session.first.channel if session else "untracked"
        for row in rows.values():
            row["net_sales"] = row["gross_sales"] - row["discounts"] - row["returns"]
        return dict(rows)

    def funnel_daily(self) -> dict[tuple[date, str, str], Figures]:
        """Return sessions per local day, channel and device, without bots."""
        steps = ("sessions", *_STEPS.values(), "purchase_sessions")
        rows: dict[tuple[date, str, str], Figures] = defaultdict(lambda: dict.fromkeys(steps, 0))
        for visit in self.visits.of_people:
            first = visit.first
            row = rows[(self._day_of_millis(first.at), first.channel, first.device)]
            row["sessions"] += 1
            for name in {event.name for event in visit.events} & _STEPS.keys():
                row[_STEPS[name]] += 1
            row["purchase_sessions"] += bool(self.visits.counted_of(visit))
        return dict(rows)

    def sessions(self) -> dict[str, Figures]:
        """Return every session, bots included."""
        return self.visits.sessions()

    def search_terms(self) -> dict[tuple[date, str], Figures]:
        """Return searches per local day and term, without bots."""
        return self.visits.search_terms()

    def tracking_coverage(self) -> dict[tuple[date, str, str, str], Figures]:
        """Return counted orders per local day, sales channel, channel and device, tracked or not."""
        return self.visits.tracking_coverage()

    def cart_abandonment(self) -> dict[str, Figures]:
        """Return carts that a product was added to, without bots."""
        now = self._now or datetime.now(self._zone)
        today = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return carts.carts(
            self.visits, self._day_of_millis, self._converted_if_any, int(today.timestamp() * 1000)
        )

    def channel_attribution(self) -> dict[tuple[date, str, str], Figures]:
        """Return orders and their net amounts shared among sessions, and spend, per day, channel, model."""
        rows: dict[tuple[date, str, str], Figures] = defaultdict(_attribution_row)
        for placed in self.visits.placed.values():
            if placed.counted is None:
                continue
            order, touches = placed.counted, self.visits.touches(placed)
            channels = [visit.first.channel for visit in touches] or ["untracked"]
            for model in ("first_touch", "last_non_direct", "linear", "position"):
                parts = shares(channels, model)
                orders = shared_out(Decimal(1), parts, "0.000001")
                sales = shared_out(
                    order.sales - order.returned, parts, str(Decimal(1).scaleb(-places_of(self._currency)))
                )
                for channel, part, count, amount in zip(channels, parts, orders, sales, strict=True):
                    if part:
                        row = rows[(order.day, channel, model)]
                        row["attributed_orders"] += count
                        row["attributed_sales"] += amount
        for spent in self._state.rows("marketing_spend"):
            amount = self._converted(spent["amount"], self._rate(spent["spend_date"], spent["currency"]))
            for model in ("first_touch", "last_non_direct", "linear", "position"):
                rows[(spent["spend_date"], spent["channel"], model)]["spend"] += amount
        return dict(rows)

    @cached_property
    def visits(self) -> Visits:
        """Return the sessions, with their persons and orders."""
        counted = {order.row["id"]: order for order in self.orders}
        placed = [
            Placed(row, person_key(row, self._customer_by_email, self._key), counted.get(row["id"]))
            for row in self._state.rows("orders")
        ]
        return Visits(self._events, placed, self._day_of_millis)

    @cached_property
    def _customer_by_email(self) -> dict[str, int]:
        by_age = sorted(self._state.rows("customers"), key=lambda row: -row["id"])
        # The lowest id comes last and wins.
        return {row["email"].strip().lower(): row["id"] for row in by_age if row["email"]}

    @cached_property
    def orders(self) -> list[Order]:
        """Return every counted order, oldest first."""
        lines, refunds = self._grouped("order_items", "order_id"), self._grouped("refunds", "order_id")
        known: set[str] = set()
        found = []
        for row in sorted(self._state.rows("orders"), key=lambda order: (order["placed_at"], order["id"])):
            if self._excluded(row):
                continue
            person = person_key(row, self._customer_by_email, self._key)
            own_lines = sorted(lines[row["id"]], key=lambda line: line["line_number"])
            found.append(
                self._order(row, own_lines, refunds[row["id"]], person, is_first=person not in known)
            )
            known.add(person)
        return found

    def _order(self, row: Row, lines: list[Row], refunds: list[Row], person: str, *, is_first: bool) -> Order:
        day = self._day(row["placed_at"])
        rate = self._rate(day, row["currency"])
        product_of = {line["id"]: line["product_id"] for line in lines}
        amounts, converted = line_amounts(row, lines), []
        for line, (gross, net, tax) in zip(lines, amounts, strict=True):
            sold = self._converted(gross, rate)
            discount = sold - self._converted(net, rate)
            converted.append(
                Line(line["product_id"], line["quantity"], sold, discount, self._converted(tax, rate))
            )
        returns, shipping_refunds = [], []
        for refund in refunds:
            refunded_on = self._day(refund["refunded_at"])
            own = partial(self._converted, rate=self._rate(day, refund["currency"]))
            items = self._refund_items[refund["id"]]
            returns += returns_of(refund, items, product_of, refunded_on, own)
            shipping_refunds.append(
                (refunded_on, own(refund["shipping_amount"]), own(refund["shipping_tax_amount"]))
            )
        return Order(
            row,
            day,
            person,
            is_first,
            converted,
            returns,
            self._converted(row["shipping_amount"], rate),
            self._converted(row["shipping_tax_amount"], rate),
            shipping_refunds,
            self._converted(beyond_lines_and_shipping(row, amounts), rate),
        )

    @staticmethod
    def _add_order(rows: dict[tuple[date, str], Figures], order: Order) -> None:
        channel = order.row["sales_channel"]
        row = rows[(order.day, channel)]
        sales = sum((line.sales for line in order.lines), ZERO)
        row["orders"] += 1
        row["units"] += sum(line.units for line in order.lines)
        row["gross_sales"] += sum((line.gross for line in order.lines), ZERO)
        row["discounts"] += sum((line.discount for line in order.lines), ZERO)
        row["tax"] += sum((line.tax for line in order.lines), order.shipping_tax)
        row["shipping"] += order.shipping
        row["other_charges"] += order.other_charges
        row["new_customer_sales" if order.is_first else "returning_customer_sales"] += sales
        row["returns_by_order_date"] += sum((item.amount for item in order.returns), ZERO)
        for item in order.returns:
            rows[(item.day, channel)]["returns"] += item.amount
            rows[(item.day, channel)]["refunds_without_goods"] += item.amount if item.is_rest else ZERO
            rows[(item.day, channel)]["tax"] -= item.tax
        for day, shipping, tax in order.shipping_refunds:
            rows[(day, channel)]["shipping"] -= shipping
            rows[(day, channel)]["tax"] -= tax

    @cached_property
    def _test_customers(self) -> set[int]:
        return {row["id"] for row in self._state.rows("customers") if row["is_test"]}

    @cached_property
    def _refund_items(self) -> dict[int, list[Row]]:
        return self._grouped("refund_items", "refund_id")

    def _excluded(self, order: Row) -> str | None:
        if order["is_test"] or order["customer_id"] in self._test_customers:
            return "test"
        if order["status"] == "failed":
            return "failed"
        if order["status"] == "cancelled" and order["paid_at"] is None:
            return "cancelled_before_payment"
        return None

    def _grouped(self, table: str, column: str) -> dict[int, list[Row]]:
        groups: dict[int, list[Row]] = defaultdict(list)
        for row in self._state.rows(table):
            groups[row[column]].append(row)
        return groups

    def _converted(self, amount: Decimal, rate: Decimal) -> Decimal:
        return half_even(Fraction(amount) * Fraction(rate), places_of(self._currency))

    def _rate(self, day: date, currency: str) -> Decimal:
        if currency == self._currency:
            return Decimal(1)
        found = self._state.tables["exchange_rates"].get((day, currency, self._currency))
        if found is None:
            raise LookupError(f"no exchange rate {currency} → {self._currency} on {day}")
        return Decimal(found["rate"])

    def _converted_if_any(self, amount: Decimal, day: date, currency: str) -> Decimal | None:
        try:
            return self._converted(amount, self._rate(day, currency))
        except LookupError:
            return None

    def _day(self, moment: datetime) -> date:
        return moment.replace(tzinfo=UTC).astimezone(self._zone).date()

    def _day_of_millis(self, millis: int) -> date:
        return datetime.fromtimestamp(millis // 1000, self._zone).date()


def open_ledger(config: SimulatorSettings) -> Ledger:
    """Open the ledger of the shop in the configured database.

    Raises:
        SimulatorError: when it was not loaded with the demo shop.
    """
    with Record(config.record_path) as record:
        if record.meta("shop") != "demo":
            raise SimulatorError(
                f"No demo shop was loaded into {config.shop_mysql_database} (SHOP_MYSQL_DATABASE). "
                "Try: python -m simulator load --shop demo"
            )
        return Ledger(
            record.state(),
            record.events(),
            timezone=config.shop_timezone,
            reporting_currency=config.reporting_currency,
            pseudonym_key=config.pseudonym_key.get_secret_value(),
        )


def _sales_row() -> Figures:
    counts = (
        "placed_orders",
        "orders",
        "excluded_orders",
        *_EXCLUDED.values(),
        "units",
        "new_customers",
        "returning_customers",
    )
    amounts = (
        "gross_sales",
        "discounts",
        "returns",
        "refunds_without_goods",
        "net_sales",
        "tax",
        "shipping",
        "other_charges",
        "total_sales",
        "returns_by_order_date",
        "net_sales_by_order_date",
        "new_customer_sales",
        "returning_customer_sales",
    )
    return {**dict.fromkeys(counts, 0), **dict.fromkeys(amounts, ZERO)}


def _product_row() -> Figures:
    amounts = ("gross_sales", "discounts", "returns", "net_sales")
    return {
        **dict.fromkeys(("views", "cart_adds", "purchases", "cart_orders", "units"), 0),
        **dict.fromkeys(amounts, ZERO),
    }


def _person_row() -> Figures:
    amounts = ("gross_sales", "discounts", "returns", "net_sales")
    names = ("first_order_date", "last_order_date", "acquisition_channel")
    return {"orders": 0, **dict.fromkeys(amounts, ZERO), **dict.fromkeys(names)}


def _attribution_row() -> Figures:
    return {"attributed_orders": Decimal(0), "attributed_sales": ZERO, "spend": ZERO}
