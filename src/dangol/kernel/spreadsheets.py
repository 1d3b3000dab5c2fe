"""Tables for a spreadsheet: CSV that Excel reads in every language, and no cell that it takes for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.http import StreamingHttpResponse

MARK: Final = "\ufeff"  # without it Excel reads Korean as something else


class _Echo:
    """What is written comes back."""

    def write(self, text: str) -> str:
        return text


def table_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """The table as a file to save, written while it is read: however long it is, it takes no memory."""

    def lines() -> Iterator[str]:
        table = csv.writer(_Echo())
        yield MARK
        yield str(table.writerow(columns))
        for row in rows:
            yield str(table.writerow(row))

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def harmless(text: str) -> str:
    """The text, marked as text where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
