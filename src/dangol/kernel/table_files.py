"""Tables in files, read row by row: CSV with any of the usual separators and letters, packed or not, and Excel."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Final, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.kernel.errors import Refused
from dangol.kernel.table_excel import MARK, NotAWorkbook, open_sheet

_PIECE: Final = 1024 * 1024
_LONGEST_CELL: Final = 1024 * 1024
_MOST_COLUMNS: Final = 500
_HANGUL: Final = re.compile("[가-힣]")
_SEPARATORS: Final = ",;\t|"
SAMPLE: Final = 200  # rows that are looked at before the file is read


class NoTable(Refused):
    """The file is no table that can be read."""

    message = gettext_lazy(
        "This file is no table that can be read. Save it as CSV or as an Excel workbook (.xlsx) and try again."
    )


class TooLong(NoTable):
    """It is longer than what is read here."""

    message = gettext_lazy("This file is too long. Cut it into several, or use the command line.")


@dataclass(frozen=True)
class Table:
    """A file's header and its rows behind it, each once. `sample` are the first of them, already looked at."""

    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    rows: Iterator[list[str]]
    position: Callable[[], int]  # bytes of the file that were read, of as many as it has on the disk


@contextmanager
def open_table(path: Path, *, most_bytes: int | None = None) -> Iterator[Table]:
    """The table of the file, for as long as the context lasts. Refused (NoTable) when it is none, or when it is longer
    than that, unpacked."""
    with ExitStack() as ending:
        if _begins_with(path, MARK):
            rows, position = ending.enter_context(_opened_sheet(path, most_bytes))
            yield _table(rows, position)
            return
        try:
            encoding = _encoding_of(path, most_bytes)
            file = ending.enter_context(path.open("rb"))
            binary = ending.enter_context(_unpacking(file))  # as long as when its letters were looked at
            text = io.TextIOWrapper(binary, encoding=encoding, newline="")
            found = _table(_rows(text), file.tell)
        except (OSError, EOFError, zlib.error) as failure:
            raise _unreadable(failure) from failure
        yield found


def _table(rows: Iterator[list[str]], position: Callable[[], int]) -> Table:
    header = next(rows, None)
    if header is None or not 2 <= len(header) <= _MOST_COLUMNS:
        raise NoTable
    sample = list(islice(rows, SAMPLE))
    return Table(tuple(header), tuple(map(tuple, sample)), _chained(sample, rows), position)


@contextmanager
def _opened_sheet(
    path: Path, most_bytes: int | None
) -> Iterator[tuple[Iterator[list[str]], Callable[[], int]]]:
    try:
        with open_sheet(path, most_bytes=most_bytes) as (rows, position):
            yield _full(rows), position
    except NotAWorkbook as failure:
        if failure.is_too_long:
            raise TooLong from failure
        raise NoTable from failure


def _full(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        for row in rows:
            if any(row):
                yield row
    except NotAWorkbook as failure:
        raise NoTable(_("The workbook is damaged.")) from failure


def _begins_with(path: Path, mark: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(mark)) == mark
    except OSError:
        return False  # whoever opens it says why


def _chained(sample: list[list[str]], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from sample
    yield from rows


def _rows(text: io.TextIOWrapper) -> Iterator[list[str]]:
    first = text.readline(_LONGEST_CELL)
    while first and not first.strip():
        first = text.readline(_LONGEST_CELL)
    csv.field_size_limit(_LONGEST_CELL)
    separator = max(_SEPARATORS, key=first.count)
    try:
        for row in csv.reader(_lines(first, text), delimiter=separator):
            if any(row):
                yield row
    except csv.Error as failure:
        raise NoTable(_("The file is broken: a cell in it does not end.")) from failure
    except UnicodeError as failure:
        raise NoTable(_("The file’s letters cannot be read.")) from failure
    except (OSError, EOFError, zlib.error) as failure:
        raise _unreadable(failure) from failure


def _lines(first: str, text: io.TextIOWrapper) -> Iterator[str]:
    line = first
    while line:
        if len(line) >= _LONGEST_CELL:
            raise NoTable(_("A line of the file is longer than a million letters."))
        yield line
        line = text.readline(_LONGEST_CELL)


def _encoding_of(path: Path, most_bytes: int | None) -> str:
    """The letters that the whole file is written in: UTF-8 or -16, else Korean or Western ones of Windows."""
    with _unpacked(path) as binary:
        start = binary.read(_PIECE)
        if most_bytes is not None:
            length = len(start)
            while length <= most_bytes and (piece := binary.read(_PIECE)):
                length += len(piece)
            if length > most_bytes:
                raise TooLong
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start or not start.strip():
        raise NoTable
    return next((name for name in ("utf-8-sig", "cp949", "cp1252") if _is_written_in(path, name)), "latin-1")


def _is_written_in(path: Path, encoding: str) -> bool:
    decoder, has_hangul = codecs.getincrementaldecoder(encoding)(), False
    with _unpacked(path) as binary:
        try:
            while piece := binary.read(_PIECE):
                text = decoder.decode(piece)
                has_hangul = has_hangul or (encoding == "cp949" and bool(_HANGUL.search(text)))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return has_hangul or encoding != "cp949"  # by chance, French may be Chinese letters


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file, _unpacking(file) as binary:
        yield binary


@contextmanager
def _unpacking(file: IO[bytes]) -> Iterator[IO[bytes]]:
    is_packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not is_packed:
        yield file
        return
    with gzip.GzipFile(fileobj=file) as unpacked:
        yield cast(IO[bytes], unpacked)


def _unreadable(failure: Exception) -> Refused:
    if isinstance(failure, OSError) and not isinstance(failure, gzip.BadGzipFile) and failure.errno:
        return NoTable(_("The file cannot be opened: %(why)s.") % {"why": failure.strerror})
    return NoTable(_("The file is packed, and breaks off or is damaged."))
