"""Rows of a file that were not taken, as a file of their own: to be corrected and imported again."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from dangol.kernel.spreadsheets import harmless

COLUMNS: Final = ("row", "reason")
"""What a file of refused rows has behind the file's own columns."""
_NUMBER: Final = re.compile(r"[+-]?[\d.,]+")


class RefusedRows:
    """A CSV file with the file's own names of the columns, the number of each row, and why it was refused.

    The reason is a sentence in the language of now, or with `has_codes` the word for it, to be said in words later.
    """

    def __init__(
        self, path: Path, header: Sequence[str], reasons: Mapping[str, Any], *, has_codes: bool = False
    ) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._reasons, self._has_codes = reasons, has_codes
        self._writer.writerow([*map(harmless, header), *COLUMNS])

    def write(self, row: int, reason: str, cells: Iterable[str]) -> None:
        """Write one."""
        said = reason if self._has_codes else str(self._reasons[reason])
        shown = (cell.replace("\0", "") for cell in cells)
        self._writer.writerow(
            [*(cell if _NUMBER.fullmatch(cell) else harmless(cell) for cell in shown), row, said]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def unmarked(header: Sequence[str], rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The rows; of a file of refused ones, without the marks that keep a cell from being taken for a formula."""
    if tuple(header[-len(COLUMNS) :]) != COLUMNS:
        yield from rows
        return
    for row in rows:
        yield [cell[1:] if harmless(cell[1:]) == cell else cell for cell in row]
