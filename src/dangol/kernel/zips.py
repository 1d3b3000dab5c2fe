"""A zip file that is sent while it is made."""

import io
from typing import Any


class Pipe(io.RawIOBase):
    """What a `ZipFile` writes to: it is taken out again at once, and cannot be gone back in."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Put some bytes in."""
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> list[bytes]:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return pieces
