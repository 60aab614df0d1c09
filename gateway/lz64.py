"""Decompress lz-string's `compressToBase64`, which old browser SDKs of PostHog use, within a limit.

Existing packages have no such limit, and a few kilobytes can expand to gigabytes.
"""

from __future__ import annotations

import base64
import binascii

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class TooLong(ValueError):
    """The text is longer than the limit."""


def decompress(packed: bytes, limit: int) -> str:
    """Decompress a text of at most `limit` UTF-16 code units.

    Raises:
        TooLong: if it would be longer.
        ValueError: if this is not lz-string data.
    """
    try:
        # It may end in a single character and `===`, which is not valid base64. The digit A adds zero bits.
        digits = packed.strip().rstrip(b"=")
        data = base64.b64decode(digits + b"A" * (-len(digits) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    units = "".join(_entries(_Bits(data), limit))
    # lz-string works on UTF-16: characters beyond the first plane are surrogate pairs.
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


class _Bits:
    """Reads numbers of any width, lowest bit first, from bytes that start with their highest bit."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._have, self._held = data.translate(_REVERSED), 0, 0, 0

    def take(self, width: int) -> int:
        while self._have < width:
            if self._at >= len(self._data):
                raise ValueError("lz-string ends too early")
            self._held |= self._data[self._at] << self._have
            self._at += 1
            self._have += 8
        value = self._held & ((1 << width) - 1)
        self._held >>= width
        self._have -= width
        return value


_ONE_BYTE, _TWO_BYTES, _END = 0, 1, 2


def _entries(bits: _Bits, limit: int) -> list[str]:
    """Return the parts of the text. Codes 0 and 1 introduce a character, 2 ends, others repeat an entry."""
    first = bits.take(2)
    if first == _END:
        return []
    if first not in (_ONE_BYTE, _TWO_BYTES):
        raise ValueError("lz-string begins with no character")
    last = chr(bits.take(16 if first == _TWO_BYTES else 8))
    # Entry 3 is the first character. Each further part adds an entry.
    known = ["", "", "", last]
    parts, length, width, room = [last], 1, 3, 4
    while True:
        code = bits.take(width)
        if code == _END:
            return parts
        if code in (_ONE_BYTE, _TWO_BYTES):
            known.append(chr(bits.take(16 if code == _TWO_BYTES else 8)))
            code = len(known) - 1
            room -= 1
            if room == 0:
                room, width = 1 << width, width + 1
        if code < len(known):
            part = known[code]
        elif code == len(known):
            part = last + last[0]
        else:
            raise ValueError("lz-string names an entry that is not there")
        length += len(part)
        if length > limit:
            raise TooLong(f"more than {limit} characters")
        parts.append(part)
        known.append(last + part[0])
        last = part
        room -= 1
        if room == 0:
            room, width = 1 << width, width + 1
