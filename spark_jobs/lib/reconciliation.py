"""Counts and money compared between two places, with the reasons that explain a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table as ScreenTable

Amount = int | Decimal


@dataclass(frozen=True)
class Comparison:
    """One figure in two places. What `reasons` add up to is explained, the rest is not."""

    table: str
    figure: str
    left_place: str
    left: Amount
    right_place: str
    right: Amount
    reasons: Mapping[str, Amount] = field(default_factory=dict)

    @property
    def difference(self) -> Amount:
        """Left minus right."""
        return self.left - self.right

    @property
    def unexplained(self) -> Amount:
        """What no reason accounts for; anything but zero is an error."""
        return self.difference - sum(self.reasons.values(), Decimal(0))

    def in_words(self) -> str:
        """The comparison in one sentence."""
        return (
            f"{self.table} {self.figure}: {self.left:,} in {self.left_place}, {self.right:,} in"
            f" {self.right_place}, {self.unexplained:,} unexplained"
        )

    def as_record(self) -> dict[str, Any]:
        """For the run record, amounts as text."""
        kept = asdict(self) | {
            "left": str(self.left),
            "right": str(self.right),
            "reasons": {reason: str(amount) for reason, amount in self.reasons.items()},
        }
        return kept | {"difference": str(self.difference), "unexplained": str(self.unexplained)}


def compare_groups(
    table: str,
    figure: str,
    left_place: str,
    left: Mapping[str, Amount],
    right_place: str,
    right: Mapping[str, Amount],
    reasons: Mapping[str, Mapping[str, Amount]] | None = None,
) -> list[Comparison]:
    """One comparison per group of either side, a currency; `reasons` is reason → group → amount."""
    return [
        Comparison(
            table,
            f"{figure} {group}".strip(),
            left_place,
            left.get(group, 0),
            right_place,
            right.get(group, 0),
            {why: amounts[group] for why, amounts in (reasons or {}).items() if amounts.get(group)},
        )
        for group in sorted(set(left) | set(right))
    ]


def print_differences(comparisons: list[Comparison]) -> None:
    """The table of differences, or one line when there is none."""
    differing = [each for each in comparisons if each.difference or each.unexplained]
    print(f"{len(comparisons)} figures compared, {len(comparisons) - len(differing)} equal")
    if not differing:
        return
    screen = ScreenTable(title="Differences and their reasons", title_justify="left")
    for name in ("table", "figure", "from", "to"):
        screen.add_column(name)
    screen.add_column("difference", justify="right")
    screen.add_column("reason")
    for each in differing:
        reasons = [f"{why}: {amount:,}" for why, amount in each.reasons.items()]
        if each.unexplained:
            reasons.append(f"UNEXPLAINED: {each.unexplained:,}")
        places = (f"{each.left_place} {each.left:,}", f"{each.right_place} {each.right:,}")
        screen.add_row(each.table, each.figure, *places, f"{each.difference:,}", "\n".join(reasons))
    Console(width=150, force_terminal=False).print(screen)
