"""Totals of the mart `amount_differences`: information about the shop, never a failure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table as ScreenTable

from contracts.gold.amount_differences import AMOUNT_DIFFERENCES, KINDS
from spark_jobs.reconcile.tables import LakeTables

LOOK = (
    "./shoplake sql \"select * from mart.amount_differences where kind = '{kind}'"
    ' order by difference_date desc"'
)


@dataclass(frozen=True)
class Total:
    """Differences of one kind in one currency; `counted` of them are of orders that count."""

    kind: str
    currency: str
    rows: int
    counted: int
    amount: Decimal

    def as_record(self) -> dict[str, Any]:
        """Return it for the run record, the amount as text."""
        return asdict(self) | {"amount": str(self.amount)}


def amount_totals(tables: LakeTables) -> list[Total]:
    """Return rows and amounts per kind and currency, in the order of the kinds; empty without a mart."""
    if not tables.exists(AMOUNT_DIFFERENCES):
        return []
    mart = tables.delta(AMOUNT_DIFFERENCES.id)
    rows = tables.rows(
        "SELECT kind, coalesce(currency, ''), count(*), count(*) FILTER (is_counted),"
        f" coalesce(sum(difference_amount_original), 0) FROM {mart} GROUP BY 1, 2"
    )
    totals = [Total(*row) for row in rows]
    return sorted(totals, key=lambda each: (KINDS.index(each.kind), each.currency))


def print_amount_totals(totals: list[Total]) -> None:
    """Print the totals and where to look; one line if there are none."""
    if not totals:
        print("amounts of the shop add up: orders, lines, refunds and payments")
        return
    screen = ScreenTable(title="Amounts of the shop that do not add up", title_justify="left")
    screen.add_column("kind")
    screen.add_column("currency")
    for name in ("rows", "of counted orders", "amount"):
        screen.add_column(name, justify="right")
    for each in totals:
        screen.add_row(each.kind, each.currency, f"{each.rows:,}", f"{each.counted:,}", f"{each.amount:,.2f}")
    Console(width=150, force_terminal=False).print(screen)
    rows = sum(each.rows for each in totals)
    largest = max(totals, key=lambda each: each.rows).kind
    print(
        f"WARN: {rows:,} amounts of the shop do not add up; the marts show them as the shop wrote them."
        f" Look: {LOOK.format(kind=largest)}"
    )
