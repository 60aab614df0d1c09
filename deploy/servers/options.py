"""An option of a server, and why it is set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """What a server is told in its own terms; `why` where that is no matter of course."""

    name: str
    value: str
    why: str = ""
