"""lz-string's `compressToBase64`, written from its format for the tests: the inverse of ours."""

from __future__ import annotations

import base64
from array import array


def compress_to_base64(text: str) -> str:
    units = array("H", text.encode("utf-16-le"))
    bits: list[int] = []
    known: dict[tuple[int, ...], int] = {}
    fresh: set[tuple[int, ...]] = set()
    width, room, size = 2, 2, 3

    def put(value: int, count: int) -> None:
        bits.extend(value >> place & 1 for place in range(count))

    def emit(word: tuple[int, ...]) -> None:
        nonlocal width, room
        if word in fresh:
            wide = word[0] >= 256
            put(1 if wide else 0, width)
            put(word[0], 16 if wide else 8)
            room -= 1
            if room == 0:
                room, width = 1 << width, width + 1
            fresh.discard(word)
        else:
            put(known[word], width)
        room -= 1
        if room == 0:
            room, width = 1 << width, width + 1

    word: tuple[int, ...] = ()
    for unit in units:
        one = (unit,)
        if one not in known:
            known[one] = size
            size += 1
            fresh.add(one)
        if word + one in known:
            word += one
        else:
            emit(word)
            known[word + one] = size
            size += 1
            word = one
    if word:
        emit(word)
    put(2, width)
    bits.extend([0] * (-len(bits) % 8 or 8))
    packed = bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8))
    return base64.b64encode(packed).decode()
