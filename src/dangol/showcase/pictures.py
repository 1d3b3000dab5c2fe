"""Two small pictures that customers attach, painted here so that no file has to travel along. Pure."""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final

_WIDE, _HIGH = 240, 180
_GRAIN = 3  # a dot is so many pixels wide and high: it is painted while somebody waits
_Colour = tuple[int, int, int]
_TABLE: Final[_Colour] = (198, 170, 134)
_CARDBOARD: Final[_Colour] = (176, 128, 78)
_EDGE: Final[_Colour] = (120, 82, 46)
_SAUCE: Final[_Colour] = (176, 42, 30)
_BUN: Final[_Colour] = (214, 156, 84)
_PATTY: Final[_Colour] = (84, 50, 34)
_LEAF: Final[_Colour] = (112, 160, 70)


@cache
def torn_box() -> bytes:
    """A PNG: a box on a table, torn open, its sauce beside it."""

    def colour(x: int, y: int) -> _Colour:
        if ((x - 178) / 46) ** 2 + ((y - 142) / 20) ** 2 < 1:
            return _SAUCE
        if not (50 < x < 180 and 44 < y < 140):
            return _TABLE
        tear = 118 + ((y * 37) % 23) - ((y * 11) % 13)
        if abs(x - tear) < 5:
            return _SAUCE if y > 96 else _EDGE
        return _EDGE if x < 54 or x > 176 or y < 48 or y > 136 else _CARDBOARD

    return _png(colour)


@cache
def cold_burger() -> bytes:
    """A PNG: a burger that has been waiting."""

    def colour(x: int, y: int) -> _Colour:
        across = abs(x - 120)
        if 46 < y <= 84 and (across / 70) ** 2 + ((84 - y) / 38) ** 2 < 1:
            return _BUN
        if 84 < y <= 92 and across < 74 + (x * 7) % 5:
            return _LEAF
        if 92 < y <= 110 and across < 68:
            return _PATTY
        if 110 < y <= 130 and across < 70:
            return _BUN
        return _TABLE

    return _png(colour)


def _png(colour: Callable[[int, int], _Colour]) -> bytes:
    rows = []
    for y in range(0, _HIGH, _GRAIN):
        row = b"".join(bytes(colour(x, y)) * _GRAIN for x in range(0, _WIDE, _GRAIN))
        rows.append((b"\0" + row) * _GRAIN)
    lines = b"".join(rows)
    head = struct.pack(">IIBBBBB", _WIDE, _HIGH, 8, 2, 0, 0, 0)
    pieces = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in pieces
    )
