"""Tables for a spreadsheet: CSV that Excel reads in every language, and no cell that it takes for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from django.http import StreamingHttpResponse
from django.utils.translation import get_language, override

MARK: Final = "\ufeff"  # without it Excel reads Korean as something else
_Made = TypeVar("_Made")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """What is written comes back."""

    def write(self, text: str) -> str:
        return text


def table_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """The table as a file to save, written while it is read: however long it is, it takes no memory.

    The rows are made after the view has returned, and still in the language of whoever asked.
    """
    language = get_language()

    def lines() -> Iterator[str]:
        table = csv.writer(_Echo())
        yield MARK
        yield str(table.writerow(columns))
        for row in in_language(language, rows):
            yield str(table.writerow(row))

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def in_language(language: str | None, rows: Iterable[_Made]) -> Iterator[_Made]:
    """What is made one by one while it is sent, each in this language, whoever else the thread serves in between."""
    waiting = iter(rows)
    while True:
        # A row at a time: the thread serves others in theirs between two.
        with override(language):
            row = next(waiting, None)
        if row is None:
            return
        yield row


def harmless(text: str) -> str:
    """The text, marked as text where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
