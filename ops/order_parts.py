"""Contributions of one order to each mart: the rules of `spark_jobs/gold`, for a single order.

A test adds up the parts of all orders of a day and compares them with the day's row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from contracts.gold.sessions import LOOKBACK_DAYS
from ops.shop_rows import Row


@dataclass
class Part:
    """The order's contribution to one row of a mart, and that row's figures as PostgreSQL serves them."""

    mart: str
    key: Row
    counts: Row
    served: Row | None = None


class _Parts:
    """Parts by row: an order refunded on its own day adds twice to that day."""

    def __init__(self) -> None:
        self._by_row: dict[tuple[object, ...], Part] = {}

    def add(self, mart: str, key: Row, **counts: Any) -> None:
        part = self._by_row.setdefault((mart, *key.values()), Part(mart, key, {}))
        for name, amount in counts.items():
            part.counts[name] = part.counts.get(name, 0) + amount

    def all(self) -> list[Part]:
        return list(self._by_row.values())


def parts_of(gold: dict[str, list[Row]], events: list[Row], zone: ZoneInfo) -> list[Part]:
    """Return the rows of marts that the order counts in; `gold` has its rows, and its person's sessions."""
    parts = _Parts()
    for order in gold["orders"]:
        _sales(parts, order, gold)
        if order["is_counted"]:
            _products(parts, order, gold)
            _person(parts, order, gold)
            _visits(parts, order, gold)
            _searches(parts, order, gold, events, zone)
    return parts.all()


def _sales(parts: _Parts, order: Row, gold: dict[str, list[Row]]) -> None:
    day = {"sales_date": order["order_date"], "sales_channel": order["sales_channel"]}
    if not order["is_counted"]:
        reason = {"cancelled_before_payment": "cancelled"}.get(
            order["exclusion_reason"], order["exclusion_reason"]
        )
        placed = int(reason != "test")
        excluded = {f"excluded_{reason}_orders": 1}
        parts.add("daily_sales", day, placed_orders=placed, orders=0, excluded_orders=1, **excluded)
        return
    amounts = {name: order[name] for name in ("gross_sales", "discounts")}
    parts.add("orders", {"order_id": order["order_id"]}, units=order["units"], net_amount=order["net_amount"])
    parts.add(
        "daily_sales",
        day,
        placed_orders=1,
        orders=1,
        units=order["units"],
        **amounts,
        returns=Decimal(0),
        refunds_without_goods=Decimal(0),
        net_sales=order["net_amount"],
        tax=order["line_tax"] + order["shipping_tax"],
        shipping=order["shipping_amount"],
        other_charges=order["other_charges"],
        new_customers=int(order["is_first_order"]),
    )
    for period in _periods(order["order_date"]):
        parts.add("order_trends", period, orders=1, net_sales=order["net_amount"])
    for line in gold["refund_lines"]:
        on = {"sales_date": line["refund_date"], "sales_channel": line["sales_channel"]}
        parts.add(
            "daily_sales",
            on,
            returns=line["returned_amount"],
            refunds_without_goods=line["returned_amount"] if line["kind"] == "rest" else Decimal(0),
            net_sales=-line["returned_amount"],
            tax=-line["returned_tax"],
            shipping=-line["returned_shipping"],
        )
        for period in _periods(line["refund_date"]):
            parts.add("order_trends", period, net_sales=-line["returned_amount"])


def _periods(day: date) -> tuple[Row, Row]:
    monday = day - timedelta(days=day.weekday())
    return (
        {"period": "week", "period_start_date": monday},
        {"period": "month", "period_start_date": day.replace(day=1)},
    )


def _products(parts: _Parts, order: Row, gold: dict[str, list[Row]]) -> None:
    lines = sorted(gold["order_lines"], key=lambda line: line["line_number"])
    for line in lines:
        parts.add(
            "order_lines",
            {"order_line_id": line["order_line_id"]},
            units=line["units"],
            net_amount=line["net_amount"],
            returns_by_order_date=line["returns_by_order_date"],
        )
    for product in dict.fromkeys(line["product_id"] for line in lines):
        sold = [line for line in lines if line["product_id"] == product]
        parts.add(
            "product_daily",
            {"sales_date": order["order_date"], "product_id": product},
            purchases=1,
            units=sum(line["units"] for line in sold),
            net_sales=sum(line["net_amount"] for line in sold),
        )
    for line in gold["refund_lines"]:
        parts.add(
            "refund_lines",
            {"refund_line_key": line["refund_line_key"]},
            returned_amount=line["returned_amount"],
        )
        if line["product_id"] is not None:
            on = {"sales_date": line["refund_date"], "product_id": line["product_id"]}
            parts.add("product_daily", on, net_sales=-line["returned_amount"])


def _person(parts: _Parts, order: Row, gold: dict[str, list[Row]]) -> None:
    returned = sum((line["returned_amount"] for line in gold["refund_lines"]), Decimal(0))
    parts.add(
        "customer_360",
        {"person_id": order["person_id"]},
        orders=1,
        gross_sales=order["gross_sales"],
        discounts=order["discounts"],
        returns=returned,
        net_sales=order["net_amount"] - returned,
    )
    earliest = order["placed_at"] - timedelta(days=LOOKBACK_DAYS)
    visits = [
        visit
        for visit in sorted(gold["visits_of_person"], key=lambda row: (row["started_at"], row["session_id"]))
        if not visit["is_bot"]
        and (
            earliest < visit["started_at"] <= order["placed_at"] or visit["session_id"] == order["session_id"]
        )
    ]
    channels = [visit["channel"] for visit in visits] or ["untracked"]
    last = next((channel for channel in reversed(channels) if channel != "direct"), channels[-1])
    # The other two models divide the order among all these sessions.
    for model, channel in (("first_touch", channels[0]), ("last_non_direct", last)):
        key = {"sales_date": order["order_date"], "channel": channel, "model": model}
        sales = order["net_amount"] - returned
        parts.add("channel_attribution", key, attributed_orders=1, attributed_sales=sales)


def _visits(parts: _Parts, order: Row, gold: dict[str, list[Row]]) -> None:
    if order["session_id"]:
        key = {"session_id": order["session_id"]}
        parts.add("sessions", key, orders=1, net_amount=order["net_amount"])
    people = [visit for visit in gold["sessions"] if not visit["is_bot"]]
    for visit in people:
        key = {"session_date": visit["session_date"], "channel": visit["channel"], "device": visit["device"]}
        parts.add("funnel_daily", key, purchase_sessions=1)
    first = min(people, key=lambda visit: visit["started_at"], default={})
    coverage = {
        "coverage_date": order["order_date"],
        "sales_channel": order["sales_channel"],
        "channel": first.get("channel", "untracked"),
        "device": first.get("device", "unknown"),
    }
    tracked = int(bool(people))
    untracked = Decimal(0) if tracked else order["net_amount"]
    counts = {"orders": 1, "tracked_orders": tracked, "untracked_orders": 1 - tracked}
    parts.add("tracking_coverage", coverage, **counts, untracked_sales=untracked)


def _searches(
    parts: _Parts, order: Row, gold: dict[str, list[Row]], events: list[Row], zone: ZoneInfo
) -> None:
    people = {visit["session_id"] for visit in gold["sessions"] if not visit["is_bot"]}
    bought = {
        event["session_id"]: event
        for event in events
        if event["event_name"] == "Order Completed" and event["order_id"] == order["order_id"]
    }
    for event in events:
        end = bought.get(event["session_id"])
        if event["event_name"] != "Products Searched" or not event["search_query"] or not end:
            continue
        if event["session_id"] in people and event["occurred_at"] <= end["occurred_at"]:
            term = re.sub(r"\s+", " ", event["search_query"]).strip().lower()
            day = event["occurred_at"].replace(tzinfo=UTC).astimezone(zone).date()
            parts.add("search_terms", {"search_date": day, "term": term}, ordered_searches=1)
