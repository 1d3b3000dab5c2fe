"""`dangol orders import`: what a person at a terminal says and sees."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from django.db import DataError, IntegrityError
from django.utils.translation import gettext_lazy as _

from dangol.business.commands import adopt_money_and_zone
from dangol.business.models import Business
from dangol.business.money import CURRENCIES
from dangol.business.queries import current_business
from dangol.business.rules import is_zone
from dangol.kernel import clock
from dangol.kernel.db import relax_durability
from dangol.kernel.errors import Refused
from dangol.kernel.table_files import open_table
from dangol.orders.columns import choose_columns, names_order_total
from dangol.orders.commands import source_named
from dangol.orders.file_import import (
    Imported,
    RefusedFile,
    as_report,
    exact_text,
    import_orders,
    peak_mb,
)
from dangol.orders.file_orders import Reading
from dangol.orders.file_reading import GatheredRows, gathered_rows
from dangol.orders.file_refusals import REASONS, Refusal
from dangol.orders.file_totals import ORDER
from dangol.orders.models import Order


class NoSuchCurrency(Refused):
    message = _("Say with --currency which currency it is: three letters like GBP or KRW.")


class NoSuchZone(Refused):
    message = _("Say with --timezone which time zone it is: a name like Europe/London or Asia/Seoul.")


class NothingTaken(Refused):
    message = _("Nothing was written: rows were refused.")


class NotAsExpected(Refused):
    message = _("Something in the file is not as expected. Nothing more was written.")


@dataclass(frozen=True)
class Wanted:
    """What the person wants beside the file: where the orders are from, and what may be written."""

    source: str
    all_or_nothing: bool
    dry_run: bool
    refused: Path | None


def import_file(
    file: Path,
    *,
    currency: str | None,
    timezone: str | None,
    source: str,
    columns: Iterable[str],
    cancelled_by: str,
    month_first: bool | None,
    all_or_nothing: bool,
    refused: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read the file, write its orders, and say what became of them. Refused when none of its rows can be taken."""
    began, worked = time.monotonic(), time.process_time()
    relax_durability()
    money, zone = _money_and_zone(currency, timezone)
    if not dry_run:
        _adopt(money, zone)
    first: list[Refusal] = []
    with ExitStack() as ending:
        table = ending.enter_context(open_table(file))
        reading = _reading(table.header, columns, currency=money, zone=ZoneInfo(zone))
        reading = replace(reading, cancelled_by=cancelled_by, month_first=month_first)
        bar = ending.enter_context(_bar(file.stat().st_size, is_hidden=as_json))
        rows = ending.enter_context(
            gathered_rows(table, reading, on_progress=lambda _rows: bar.update(table.position() - bar.pos))
        )
        done = _take(rows, Wanted(source, all_or_nothing, dry_run, refused), first)
    seconds, cpu = time.monotonic() - began, time.process_time() - worked
    if as_json:
        report = as_report(done, currency=money, seconds=seconds, cpu_seconds=cpu)
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _say(done, first, money, seconds, cpu)
    if not dry_run and not done.is_written:
        raise NothingTaken
    if done.counted.lines and done.counted.refused.total() == done.counted.lines:
        raise NothingTaken


def _money_and_zone(currency: str | None, timezone: str | None) -> tuple[str, str]:
    business = current_business()
    if currency is None and business.set_up_step == Business.Step.BUSINESS and not Order.objects.exists():
        raise NoSuchCurrency  # nobody has said yet what the desk counts in, and nothing is guessed
    money, zone = (currency or business.currency).upper(), timezone or business.time_zone
    if money not in CURRENCIES:
        raise NoSuchCurrency
    if not is_zone(zone):
        raise NoSuchZone
    return money, zone


def _reading(header: Sequence[str], columns: Iterable[str], *, currency: str, zone: ZoneInfo) -> Reading:
    """How the file is read by its header and what was said of it ("field=name of the column")."""
    said = [tuple(map(str.strip, each.split("=", 1))) if "=" in each else (each, "") for each in columns]
    chosen = choose_columns(header, [(each[0], each[1]) for each in said])
    # Who says that a column is that of the whole order means it.
    is_said = any(field == "total" and name for field, name in said)
    return Reading(
        columns=chosen,
        currency=currency,
        zone=zone,
        total_is=ORDER if is_said else "",
        is_total_named=names_order_total(header, chosen),
        country=current_business().country,
    )


def _take(rows: GatheredRows, wanted: Wanted, first: list[Refusal]) -> Imported:
    """Write what is wanted; `first` gets the first rows that were refused for what is in them."""
    with ExitStack() as ending:
        writer = ending.enter_context(RefusedFile(wanted.refused, rows)) if wanted.refused else None

        def refuse(refusal: Refusal) -> None:
            if refusal.reason != "other_line_refused" and len(first) < 5:
                first.append(refusal)
            if writer:
                writer(refusal)

        try:
            return import_orders(
                actor=None,
                source=None if wanted.dry_run else source_named(wanted.source, at=clock.now()),
                rows=rows,
                all_or_nothing=wanted.all_or_nothing,
                refuse=refuse,
            )
        except (DataError, IntegrityError, OverflowError):
            raise NotAsExpected from None  # they quote what a customer wrote


def _adopt(currency: str, zone: str) -> None:
    """What the first import says is the business's own, where nobody has said anything yet: else nothing of it would be
    in any sum, for want of a rate."""
    if Order.objects.exists():
        return
    if adopt_money_and_zone(actor=None, currency=currency, time_zone=zone, at=clock.now()):
        click.echo(
            f"Nobody has set up this desk yet: it counts in {currency} and lives in {zone} from now on. "
            "The first visit proposes both, and they can be changed there.",
            err=True,
        )


@contextmanager
def _bar(length: int, *, is_hidden: bool) -> "Iterator[Any]":
    with click.progressbar(length=length, label="Reading", file=sys.stderr, hidden=is_hidden) as bar:
        yield bar


def _say(done: Imported, first: list[Refusal], currency: str, seconds: float, cpu: float) -> None:
    counted, taken = done.counted, done.taken
    click.echo(
        f"{counted.lines} lines, {counted.orders} orders, {counted.cancellations} cancellations, "
        f"{len(counted.customers)} customers, {exact_text(counted, currency)} {currency}"
    )
    if done.is_written:
        click.echo(
            f"{taken.new_orders} orders new, {taken.changed_orders} changed; {taken.new_refunds} refunds new, "
            f"{taken.changed_refunds} changed; {taken.known} known already"
        )
    for refusal in first:
        click.echo(f"Row {refusal.row} refused: {REASONS[refusal.reason]}", err=True)
    if counted.refused:
        click.echo(f"{counted.refused.total()} rows refused", err=True)
    click.echo(f"{seconds:.1f} s, {cpu:.1f} s of CPU, {peak_mb()} MB at most", err=True)
