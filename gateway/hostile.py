"""JSON that is no harm to its neighbours: one event of a body that cannot be read, and what events may hold.

Nothing here runs for an ordinary event beyond two counts and a search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.errors import BadEvent

# PostHog's own service reads 128 levels of a whole request; `spark_jobs.columns.json_text` has the same limits.
MAX_DEPTH = 120
MAX_NAME = 50_000
# What a body that cannot be read as a whole may cost: brackets and strings looked at one by one.
MAX_TOKENS = 500_000

# The closing quote may be missing: a text that never ends is then looked at once.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_TOKEN = re.compile(rb"%b|[\[\]{}]" % _STRING, re.DOTALL)
_CHANGES = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
# Every text is matched, also one that is no name: a search that begins inside a text would be quadratic.
_TEXT = re.compile(rb"(%b)(\s*:)?" % _STRING, re.DOTALL)
_LIST_FOLLOWS = re.compile(rb"\s*:\s*(?=\[)")
_UUID = re.compile(rb'"uuid"\s*:\s*"([^"\\]{1,64})"')
_ODD = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    rb"\\(?:[^u]|u(?:[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?!0000|[dD][89a-fA-F])|(0000|[dD][89a-fA-F][0-9a-fA-F]{2})))",
    re.DOTALL,
)


class Cut(NamedTuple):
    """A body cut by its brackets: its events, each as it came, and the body with none in their place."""

    pieces: list[bytes]
    rest: bytes


def whole_characters(json: bytes) -> bytes:
    r"""JSON in which U+0000, and half a surrogate pair without the other, `\ud83d`, is `\ufffd`.

    Browsers write halves where a text was cut inside an emoji; PostgreSQL holds neither.
    """
    if not _ODD.search(json):
        return json
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], json)


def check_limits(event: bytes, is_json: bool = True) -> None:
    """Refuse what parsers further on do not read.

    Raises:
        BadEvent: when the event is nested too deeply, or has a name that is too long.
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


def cut(json: bytes) -> Cut | None:
    """The events of a batch or an array that is no JSON as a whole; None when brackets do not tell them.

    Cut are lists and objects, and whatever stands between two commas; each may still be no event.
    """
    if json.count(b'"') // 2 + sum(map(json.count, (b"[", b"]", b"{", b"}"))) > MAX_TOKENS:
        return None
    start = _list_start(json)
    if start is None:
        return None
    pieces: list[bytes] = []
    began = start + 1
    for depth, place in _brackets(json[start:]):
        at = start + place
        if depth == 2 and json[at : at + 1] in (b"{", b"["):  # an element begins
            pieces += _without_commas(json[began:at])
            began = at
        elif depth == 1 and at > start:  # it has ended
            pieces += _without_commas(json[began : at + 1])
            began = at + 1
        elif depth == 0:
            pieces += _without_commas(json[began:at])
            return Cut(pieces, json[:start] + b"[]" + json[at + 1 :])
    return None


def stated_uuid(event: bytes) -> str | None:
    """The uuid of an event that cannot be read."""
    found = _UUID.search(event)
    return found[1].decode(errors="replace") if found else None


def _without_commas(piece: bytes) -> list[bytes]:
    bare = piece.strip(b" \t\r\n,")
    return [bare] if bare else []


def _list_start(json: bytes) -> int | None:
    """Where the list of events begins: the body itself, or the list under `batch`."""
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
    """Each bracket outside of texts: how many are open after it, and its place."""
    depth = 0
    for token in _TOKEN.finditer(json):
        if token[0] in _CHANGES:
            depth += _CHANGES[token[0]]
            yield depth, token.start()
