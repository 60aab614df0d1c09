"""The model of a setting."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from contracts.settings.rules import Rule

# In a default: the folder that contains `.env`.
HERE = "<folder of this file>"


class Audience(Enum):
    """Who reads a setting."""

    JOBS = "jobs"  # the simulator and `shoplake`, too
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

    `rule` is its type; without a `default` it is a secret, which each installation generates. In containers
    it may have another default (`in_containers`) or a fixed value (`fixed_in_containers`).
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
        """Default as written in `.env`."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return "" if self.default is None else str(self.default)


@dataclass(frozen=True)
class Section:
    """A group of settings; `doc` applies to all of them."""

    title: str
    settings: tuple[Setting, ...]
    doc: str = ""
