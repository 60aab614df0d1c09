"""lz-string's `compressToBase64`, as PostHog's old browser SDKs sent it, decompressed within a limit.

The packages that do this have no limit, and a few kilobytes may stand for gigabytes.
"""

from __future__ import annotations

import base64
import binascii

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class TooLong(ValueError):
    """The text is longer than the limit."""


def decompress(packed: bytes, limit: int) -> str:
    """The text, of at most `limit` UTF-16 units.

    Raises:
        TooLong: when it would be longer.
        ValueError: when this is no lz-string.
    """
    try:
        # It may end in a lone character with `===`, which base64 itself does not know; A stands for no bits.
        digits = packed.strip().rstrip(b"=")
        data = base64.b64decode(digits + b"A" * (-len(digits) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    units = "".join(_entries(_Bits(data), limit))
    # lz-string counts in UTF-16 units: characters beyond the first plane come as pairs.
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


class _Bits:
    """Numbers of any width, the lowest bit first, from bytes whose highest bit comes first."""

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
    """The pieces in order. Codes 0 and 1 bring a new character, 2 ends, higher ones repeat an entry."""
    first = bits.take(2)
    if first == _END:
        return []
    if first not in (_ONE_BYTE, _TWO_BYTES):
        raise ValueError("lz-string begins with no character")
    last = chr(bits.take(16 if first == _TWO_BYTES else 8))
    # Entry 3 is the first character; an entry is made after each piece.
    known = ["", "", "", last]
    pieces, length, width, room = [last], 1, 3, 4
    while True:
        code = bits.take(width)
        if code == _END:
            return pieces
        if code in (_ONE_BYTE, _TWO_BYTES):
            known.append(chr(bits.take(16 if code == _TWO_BYTES else 8)))
            code = len(known) - 1
            room -= 1
            if room == 0:
                room, width = 1 << width, width + 1
        if code < len(known):
            piece = known[code]
        elif code == len(known):
            piece = last + last[0]
        else:
            raise ValueError("lz-string names an entry that is not there")
        length += len(piece)
        if length > limit:
            raise TooLong(f"more than {limit} characters")
        pieces.append(piece)
        known.append(last + piece[0])
        last = piece
        room -= 1
        if room == 0:
            room, width = 1 << width, width + 1
