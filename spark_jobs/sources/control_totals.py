"""Sums of money per currency: the same query for the shop's MySQL and every layer after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spark_jobs.columns.parsing import BLANKS


@dataclass(frozen=True)
class MoneySums:
    """The amounts to sum of a shop table, by the source's column names.

    A table without its own currency takes that of the row that its `parent` (table, foreign key) names.
    """

    measures: Mapping[str, str]
    parent: tuple[str, str] | None = None

    def sql(self, table: str, parent: str | None = None, where: str = "") -> str:
        """Return a query with the columns currency, rows and one per measure, valid in MySQL and DuckDB."""
        sums = ", ".join(f"SUM({expression})" for expression in self.measures.values())
        currency = "UPPER(TRIM(COALESCE(currency, '')))"
        source = table
        if self.parent is not None:
            name, foreign_key = self.parent
            source += (
                f" LEFT JOIN (SELECT id AS parent_id, currency FROM {parent or name}) p"
                f" ON p.parent_id = {foreign_key}"
            )
        return f"SELECT {currency}, COUNT(*), {sums} FROM {source} {where} GROUP BY {currency}"

    def as_record(self, answer: list[tuple[Any, ...]]) -> dict[str, dict[str, str]]:
        """Return a result as a run record stores it: currency → measure → amount as text."""
        names = ("rows", *self.measures)
        return {
            str(row[0]): {name: str(value or 0) for name, value in zip(names, row[1:], strict=True)}
            for row in sorted(answer, key=lambda row: str(row[0]))
        }


def as_currency(written: str) -> str:
    """Return a currency as silver writes it: databases differ in what they treat as a blank."""
    return written.replace("\0", "\ufffd").strip(BLANKS).upper()


def _columns(*names: str) -> dict[str, str]:
    return {name: name for name in names}


MONEY_SUMS = {
    "orders": MoneySums(_columns("total_amount", "tax_amount", "shipping_amount", "discount_amount")),
    "order_items": MoneySums(
        {"price_amount": "unit_price * quantity"} | _columns("discount_amount", "tax_amount"),
        parent=("orders", "order_id"),
    ),
    "payments": MoneySums(_columns("amount", "fee_amount")),
    "refunds": MoneySums(_columns("total_amount")),
    "refund_items": MoneySums(_columns("amount", "tax_amount"), parent=("refunds", "refund_id")),
}
