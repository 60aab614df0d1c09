"""Fingerprints of what a table was built from, so that a step can skip what has not changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from spark_jobs.columns.context import Context
from spark_jobs.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]


@cache
def code_version(*folders: str) -> str:
    """Return a hash of the Python files below these folders of the project.

    Any change to the code behind a table rebuilds it: often unnecessary, never wrong.
    """
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted((_ROOT / folder).rglob("*.py")):
            digest.update(file.relative_to(_ROOT).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def context_of(settings: Settings, now: datetime) -> Context:
    """Context of a build at `now` (aware): `as_of` is the start of that day in the shop's time zone.

    Everything that depends on `as_of` changes with the day, so builds of one day agree.
    """
    local = now.astimezone(ZoneInfo(settings.shop_timezone))
    return Context(
        shop_timezone=settings.shop_timezone,
        reporting_currency=settings.reporting_currency,
        as_of=local.replace(hour=0, minute=0, second=0, microsecond=0),
        late_data_days=settings.late_data_days,
        pseudonym_key=settings.pseudonym_key.get_secret_value().encode(),
    )


def fingerprint(code: str, context: Context | None, inputs: Mapping[str, int]) -> str:
    """Return a hash of the code, of the settings that change figures, and of the inputs' versions."""
    parts: dict[str, Any] = {"code": code, "inputs": dict(sorted(inputs.items()))}
    if context is not None:
        parts["context"] = {
            "shop_timezone": context.shop_timezone,
            "reporting_currency": context.reporting_currency,
            "as_of": context.as_of.isoformat(),
            "late_data_days": context.late_data_days,
            "pseudonym_key": hashlib.sha256(b"fingerprint" + context.pseudonym_key).hexdigest(),
        }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
