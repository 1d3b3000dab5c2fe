"""`dangol customers import`: what a person at a terminal says and sees."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from django.db import DataError, IntegrityError
from django.utils.translation import gettext_lazy as _

from dangol.business.queries import current_business
from dangol.customers.file_import import PeopleImported, import_people, reading_of_people
from dangol.customers.file_people import REASONS, choose_people
from dangol.kernel.db import relax_durability
from dangol.kernel.errors import Refused
from dangol.kernel.refused_rows import RefusedRows
from dangol.kernel.table_files import open_table


class NothingTaken(Refused):
    message = _("Nothing was written: rows were refused.")


class NotAsExpected(Refused):
    message = _("Something in the file is not as expected. Nothing more was written.")


def import_file(
    file: Path,
    *,
    columns: Iterable[str],
    wording: str,
    timezone: str | None,
    overwrites: bool,
    all_or_nothing: bool,
    refused: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read the file, write its customers, and say what became of them. Refused when none of its rows can be taken."""
    began = time.monotonic()
    relax_durability()
    said = [tuple(map(str.strip, each.split("=", 1))) if "=" in each else (each, "") for each in columns]
    with open_table(file) as table:
        header = table.header
    chosen = choose_people(header, [(each[0], each[1]) for each in said])
    options = {
        "columns": chosen,
        "zone": timezone or current_business().time_zone,
        "wording": wording,
        "overwrites": overwrites,
    }
    reading = reading_of_people(header, options)
    first: list[tuple[int, str]] = []
    with ExitStack() as ending:
        names = [header[place] for place in reading.columns.values()]
        writer = ending.enter_context(RefusedRows(refused, names, REASONS)) if refused else None

        def refuse(row: int, reason: str, cells: Sequence[str]) -> None:
            if len(first) < 5:
                first.append((row, reason))
            if writer:
                writer.write(row, reason, cells)

        bar = ending.enter_context(
            click.progressbar(length=file.stat().st_size, label="Reading", file=sys.stderr, hidden=as_json)
        )
        pieces = import_people(
            actor=None,
            path=file,
            reading=reading,
            source=file.name,
            writes=not dry_run,
            all_or_nothing=all_or_nothing,
            refuse=refuse,
        )
        try:
            while True:
                read = next(pieces)
                bar.update(max(0, read - bar.pos))
        except StopIteration as end:
            done: PeopleImported = end.value
        except (DataError, IntegrityError, OverflowError):
            raise NotAsExpected from None  # they quote what a customer wrote
    report = done.as_report(seconds=time.monotonic() - began)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _say(done, first)
    if (not dry_run and not done.is_written) or (done.rows and done.refused.total() == done.rows):
        raise NothingTaken


def _say(done: PeopleImported, first: Iterable[tuple[int, str]]) -> None:
    taken = done.taken
    click.echo(
        f"{done.rows} rows: {taken.new} customers new, {taken.changed} changed, {taken.known} known already"
    )
    if taken.consents or taken.unproved:
        click.echo(
            f"{taken.consents} said yes or no to news; {taken.unproved} yes without its day or words left out"
        )
    for row, reason in first:
        click.echo(f"Row {row} refused: {REASONS[reason]}", err=True)
    if done.refused:
        click.echo(f"{done.refused.total()} rows refused", err=True)
