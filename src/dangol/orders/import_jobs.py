"""Files that come in by the page: kept, then read by the loop `imports`, a piece a turn."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import DataError, IntegrityError, transaction

from dangol.customers.file_import import TooManyAtOnce, reading_of_people
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.loops import DATABASE_TROUBLE
from dangol.kernel.table_files import NoTable, TooLong, open_table
from dangol.orders.columns import ColumnsMissing
from dangol.orders.file_counts import Counted
from dangol.orders.file_orders import OrderMaker, Reading
from dangol.orders.file_reading import shown_in
from dangol.orders.import_claims import NotNow, State, claim_import, finish_import, sweep_imports
from dangol.orders.import_reading import FAILURES as FAILURES  # for who imports it from here
from dangol.orders.import_reading import MOST_UNPACKED, Failure, read_import, reading_of
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.models import FileImport
from dangol.orders.rules import plain_number
from dangol.staff.models import Staff
from dangol.staff.rights import demand

Kind = FileImport.Kind
RIGHTS: Final = {Kind.ORDERS.value: "import_orders", Kind.CUSTOMERS.value: "import_customers"}
"""The right that a kind of file takes."""
SHOWN_ROWS: Final = 60
MOST_UPLOADED: Final = 100_000_000
"""Bytes of a file on the page. The command line takes any."""
MOST_TRIES: Final = 5
_PIECE: Final = 1024 * 1024
_SHOWN_LETTERS: Final = 300
_BETWEEN_SWEEPS: Final = timedelta(hours=1)

log = logging.getLogger(__name__)


def keep_upload(
    *, actor: Staff, name: str, content: IO[bytes], kind: str = Kind.ORDERS, at: datetime
) -> FileImport:
    """Keep a file to be looked through and imported. Refused (NoTable) when it is no table, or too long."""
    demand(actor, RIGHTS[kind])
    with tempfile.NamedTemporaryFile(prefix="dangol-upload-") as kept:
        while piece := content.read(_PIECE):
            kept.write(piece)
            if kept.tell() > MOST_UPLOADED:
                raise TooLong
        kept.flush()
        with open_table(Path(kept.name), most_bytes=MOST_UNPACKED) as table:
            first = [table.header, *table.sample[:SHOWN_ROWS]]
            sample = [[cell[:_SHOWN_LETTERS].replace("\0", "") for cell in row] for row in first]
            shown = shown_in(table) if kind == Kind.ORDERS else []
        size = kept.tell()
        kept.seek(0)
        path = default_storage.save(f"imports/{uuid4().hex}", File(kept))
    return FileImport.objects.create(
        kind=kind,
        filename=Path(name).name[:200],
        path=path,
        size=size,
        sample=sample,
        options={"shown": shown},
        created_at=at,
        created_by=actor,
    )


def preview(job: FileImport, reading: Reading) -> tuple[list[IncomingOrder | IncomingRefund], Counted]:
    """The first orders of the file as they would be taken; the last of them may go on behind what is looked at."""
    header, *rows = job.sample
    told = job.options.get("shown") or [0] * len(header)
    shown = {field: told[place] for field, place in reading.columns.items()}
    make, counted = OrderMaker(reading, shown), Counted()
    places, number = list(reading.columns.values()), reading.columns["number"]
    grouped: dict[str, list[tuple[Any, ...]]] = {}
    for n, row in enumerate(rows, start=2):
        cells = row + [""] * (len(header) - len(row))
        key = plain_number(cells[number])
        grouped.setdefault(key, []).append((key, n, 0, *(cells[place] for place in places)))
    found: list[IncomingOrder | IncomingRefund] = []
    for key, group in grouped.items():
        made = make(key, group, counted)
        if isinstance(made, list):
            found += made
        else:
            counted.refused[made.reason] += len(group)
    return found, counted


@transaction.atomic
def start_import(*, actor: Staff, job_id: int, options: Mapping[str, Any], at: datetime) -> FileImport:
    """Let the file be read with these options. Refused when it is read already, or when a column is missing."""
    job = FileImport.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise Gone
    demand(actor, RIGHTS[job.kind])
    if job.state in {State.QUEUED, State.RUNNING} or not job.path:
        raise NotNow
    check = reading_of if job.kind == Kind.ORDERS else reading_of_people
    check(job.sample[0], options)
    job.options = {**options, "shown": job.options.get("shown", [])}
    job.state, job.progress, job.tries = State.QUEUED, 0, 0
    job.report, job.failure, job.created_by, job.finished_at = {}, "", actor, None
    job.save()
    return job


class Imports:
    """The loop's side: one file at a time, a piece a turn, so that the loop is seen to live and others get to write."""

    def __init__(self, afterwards: Callable[[], Iterable[object]] = tuple) -> None:
        # What follows from orders and refunds that came in, a piece at a time. It is done before the file counts as
        # read: after a kill in between the file is read again, and then it is done.
        self._afterwards = afterwards
        self._running: Iterator[None] | None = None
        self._swept_at: datetime | None = None

    def _sweep(self) -> int:
        now = clock.now()
        if self._swept_at is not None and now - self._swept_at < _BETWEEN_SWEEPS:
            return 0
        self._swept_at = now
        return sweep_imports(at=now)

    def turn(self) -> int:
        """A piece of an import; 0 where there is nothing to do."""
        if self._running is None:
            job = claim_import(at=clock.now())
            if job is None:
                return self._sweep()
            self._running = _run(job, self._afterwards)
        try:
            next(self._running)
        except StopIteration:
            self._running = None
        except BaseException:
            self._running = None
            raise
        return 1


def _run(job: FileImport, afterwards: Callable[[], Iterable[object]]) -> Iterator[None]:
    began = clock.now()
    try:
        if job.tries > MOST_TRIES:
            raise Failure("again_and_again")
        yield from read_import(job, began, afterwards)
    except NotNow:
        pass  # whoever took it over finishes it
    except Refused as refused:
        finish_import(job, State.FAILED, failure=_code_of(refused))
    except Exception as failure:
        if isinstance(failure, DATABASE_TROUBLE) and not isinstance(failure, DataError | IntegrityError):
            raise  # it is begun again when the claim is old, or this process has ended
        # Not the failure's own words: they may quote what a customer wrote.
        log.error("import=%s failed=%s", job.pk, type(failure).__name__)
        finish_import(job, State.FAILED, failure="not_as_expected")


def _code_of(refused: Refused) -> str:
    if isinstance(refused, Failure):
        return refused.code
    codes = {
        TooManyAtOnce: "too_long_at_once",
        TooLong: "too_long",
        NoTable: "no_table",
        ColumnsMissing: "columns_missing",
    }
    return codes.get(type(refused), "not_as_expected")
