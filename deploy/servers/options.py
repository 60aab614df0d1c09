"""Options of servers, and why they are set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """An option in the server's own terms; `why` if the reason is not obvious."""

    name: str
    value: str
    why: str = ""
