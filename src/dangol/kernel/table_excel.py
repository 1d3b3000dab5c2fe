"""The rows of an Excel workbook (.xlsx) as texts, read one by one."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

MARK: Final = b"PK\x03\x04"  # with which a zip begins, and so a workbook
_MOST_RATIO: Final = 200
"""How much larger a part may be unpacked than packed: tables of figures pack to a tenth, bombs to a thousandth."""


class NotAWorkbook(Exception):
    """It is another zip, is damaged, or unpacks to more than is read here (`is_too_long`)."""

    def __init__(self, *, is_too_long: bool = False) -> None:
        self.is_too_long = is_too_long
        super().__init__()


@contextmanager
def open_sheet(
    path: Path, *, most_bytes: int | None = None
) -> Iterator[tuple[Iterator[list[str]], Callable[[], int]]]:
    """The rows of the first sheet that has any, and how many bytes of the packed file were read by now, about.

    Figures are written as Excel shows them at most exactly (15 digits), times as ISO. Raises NotAWorkbook.
    """
    _check(path, most_bytes)
    from openpyxl import load_workbook

    with path.open("rb") as file:
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as failure:  # whatever somebody's file makes of the library
            raise NotAWorkbook from failure
        try:
            yield _rows(book), file.tell
        finally:
            book.close()


def _check(path: Path, most_bytes: int | None) -> None:
    try:
        with zipfile.ZipFile(path) as parts:
            infos = parts.infolist()
    except (zipfile.BadZipFile, OSError) as failure:
        raise NotAWorkbook from failure
    if not any(info.filename == "xl/workbook.xml" for info in infos):
        raise NotAWorkbook
    for info in infos:
        if info.file_size > max(info.compress_size, 1) * _MOST_RATIO + 1_000_000:
            raise NotAWorkbook(is_too_long=True)
    if most_bytes is not None and sum(info.file_size for info in infos) > most_bytes:
        raise NotAWorkbook(is_too_long=True)


def _rows(book: Any) -> Iterator[list[str]]:
    for sheet in book.worksheets:
        if not hasattr(sheet, "iter_rows"):
            continue  # a chart
        sheet.reset_dimensions()  # what the file says of its size is not always so
        is_empty = True
        try:
            for row in sheet.iter_rows(values_only=True):
                cells = [_text(value) for value in row]
                while cells and not cells[-1]:
                    cells.pop()
                is_empty = is_empty and not cells
                yield cells
        except Exception as failure:
            raise NotAWorkbook from failure
        if not is_empty:
            return


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.0f}"
    if isinstance(value, datetime):
        # A day of a calendar is a datetime at midnight in the file.
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value}" if not isinstance(value, timedelta) else str(value)
