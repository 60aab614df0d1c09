"""Sums of money per currency: one question, asked of the shop's MySQL and of every layer after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spark_jobs.columns.parsing import BLANKS


@dataclass(frozen=True)
class MoneySums:
    """What is summed of a shop table, in the source's column names.

    A table without a currency of its own takes that of the row its `parent` (table, foreign key) names.
    """

    measures: Mapping[str, str]
    parent: tuple[str, str] | None = None

    def sql(self, table: str, parent: str | None = None, where: str = "") -> str:
        """A query with the columns currency, rows and one per measure; MySQL and DuckDB read it alike."""
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
        """An answer as a run record keeps it: currency → measure → amount as text."""
        names = ("rows", *self.measures)
        return {
            str(row[0]): {name: str(value or 0) for name, value in zip(names, row[1:], strict=True)}
            for row in sorted(answer, key=lambda row: str(row[0]))
        }


def as_currency(written: str) -> str:
    """A currency as silver writes it: databases differ in what they take for a blank."""
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
