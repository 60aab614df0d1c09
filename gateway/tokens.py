"""Project tokens and event ids: what can be one, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.errors import Refused, wrong_token
from gateway.settings import ANY_TOKEN

MAX_LENGTH = 64
PERSONAL_KEY = "phx_"
_HEX = "[0-9a-fA-F]"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# As sloppy as senders are: upper case, without hyphens, in braces, as a URN.
_OTHER_UUID = re.compile(
    rf"(?:urn:uuid:)?(\{{)?({_HEX}{{8}})(-?)({_HEX}{{4}})\3({_HEX}{{4}})\3({_HEX}{{4}})\3({_HEX}{{12}})(?(1)\}})"
)


def check_token(token: str, allowed: Collection[str]) -> str:
    """The token without blanks around it.

    Raises:
        Refused: 401 when it cannot be a project token, or is not on the allow list.
    """
    token = token.strip()
    if not token or len(token) > MAX_LENGTH or not token.isascii() or "\0" in token:
        raise wrong_token("project token is malformed")
    if token.startswith(PERSONAL_KEY):
        raise wrong_token("a personal API key is no project token")
    if token not in allowed and ANY_TOKEN not in allowed:
        raise wrong_token("project token is not on the allow list")
    return token


def is_allowed(token: str, allowed: Collection[str]) -> bool:
    """Whether events with this token are taken."""
    try:
        check_token(token, allowed)
    except Refused:
        return False
    return True


def canonical_uuid(stated: str) -> str | None:
    """A UUID in its usual form; null when it is none."""
    if _UUID.fullmatch(stated):
        return stated
    found = _OTHER_UUID.fullmatch(stated)
    return "-".join(found.group(2, 4, 5, 6, 7)).lower() if found else None
