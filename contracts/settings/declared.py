"""Every setting, in the order of `.env.example`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.settings import gateway, platform, servers
from contracts.settings.model import Audience, Setting
from contracts.settings.rules import Rule

SECTIONS = (
    platform.FIGURES,
    platform.THE_LAKE,
    platform.SHOP,
    platform.INGEST,
    servers.STOREFRONT,
    platform.EVENTS,
    gateway.THE_GATEWAY,
    gateway.LIMITS,
    gateway.MIRROR,
    platform.WAREHOUSE,
    servers.SPARK,
    servers.THE_AIRFLOW,
    servers.ALERTS,
    servers.THE_SUPERSET,
    servers.DOWNLOADS,
    servers.COMPOSE,
)
SETTINGS: Mapping[str, Setting] = {each.name: each for section in SECTIONS for each in section.settings}
RULES: Mapping[str, Rule] = {name: each.rule for name, each in SETTINGS.items()}
# Drawn by every installation for itself, in the order of the example.
DRAWN = tuple(name for name, each in SETTINGS.items() if each.default is None)


def default(name: str) -> Any:
    """Return a setting's default, in the type of its value."""
    return SETTINGS[name].default


def read_by(*audience: Audience) -> list[Setting]:
    """Return the settings that one of these reads."""
    return [each for each in SETTINGS.values() if set(audience) & set(each.audience)]
