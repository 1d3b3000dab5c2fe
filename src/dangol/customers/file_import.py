"""A whole file of customers, into the database: in pieces, each whole; a broken-off one is simply done again."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dangol.business.queries import current_business
from dangol.business.rules import is_zone
from dangol.customers.commands.taking import TakenPeople, take_customers
from dangol.customers.errors import UnknownZone
from dangol.customers.file_people import IncomingPerson, PeopleReading, Unfit, check_people, read_person
from dangol.kernel import clock
from dangol.kernel.db import is_deadlock
from dangol.kernel.errors import Refused
from dangol.kernel.refused_rows import unmarked
from dangol.kernel.table_files import Table, open_table
from dangol.staff.models import Staff

BATCH: Final = 500
"""Rows that are written in one transaction: others wait a fraction of a second for it."""

_TIMES: Final = 3

Refuse = Callable[[int, str, Sequence[str]], None]


@dataclass
class PeopleImported:
    """What a file held and what became of it. `refused` counts rows by their reason."""

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    taken: TakenPeople = field(default_factory=TakenPeople)
    is_written: bool = False

    def as_report(self, *, seconds: float) -> dict[str, Any]:
        """What `--json` prints and a page shows."""
        return {
            "rows": self.rows,
            "new": self.taken.new,
            "changed": self.taken.changed,
            "known": self.taken.known,
            "consents": self.taken.consents,
            "consents_without_proof": self.taken.unproved,
            "refused": dict(self.refused),
            "written": self.is_written,
            "seconds": round(seconds, 2),
        }


class TooManyAtOnce(Refused):
    message = _(
        "All or nothing is for at most 100,000 lines here. Import it without, or use the command line."
    )


class _NothingKept(Exception):
    """Ends a transaction of all or nothing of which a row was refused by what is in the database."""


def reading_of_people(header: Sequence[str], options: Mapping[str, Any]) -> PeopleReading:
    """How the file is read by what was chosen. Refused: ColumnsMissing, UnknownZone."""
    # In the order of the file: PostgreSQL keeps an object's names in an order of its own.
    chosen = sorted(options["columns"].items(), key=lambda each: int(each[1]))
    columns = {name: int(place) for name, place in chosen}
    check_people(header, columns)
    if not is_zone(options["zone"]):
        raise UnknownZone
    return PeopleReading(
        columns=columns,
        zone=ZoneInfo(options["zone"]),
        country=current_business().country,
        wording=str(options.get("wording", "")).strip(),
        overwrites=bool(options.get("overwrites")),
    )


def import_people(
    *,
    actor: Staff | None,
    path: Path,
    reading: PeopleReading,
    source: str,
    writes: bool = True,
    all_or_nothing: bool = False,
    refuse: Refuse = lambda _row, _why, _cells: None,
    most_bytes: int | None = None,
    most_at_once: int | None = None,
) -> Generator[int, None, PeopleImported]:
    """Take the customers of the file in, silently; yields how many bytes of it were read, after each piece.

    Again is the same as once. `all_or_nothing`: when a row of it is refused, nothing is written. Refused
    (TooManyAtOnce) for more rows than `most_at_once` in one transaction.
    """
    if not writes or all_or_nothing:
        looked = PeopleImported()
        with open_table(path, most_bytes=most_bytes) as table:
            yield from _take(actor, table, reading, source, looked, refuse, seen=set())
        if not writes or looked.refused:
            return looked
        if most_at_once is not None and looked.rows > most_at_once:
            raise TooManyAtOnce
    if all_or_nothing:
        return _take_whole(actor, path, reading, source, refuse, most_bytes)
    done = PeopleImported(is_written=True)
    with open_table(path, most_bytes=most_bytes) as table:
        yield from _take(actor, table, reading, source, done, refuse)
    return done


def _take_whole(
    actor: Staff | None,
    path: Path,
    reading: PeopleReading,
    source: str,
    refuse: Refuse,
    most_bytes: int | None,
) -> PeopleImported:
    """All of the file in one transaction, which holds what it has written to its end: where it and the mail's intake
    wait for each other, it is done again."""
    for time_left in reversed(range(_TIMES)):
        done = PeopleImported(is_written=True)
        try:
            with open_table(path, most_bytes=most_bytes) as table, transaction.atomic():
                for _read in _take(actor, table, reading, source, done, refuse):
                    pass
                if done.refused:
                    raise _NothingKept
        except _NothingKept:
            return PeopleImported(rows=done.rows, refused=done.refused)
        except OperationalError as failure:
            if not (time_left and is_deadlock(failure)):
                raise
        else:
            return done
    raise AssertionError("unreachable")


def first_people(
    sample: Sequence[Sequence[str]], reading: PeopleReading
) -> tuple[list[IncomingPerson], Counter[str]]:
    """The first rows as they would be taken, and why others would not."""
    header, *rows = sample
    found: list[IncomingPerson] = []
    refused: Counter[str] = Counter()
    today = timezone.localdate(clock.now())
    for row in rows:
        try:
            found.append(read_person(row, reading, width=len(header), today=today))
        except Unfit as unfit:
            refused[unfit.reason] += 1
    return found, refused


def _take(
    actor: Staff | None,
    table: Table,
    reading: PeopleReading,
    source: str,
    done: PeopleImported,
    refuse: Refuse,
    *,
    seen: set[int] | None = None,
) -> Iterator[int]:
    """`seen` are the addresses of a run that only looks: who occurs twice is new once."""

    def give_up(row: int, reason: str, cells: Sequence[str]) -> None:
        done.refused[reason] += 1
        refuse(row, reason, [cells[at] if at < len(cells) else "" for at in reading.columns.values()])

    today = timezone.localdate(clock.now())
    rows = enumerate(unmarked(table.header, table.rows), start=2)
    while piece := list(islice(rows, BATCH)):
        read: list[tuple[int, list[str], IncomingPerson]] = []
        for number, cells in piece:
            try:
                read.append(
                    (number, cells, read_person(cells, reading, width=len(table.header), today=today))
                )
            except Unfit as unfit:
                give_up(number, unfit.reason, cells)
        with transaction.atomic():
            now = take_customers(
                actor=actor,
                people=[person for *_place, person in read],
                source=source,
                overwrites=reading.overwrites,
                seen=seen,
                at=clock.now(),
            )
        for place, reason in now.refused:
            give_up(read[place][0], reason, read[place][1])
        done.rows += len(piece)
        done.taken += now
        yield table.position()
