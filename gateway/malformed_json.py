"""Keep one malformed event from spoiling the others: repair a body, split it, and limit what events may hold.

An ordinary event costs no more than two counts and one search here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.errors import BadEvent

# PostHog's own service reads 128 levels of a whole request. The jobs that read events have the same limits.
MAX_DEPTH = 120
MAX_NAME = 50_000
# Bounds the time to split a body: its brackets and strings are visited one by one.
MAX_TOKENS = 500_000

# The closing quote is optional, so that a string that never ends is scanned only once.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_TOKEN = re.compile(rb"%b|[\[\]{}]" % _STRING, re.DOTALL)
_CHANGES = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
# Matches every string, not only names: searches that start inside a string would be quadratic.
_TEXT = re.compile(rb"(%b)(\s*:)?" % _STRING, re.DOTALL)
_LIST_FOLLOWS = re.compile(rb"\s*:\s*(?=\[)")
_UUID = re.compile(rb'"uuid"\s*:\s*"([^"\\]{1,64})"')
_ODD = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    rb"\\(?:[^u]|u(?:[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?!0000|[dD][89a-fA-F])|(0000|[dD][89a-fA-F][0-9a-fA-F]{2})))",
    re.DOTALL,
)


class Split(NamedTuple):
    """A body split by its brackets: its events as sent, and the body with an empty list in their place."""

    events: list[bytes]
    rest: bytes


def with_whole_characters(json: bytes) -> bytes:
    r"""Return the JSON with `\ufffd` for U+0000 and for half a surrogate pair such as `\ud83d`.

    Browsers write such halves when a text is cut inside an emoji. PostgreSQL can store neither of the two.
    """
    if not _ODD.search(json):
        return json
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], json)


def check_limits(event: bytes, is_json: bool = True) -> None:
    """Check the limits of the parsers downstream.

    Raises:
        BadEvent: if the event is nested too deeply or has a name that is too long.
    """
    is_nested = event.count(b"{") + event.count(b"[") > MAX_DEPTH
    if is_nested and any(depth > MAX_DEPTH for depth, _ in _brackets(event)):
        raise BadEvent("event_exceeds_json_limits")
    if (
        is_json
        and len(event) > MAX_NAME
        and any(found[2] and len(found[1]) > MAX_NAME + 2 for found in _TEXT.finditer(event))
    ):
        raise BadEvent("event_exceeds_json_limits")


def split_by_brackets(json: bytes) -> Split | None:
    """Split a batch or an array that is not valid JSON as a whole; None if its brackets do not match.

    The parts are lists, objects and whatever else is between two commas. A part need not be an event.
    """
    if json.count(b'"') // 2 + sum(map(json.count, (b"[", b"]", b"{", b"}"))) > MAX_TOKENS:
        return None
    start = _list_start(json)
    if start is None:
        return None
    events: list[bytes] = []
    began = start + 1
    for depth, place in _brackets(json[start:]):
        at = start + place
        if depth == 2 and json[at : at + 1] in (b"{", b"["):  # an element starts
            events += _without_commas(json[began:at])
            began = at
        elif depth == 1 and at > start:  # it has ended
            events += _without_commas(json[began : at + 1])
            began = at + 1
        elif depth == 0:
            events += _without_commas(json[began:at])
            return Split(events, json[:start] + b"[]" + json[at + 1 :])
    return None


def stated_uuid(event: bytes) -> str | None:
    """Find the uuid of an event that cannot be parsed."""
    found = _UUID.search(event)
    return found[1].decode(errors="replace") if found else None


def _without_commas(part: bytes) -> list[bytes]:
    bare = part.strip(b" \t\r\n,")
    return [bare] if bare else []


def _list_start(json: bytes) -> int | None:
    """Return the position of the list of events: the body itself or the list under `batch`."""
    bare = len(json) - len(json.lstrip(b" \t\r\n"))
    if json[bare : bare + 1] == b"[":
        return bare
    depth = 0
    for token in _TOKEN.finditer(json):
        depth += _CHANGES.get(token[0], 0)
        if token[0] == b'"batch"' and depth == 1 and (follows := _LIST_FOLLOWS.match(json, token.end())):
            return follows.end()
    return None


def _brackets(json: bytes) -> Iterator[tuple[int, int]]:
    """Yield each bracket outside of strings as (number of open brackets after it, position)."""
    depth = 0
    for token in _TOKEN.finditer(json):
        if token[0] in _CHANGES:
            depth += _CHANGES[token[0]]
            yield depth, token.start()
