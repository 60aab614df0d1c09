"""Sums of money per currency: the same question to the shop's MySQL and to every layer after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.model import Table


@dataclass(frozen=True)
class MoneySums:
    """What is summed of a shop table: a SQL query with the columns currency, rows and one per measure."""

    table: str
    measures: tuple[str, ...]
    source_sql: str


def _sql(measures: dict[str, str], source: str, currency: str) -> str:
    sums = ", ".join(f"SUM({expression})" for expression in measures.values())
    return f"SELECT {currency}, COUNT(*), {sums} FROM {source} GROUP BY {currency}"


def _sums(table: str, measures: dict[str, str], source: str, currency: str) -> MoneySums:
    return MoneySums(table, tuple(measures), _sql(measures, source, currency))


_ORDERS = {name: name for name in ("total_amount", "tax_amount", "shipping_amount", "discount_amount")}
_LINES = {
    "price_amount": "i.unit_price * i.quantity",
    "discount_amount": "i.discount_amount",
    "tax_amount": "i.tax_amount",
}
_REFUND_LINES = {"amount": "i.amount", "tax_amount": "i.tax_amount"}

MONEY_SUMS = {
    sums.table: sums
    for sums in (
        _sums("orders", _ORDERS, "orders", "currency"),
        _sums("order_items", _LINES, "order_items i LEFT JOIN orders o ON o.id = i.order_id", "o.currency"),
        _sums("payments", {"amount": "amount", "fee_amount": "fee_amount"}, "payments", "currency"),
        _sums("refunds", {"total_amount": "total_amount"}, "refunds", "currency"),
        _sums(
            "refund_items",
            _REFUND_LINES,
            "refund_items i LEFT JOIN refunds r ON r.id = i.refund_id",
            "r.currency",
        ),
    )
}


def as_record(table: Table, answer: list[tuple[Any, ...]]) -> dict[str, dict[str, str]]:
    """An answer as it is kept in a run record: currency → measure → amount as text; `rows` is a count."""
    names = ("rows", *MONEY_SUMS[table.name].measures)
    return {
        row[0] or "": {name: str(value or 0) for name, value in zip(names, row[1:], strict=True)}
        for row in sorted(answer, key=lambda row: row[0] or "")
    }
