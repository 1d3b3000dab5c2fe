"""Files that come in by the page: kept, then read by the loop `imports`, a piece a turn."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from dangol.business.money import CURRENCIES
from dangol.business.rules import is_zone
from dangol.customers.file_import import PeopleImported, TooManyAtOnce, import_people, reading_of_people
from dangol.customers.file_people import REASONS
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.files import passing_folder
from dangol.kernel.loops import DATABASE_TROUBLE
from dangol.kernel.processes import gone_among, this_process
from dangol.kernel.refused_rows import RefusedRows
from dangol.kernel.table_files import NoTable, TooLong, open_table
from dangol.orders.columns import ColumnsMissing, check_columns
from dangol.orders.commands import Taken, source_named
from dangol.orders.file_import import (
    Imported,
    RefusedFile,
    as_report,
    batches,
    import_orders,
    refuse_known,
    take_batch,
)
from dangol.orders.file_orders import Counted, OrderMaker, Reading, Refusal
from dangol.orders.file_reading import GatheredRows, row_store, shown_in
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.models import FileImport
from dangol.orders.rules import plain_number
from dangol.staff.models import Staff
from dangol.staff.rights import demand

State, Kind = FileImport.State, FileImport.Kind
RIGHTS: Final = {Kind.ORDERS.value: "import_orders", Kind.CUSTOMERS.value: "import_customers"}
"""The right that a kind of file takes."""
SHOWN_ROWS: Final = 60
MOST_UPLOADED: Final = 100_000_000
MOST_UNPACKED: Final = 500_000_000
"""Bytes of a file on the page, and of what is in it when it is unpacked. The command line takes any."""
MOST_AT_ONCE: Final = 100_000
"""Lines that are written in one transaction when it is all or nothing: nobody else writes on SQLite meanwhile."""
KEPT: Final = timedelta(days=14)
"""So long are files, their first rows and refused ones kept, and drafts."""
_PIECE: Final = 1024 * 1024
_SHOWN_LETTERS: Final = 300
_BETWEEN_SWEEPS: Final = timedelta(hours=1)
MOST_TRIES: Final = 5
_FORGOTTEN: Final = timedelta(minutes=10)  # a claim of another machine that nobody renewed

log = logging.getLogger(__name__)


FAILURES: Final[Mapping[str, str | Promise]] = {
    "again_and_again": gettext_lazy(
        "Reading it ended the program again and again. Please try a part of the file."
    ),
    "not_as_expected": gettext_lazy("Something in the file is not as expected. Nothing more was written."),
    "too_long_at_once": gettext_lazy(
        "All or nothing is for at most 100,000 lines here. Import it without, or use the command line."
    ),
    "no_table": NoTable.message,
    "too_long": TooLong.message,
    "columns_missing": ColumnsMissing.message,
}
"""Why a file could not be read: the word that is kept, and the sentence for people."""


class Failure(Refused):
    """Reading ends, for one of FAILURES."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(FAILURES[code])


class NotNow(Refused):
    message = gettext_lazy(
        "This file is being read already, or has been. Load the page again to see how far it is."
    )


class WhichMoney(Refused):
    message = gettext_lazy("Please choose the currency and the time zone from the lists.")


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


def reading_of(header: list[str], options: Mapping[str, Any]) -> Reading:
    """How the file is read by what was chosen. Refused when a column, the currency or the zone is missing."""
    # In the order of the file: PostgreSQL keeps an object's names in an order of its own.
    chosen = sorted(options["columns"].items(), key=lambda each: int(each[1]))
    columns = {field: int(place) for field, place in chosen}
    check_columns(header, columns)
    if options["currency"] not in CURRENCIES or not is_zone(options["zone"]):
        raise WhichMoney
    return Reading(
        columns=columns,
        currency=options["currency"],
        zone=ZoneInfo(options["zone"]),
        cancelled_by=options.get("cancelled_by", "C"),
        month_first=options.get("month_first"),
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


def claim_import(*, at: datetime) -> FileImport | None:
    """The next file to read, now this process's: one that waits, or whose process was killed over it."""
    names = FileImport.objects.filter(state=State.RUNNING).values_list("claimed_by", flat=True)
    left = Q(state=State.RUNNING) & (Q(claimed_by__in=gone_among(names)) | Q(claimed_at__lt=at - _FORGOTTEN))
    for job in FileImport.objects.filter(Q(state=State.QUEUED) | left).order_by("id")[:5]:
        mine = FileImport.objects.filter(pk=job.pk, state=job.state, claimed_by=job.claimed_by)
        if mine.update(state=State.RUNNING, claimed_by=this_process(), claimed_at=at, tries=job.tries + 1):
            job.refresh_from_db()
            return job
    return None


def _run(job: FileImport, afterwards: Callable[[], Iterable[object]]) -> Iterator[None]:
    began = clock.now()
    try:
        if job.tries > MOST_TRIES:
            raise Failure("again_and_again")
        yield from _read(job, began, afterwards)
    except NotNow:
        pass  # whoever took it over finishes it
    except Refused as refused:
        _finish(job, State.FAILED, failure=_code_of(refused))
    except Exception as failure:
        if isinstance(failure, DATABASE_TROUBLE) and not isinstance(failure, DataError | IntegrityError):
            raise  # it is begun again when the claim is old, or this process has ended
        # Not the failure's own words: they may quote what a customer wrote.
        log.error("import=%s failed=%s", job.pk, type(failure).__name__)
        _finish(job, State.FAILED, failure="not_as_expected")


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


def _read(job: FileImport, began: datetime, afterwards: Callable[[], Iterable[object]]) -> Iterator[None]:
    with ExitStack() as ending:
        folder = ending.enter_context(passing_folder())
        local = folder / "file"
        with default_storage.open(job.path, "rb") as kept, local.open("wb") as copy:
            shutil.copyfileobj(kept, copy)
        if job.kind == Kind.CUSTOMERS:
            yield from _read_people(job, folder, began)
            return
        table = ending.enter_context(open_table(local, most_bytes=MOST_UNPACKED))
        reading = reading_of(list(table.header), job.options)
        rows = ending.enter_context(row_store(table, reading))
        for _many in rows.gather(table):
            _progress(job, 40 * table.position() // max(job.size, 1))
            yield
        with RefusedFile(folder / "refused.csv", rows, has_codes=True) as refuse:
            done = yield from _take(job, rows, refuse)
        report = as_report(
            done,
            currency=reading.currency,
            seconds=(clock.now() - began).total_seconds(),
            cpu_seconds=0,
        )
        if done.counted.refused:
            _keep_refused(job, folder)
        is_dry = bool(job.options.get("dry_run"))
        for _piece in afterwards() if done.is_written else ():
            _progress(job, job.progress)
            yield
        _finish(job, State.DONE if done.is_written or is_dry else State.REFUSED, report=report)


def _read_people(job: FileImport, folder: Path, began: datetime) -> Iterator[None]:
    """The same for a file of customers."""
    path = folder / "file"
    with open_table(path, most_bytes=MOST_UNPACKED) as table:
        header = list(table.header)
    reading = reading_of_people(header, job.options)
    names = [header[place] for place in reading.columns.values()]
    is_dry, is_all = bool(job.options.get("dry_run")), bool(job.options.get("all_or_nothing"))
    with RefusedRows(folder / "refused.csv", names, REASONS, has_codes=True) as refused:
        pieces = import_people(
            actor=job.created_by,
            path=path,
            reading=reading,
            source=job.filename,
            writes=not is_dry,
            all_or_nothing=is_all,
            refuse=refused.write,
            most_bytes=MOST_UNPACKED,
            most_at_once=MOST_AT_ONCE,
        )
        done = yield from _following(job, pieces, half=is_all and not is_dry)
    if done.refused:
        _keep_refused(job, folder)
    report = done.as_report(seconds=(clock.now() - began).total_seconds())
    _finish(job, State.DONE if done.is_written or is_dry else State.REFUSED, report=report)


def _following(
    job: FileImport, pieces: Generator[int, None, PeopleImported], *, half: bool
) -> Generator[None, None, PeopleImported]:
    """Say after each piece how far it is; `half` where the file is read a second time, at once."""
    while True:
        try:
            read = next(pieces)
        except StopIteration as ending:
            done: PeopleImported = ending.value
            return done
        _progress(job, (50 if half else 99) * read // max(job.size, 1))
        yield


def _keep_refused(job: FileImport, folder: Path) -> None:
    with (folder / "refused.csv").open("rb") as file:
        job.refused_path = default_storage.save(f"imports/{uuid4().hex}.csv", File(file))


def _take(
    job: FileImport, rows: GatheredRows, refuse: Callable[[Refusal], None]
) -> Generator[None, None, Imported]:
    is_dry, is_all = bool(job.options.get("dry_run")), bool(job.options.get("all_or_nothing"))
    if is_dry or is_all:
        counted = Counted()
        for _batch in batches(rows, counted, refuse):
            _progress(job, job.progress)
            yield
        if is_dry or counted.refused:
            return Imported(counted, Taken(), is_written=False)
    source = source_named(job.options.get("source", ""), at=clock.now())
    if is_all:
        if rows.rows > MOST_AT_ONCE:
            raise Failure("too_long_at_once")
        with transaction.atomic():
            _progress(job, 50)  # it is ours till the end: who would take it over waits for this row
            return import_orders(
                actor=job.created_by, source=source, rows=rows, all_or_nothing=True, refuse=refuse
            )
    written = Taken(**{**job.report.get("written", {}), "other_day": ()})  # of a run that was broken off
    before = written.new_orders + written.changed_orders + written.new_refunds + written.changed_refunds
    counted, taken, known = Counted(), written, 0
    for batch in batches(rows, counted, refuse):
        with transaction.atomic():
            now = take_batch(actor=job.created_by, source=source, batch=batch)
            refuse_known(rows, now, counted, refuse)
            known += now.known
            taken += now
            job.report = {"written": {**asdict(replace(taken, known=0)), "other_day": []}}
            _progress(job, 40 + 60 * counted.lines // max(rows.rows, 1), report=job.report)
        yield
    taken = replace(taken, known=max(0, known - before))
    return Imported(counted, taken, is_written=True)


def _progress(job: FileImport, percent: int, **more: Any) -> None:
    job.progress = min(99, percent)
    mine = FileImport.objects.filter(pk=job.pk, state=State.RUNNING, claimed_by=this_process())
    if not mine.update(progress=job.progress, claimed_at=clock.now(), **more):
        raise NotNow  # another process has taken it over


def _finish(
    job: FileImport, state: str, *, failure: str = "", report: Mapping[str, Any] | None = None
) -> None:
    job.state, job.failure, job.finished_at = state, failure[:300], clock.now()
    job.report = dict(report or job.report)
    path = job.path
    is_over = state == State.DONE and not job.options.get("dry_run")
    if is_over:
        job.path, job.sample = "", []
    job.progress = 100
    names = (
        "state",
        "failure",
        "finished_at",
        "report",
        "path",
        "sample",
        "progress",
        "refused_path",
    )
    mine = FileImport.objects.filter(pk=job.pk, state=State.RUNNING, claimed_by=this_process())
    if not mine.update(**{name: getattr(job, name) for name in names}):
        _delete(job.refused_path)  # another process has taken it over, and needs the file
    elif is_over:
        _delete(path)


def _delete(path: str) -> None:
    if path:
        default_storage.delete(path)


def sweep_imports(*, at: datetime) -> int:
    """Delete what has been kept for long enough: uploads, their first rows, refused rows, and drafts as a whole."""
    old = FileImport.objects.filter(created_at__lt=at - KEPT).exclude(state__in=(State.QUEUED, State.RUNNING))
    over = old.filter(Q(finished_at=None) | Q(finished_at__lt=at - KEPT))
    rows = list(over.filter(~Q(path="") | ~Q(refused_path="") | Q(state=State.DRAFT)).order_by("id")[:100])
    swept = 0
    for job in rows:
        same = over.filter(pk=job.pk, state=job.state, path=job.path)  # nobody starts it meanwhile
        emptied = {"path": "", "refused_path": "", "sample": []}
        if same.delete()[0] if job.state == State.DRAFT else same.update(**emptied):
            _delete(job.path)
            _delete(job.refused_path)
            swept += 1
    return swept
