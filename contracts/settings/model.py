"""What a setting is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from contracts.settings.rules import Rule

# In the text of a default: the folder that holds `.env`.
HERE = "<folder of this file>"


class Audience(Enum):
    """Who reads a setting."""

    JOBS = "jobs"  # the simulator and `shoplake` too
    LAKE = "jobs and Spark"
    GATEWAY = "gateway and mirror"
    AIRFLOW = "Airflow"
    SUPERSET = "Superset"
    STOREFRONT = "storefront"
    SERVERS = "`make demo` and `make up`"
    DEMO = "`make demo`"
    UP = "`make up`"


@dataclass(frozen=True)
class Setting:
    """A name in `.env`.

    `rule` is its type; without a `default` it is a secret, which every installation draws for itself. In
    containers another default may hold (`in_containers`), or no choice at all (`fixed_in_containers`).
    """

    name: str
    rule: Rule
    default: str | int | float | bool | None
    doc: str
    audience: tuple[Audience, ...]
    in_containers: str = ""
    fixed_in_containers: str = ""

    @property
    def shown(self) -> str:
        """The default as it is written in `.env`."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return "" if self.default is None else str(self.default)


@dataclass(frozen=True)
class Section:
    """Settings that belong together; `doc` is what holds for all of them."""

    title: str
    settings: tuple[Setting, ...]
    doc: str = ""
