"""The words that an equality between a mart and its source is declared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """Rows whose sums a mart's figures must equal.

    `figures` has, for each figure, what a row adds to it; `rows` counts rows. `key` has, for columns of the
    mart, the same of a row here: it tells which rows of the mart differ.
    """

    rows: str
    figures: Mapping[str, str]
    where: str = "true"
    key: Mapping[str, str] = field(default_factory=dict)
    currency: str = "''"


@dataclass(frozen=True)
class Reason(Source):
    """Rows of a source that the mart rightly leaves out; `why` is SQL that names the reason."""

    why: str = "''"


@dataclass(frozen=True)
class Equality:
    """Figures of a mart and what they must equal, in each currency by itself when `currency` is given.

    A figure that several sources have is the sum of them all.
    """

    mart: str
    of: str  # the source in words
    sources: tuple[Source, ...]
    where: str = "true"
    currency: str = "''"
    reasons: tuple[Reason, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures compared."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.figures))


def same(*names: str) -> dict[str, str]:
    """Columns that a source calls as the mart does."""
    return {name: name for name in names}
