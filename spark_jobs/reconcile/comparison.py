"""Counts and money compared between two places, with the reasons that explain a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Context, Decimal
from functools import reduce
from typing import Any

from rich.console import Console
from rich.table import Table as ScreenTable

Amount = int | Decimal
EXACT = Context(prec=60)  # Python's default is 28 digits, sums of DuckDB have up to 38
_LONGEST = 60  # characters of a key's value that a message shows


@dataclass(frozen=True)
class Comparison:
    """One figure in two places. The sum of `reasons` is explained, the rest is not.

    For an unexplained rest, `examples` name up to five rows that differ, and `next_command` shows or fixes
    them.
    """

    table: str
    figure: str
    left_place: str
    left: Amount
    right_place: str
    right: Amount
    reasons: Mapping[str, Amount] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    next_command: str = ""

    @property
    def difference(self) -> Amount:
        """Return left minus right."""
        difference = EXACT.subtract(Decimal(self.left), Decimal(self.right))
        return int(difference) if isinstance(self.left, int) and isinstance(self.right, int) else difference

    @property
    def unexplained(self) -> Amount:
        """Return the part that no reason explains; anything but zero is an error."""
        return reduce(EXACT.subtract, map(Decimal, self.reasons.values()), Decimal(self.difference))

    def in_words(self) -> str:
        """Describe the comparison in one sentence, with rows that differ and the next command."""
        rows = f", such as {'; '.join(self.examples)}" if self.examples else ""
        command = f". Next: {self.next_command}" if self.next_command else ""
        return (
            f"{self.table} {self.figure}: {self.left:,} in {self.left_place}, {self.right:,} in"
            f" {self.right_place}, {self.unexplained:,} unexplained{rows}{command}"
        )

    def naming(self, examples: Sequence[str], next_command: str) -> Comparison:
        """Return a copy with rows that differ and the command that shows or fixes them."""
        return replace(self, examples=tuple(examples), next_command=next_command)

    def as_record(self) -> dict[str, Any]:
        """Return it for the run record, amounts as text."""
        kept = asdict(self) | {
            "left": str(self.left),
            "right": str(self.right),
            "reasons": {reason: str(amount) for reason, amount in self.reasons.items()},
        }
        return kept | {"difference": str(self.difference), "unexplained": str(self.unexplained)}


def example(key: Mapping[str, Any], sides: Mapping[str, Amount | str] | None = None) -> str:
    """Describe a row: `order_id 5 (12.00 in orders, 10.00 in order_lines)`; `sides` is place → amount."""
    told = " ".join(f"{name} {_printable(value)}" for name, value in key.items())
    amounts = ", ".join(
        f"{amount if isinstance(amount, str) else f'{amount:,}'} in {place}"
        for place, amount in (sides or {}).items()
    )
    return f"{told} ({amounts})" if amounts else told


def text_literal(value: Any) -> str:
    """Return a value as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _printable(value: Any) -> str:
    """Return a value on one line, whatever it contains."""
    text = "null" if value is None else str(value)
    shown = text if text.isprintable() and text.strip() == text and text else ascii(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def compare_groups(
    table: str,
    figure: str,
    left_place: str,
    left: Mapping[str, Amount],
    right_place: str,
    right: Mapping[str, Amount],
    reasons: Mapping[str, Mapping[str, Amount]] | None = None,
) -> list[Comparison]:
    """Return one comparison per group (currency) of either side; `reasons` is reason → group → amount."""
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
    """Print the table of differences, or one line if there are none."""
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
