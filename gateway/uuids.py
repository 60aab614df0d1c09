"""Event uuids: read in any usual form, or made here."""

from __future__ import annotations

import os
import re
import time

_HEX = "[0-9a-fA-F]"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Other forms that senders use: upper case, without hyphens, in braces, as a URN.
_OTHER_UUID = re.compile(
    rf"(?:urn:uuid:)?(\{{)?({_HEX}{{8}})(-?)({_HEX}{{4}})\3({_HEX}{{4}})\3({_HEX}{{4}})\3({_HEX}{{12}})(?(1)\}})"
)


def canonical_uuid(stated: str) -> str | None:
    """Return a UUID in its canonical form, or None if it is not a UUID."""
    if _UUID.fullmatch(stated):
        return stated
    found = _OTHER_UUID.fullmatch(stated)
    return "-".join(found.group(2, 4, 5, 6, 7)).lower() if found else None


def uuid7() -> str:
    """Return a new UUID of version 7: milliseconds, then random bits."""
    number = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
