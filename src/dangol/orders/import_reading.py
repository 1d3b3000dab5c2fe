"""Reads a file that came in by the page, of orders or of customers, a piece at a time."""

import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from dangol.business.money import CURRENCIES
from dangol.business.queries import current_business
from dangol.business.rules import is_zone
from dangol.customers.file_import import PeopleImported, import_people, reading_of_people
from dangol.customers.file_people import REASONS
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.files import passing_folder
from dangol.kernel.refused_rows import RefusedRows
from dangol.kernel.table_files import NoTable, TooLong, open_table
from dangol.orders.columns import ColumnsMissing, check_columns, names_order_total
from dangol.orders.commands import Taken, source_named
from dangol.orders.file_counts import Counted
from dangol.orders.file_import import (
    Imported,
    RefusedFile,
    as_report,
    batches,
    import_orders,
    refuse_known,
    take_batch,
)
from dangol.orders.file_orders import Reading
from dangol.orders.file_reading import GatheredRows, row_store
from dangol.orders.file_refusals import Refusal
from dangol.orders.import_claims import State, finish_import, keep_refused, note_progress
from dangol.orders.models import FileImport

MOST_UNPACKED: Final = 500_000_000
"""Bytes of what is in a file on the page when it is unpacked. The command line takes any."""
MOST_AT_ONCE: Final = 100_000
"""Lines that are written in one transaction when it is all or nothing: nobody else writes on SQLite meanwhile."""
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


class WhichMoney(Refused):
    message = gettext_lazy("Please choose the currency and the time zone from the lists.")


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
        total_is=options.get("total_is", ""),
        is_total_named=names_order_total(header, columns),
        country=current_business().country,
    )


def read_import(
    job: FileImport, began: datetime, afterwards: Callable[[], Iterable[object]]
) -> Iterator[None]:
    """Read the file of this process, a piece a turn, and say what became of it. Refused when that cannot be."""
    with ExitStack() as ending:
        folder = ending.enter_context(passing_folder())
        local = folder / "file"
        with default_storage.open(job.path, "rb") as kept, local.open("wb") as copy:
            shutil.copyfileobj(kept, copy)
        if job.kind == FileImport.Kind.CUSTOMERS:
            yield from _read_people(job, folder, began)
            return
        table = ending.enter_context(open_table(local, most_bytes=MOST_UNPACKED))
        reading = reading_of(list(table.header), job.options)
        rows = ending.enter_context(row_store(table, reading))
        for _many in rows.gather(table):
            note_progress(job, 40 * table.position() // max(job.size, 1))
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
            keep_refused(job, folder)
        is_dry = bool(job.options.get("dry_run"))
        for _piece in afterwards() if done.is_written else ():
            note_progress(job, job.progress)
            yield
        finish_import(job, State.DONE if done.is_written or is_dry else State.REFUSED, report=report)


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
        keep_refused(job, folder)
    report = done.as_report(seconds=(clock.now() - began).total_seconds())
    finish_import(job, State.DONE if done.is_written or is_dry else State.REFUSED, report=report)


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
        note_progress(job, (50 if half else 99) * read // max(job.size, 1))
        yield


def _take(
    job: FileImport, rows: GatheredRows, refuse: Callable[[Refusal], None]
) -> Generator[None, None, Imported]:
    is_dry, is_all = bool(job.options.get("dry_run")), bool(job.options.get("all_or_nothing"))
    if is_dry or is_all:
        counted = Counted()
        for _batch in batches(rows, counted, refuse):
            note_progress(job, job.progress)
            yield
        if is_dry or counted.refused:
            return Imported(counted, Taken(), is_written=False)
    source = source_named(job.options.get("source", ""), at=clock.now())
    if is_all:
        if rows.rows > MOST_AT_ONCE:
            raise Failure("too_long_at_once")
        with transaction.atomic():
            note_progress(job, 50)  # it is ours till the end: who would take it over waits for this row
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
            note_progress(job, 40 + 60 * counted.lines // max(rows.rows, 1), report=job.report)
        yield
    taken = replace(taken, known=max(0, known - before))
    return Imported(counted, taken, is_written=True)
