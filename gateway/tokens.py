"""Project tokens: their form, and which of them are allowed."""

from __future__ import annotations

from collections.abc import Collection

from gateway.errors import Refused, wrong_token
from gateway.settings import ANY_TOKEN

MAX_LENGTH = 64
PERSONAL_KEY = "phx_"


def check_token(token: str, allowed: Collection[str]) -> str:
    """Return the token without surrounding whitespace.

    Raises:
        Refused: 401 if it is malformed or not on the allow list.
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
    """Return True if events with this token are accepted."""
    try:
        check_token(token, allowed)
    except Refused:
        return False
    return True
