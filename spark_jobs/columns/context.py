"""The context of a build: what a transformation may read besides its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Context:
    """Settings that change figures, and the moment a build is as of; equal contexts give equal tables."""

    shop_timezone: str  # IANA name; every day is a day in this time zone
    reporting_currency: str  # ISO 4217
    as_of: datetime  # aware; determines which periods are complete and how recent a customer is
    late_data_days: int  # whole days after a period's end before it counts as complete
    pseudonym_key: bytes  # HMAC key of pseudonyms
