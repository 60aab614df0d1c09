"""The vocabulary of equalities between a mart and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """Rows whose sums a mart's figures must equal.

    `figures` maps each figure to what a row adds to it; `rows` counts rows. `key` maps columns of the mart to
    their counterparts here: it identifies the rows of the mart that differ.
    """

    rows: str
    figures: Mapping[str, str]
    where: str = "true"
    key: Mapping[str, str] = field(default_factory=dict)
    currency: str = "''"


@dataclass(frozen=True)
class Reason(Source):
    """Rows of a source that the mart excludes correctly; `why` is SQL that names the reason."""

    why: str = "''"


@dataclass(frozen=True)
class Equality:
    """Figures of a mart and what they must equal, per currency if `currency` is given.

    A figure with several sources equals their sum.
    """

    mart: str
    of: str  # describes the source
    sources: tuple[Source, ...]
    where: str = "true"
    currency: str = "''"
    reasons: tuple[Reason, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the compared figures."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.figures))


def same(*names: str) -> dict[str, str]:
    """Return columns that have the same name in the source and the mart."""
    return {name: name for name in names}
