"""Looks at everything that the desk stands on, and says what to do. For the command line and for Today."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import click
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from dangol.business.queries import current_business
from dangol.channels.email.imap import try_receiving
from dangol.channels.email.problems import Trial
from dangol.channels.email.smtp import try_sending
from dangol.channels.fetching import server_of
from dangol.channels.models import Delivery, Mailbox, Raw
from dangol.channels.outbox import outgoing_server
from dangol.kernel import clock
from dangol.kernel.keys import read_secret
from dangol.kernel.loops import is_beating
from dangol.kernel.models import Event, Heartbeat, Setback

Health = Literal["good", "warn", "bad"]
MIB: Final = 1024 * 1024
LITTLE_DISK: Final = 1024 * MIB
NO_DISK: Final = 200 * MIB
LATE: Final = timedelta(minutes=5)
SILENT: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, in a sentence, and what to do where it is not well."""

    area: str
    health: Health
    sentence: str
    advice: str = ""


def examine(*, servers: bool = True) -> list[Finding]:
    """Everything, the database first; without `servers` no mail server is asked. Changes nothing."""
    found = [*_database()]
    if any(finding.health == "bad" for finding in found):
        return [*found, *_disk()]
    with override(current_business().language):
        return [
            *_database(),
            *_disk(),
            *_clock(),
            *_keys(),
            *_loops(),
            *_mailboxes(servers),
            *_late(),
            *_outgoing(),
            *_stuck(),
        ]


def glance() -> list[Finding]:
    """What a page can afford to look at each time it is opened: not the database's file, no mail server, and no
    stuck work, of which the page says more itself. Changes nothing."""
    return [*_disk(), *_clock(), *_keys(), *_loops(), *_late()]


def print_findings(findings: Iterable[Finding], *, as_json: bool) -> int:
    """Print the findings; returns the exit code: 1 when something is bad, else 0."""
    rows = list(findings)
    if as_json:
        click.echo(json.dumps([vars(row) for row in rows], ensure_ascii=False))
    else:
        marks = {"good": click.style("ok  ", fg="green"), "warn": click.style("look", fg="yellow")}
        for row in rows:
            click.echo(f"{marks.get(row.health, click.style('bad ', fg='red'))}  {row.area}: {row.sentence}")
            if row.advice:
                click.echo(f"      → {row.advice}")
    return int(any(row.health == "bad" for row in rows))


def _database() -> Iterator[Finding]:
    area = _("Database")
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as failure:
        yield Finding(
            area, "bad", str(failure).partition("\n")[0], _("Check DATABASE_URL, and that the server runs.")
        )
        return
    if missing:
        yield Finding(
            area,
            "bad",
            _("It is not at this version yet."),
            _("Run `dangol up`, which brings it up to date."),
        )
        return
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA quick_check(1)")
            answer = cursor.fetchone()[0]
        if answer != "ok":
            yield Finding(
                area, "bad", str(answer), _("Restore the last backup; keep this file for an expert.")
            )
            return
    yield Finding(
        area, "good", _("%(kind)s answers and is at this version.") % {"kind": connection.display_name}
    )


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DANGOL_DATA).free
    health: Health = "bad" if free < NO_DISK else "warn" if free < LITTLE_DISK else "good"
    yield Finding(
        _("Disk"),
        health,
        _("%(free)s GB free for %(folder)s.")
        % {"free": f"{free / 1024 / MIB:.1f}", "folder": settings.DANGOL_DATA},
        "" if health == "good" else _("Make room soon: without it, mail cannot be stored."),
    )


def _clock() -> Iterator[Finding]:
    newest = Event.objects.order_by("-id").values_list("recorded_at", flat=True).first()
    now = clock.now()
    if newest and newest > now + timedelta(minutes=1):
        yield Finding(
            _("Clock"),
            "bad",
            _("This machine's clock is behind what it has recorded before."),
            _("Set the clock by the network (for example with `timedatectl set-ntp true`)."),
        )
    else:
        yield Finding(
            _("Clock"), "good", now.astimezone(current_business().zone).strftime("%Y-%m-%d %H:%M %Z")
        )


def _keys() -> Iterator[Finding]:
    if read_secret(settings.DANGOL_DATA) is None:
        yield Finding(
            _("Keys"),
            "bad",
            _("The key of this installation is missing."),
            _("Put secret.key back from the backup; without it mailbox passwords can't be read."),
        )


def _loops() -> Iterator[Finding]:
    beats = list(Heartbeat.objects.all())
    area = _("Work")
    if not beats or not any(map(is_beating, beats)):
        yield Finding(area, "warn", _("Nothing is at work just now."), _("Start it with `dangol up`."))
        return
    failing = [beat.name for beat in beats if beat.failure or not is_beating(beat)]
    if failing:
        yield Finding(
            area,
            "bad",
            _("These loops have stopped or fail: %(names)s.") % {"names": ", ".join(failing)},
            _("Restart `dangol up`, and look at what it prints."),
        )
    else:
        yield Finding(area, "good", _("All loops are running."))


def _mailboxes(ask: bool) -> Iterator[Finding]:
    rows = list(Mailbox.objects.select_related("channel").filter(channel__is_active=True).order_by("pk"))
    if not rows:
        yield Finding(_("Mailboxes"), "warn", _("There is none yet."), _("Add one in Settings › Mailboxes."))
    for mailbox in rows:
        area = f"{_('Mailbox')} {mailbox.address}"
        yield from _receiving(area, mailbox, ask)
        if mailbox.outgoing == Mailbox.Outgoing.SMTP:
            if not mailbox.smtp_host:
                missing = _("It can't send: no outgoing server is set.")
                yield Finding(area, "warn", missing, _("Settings › Mailboxes"))
            elif ask:
                yield _of_trial(area, try_sending(outgoing_server(mailbox), mailbox.address), _("sends"))


def _receiving(area: str, mailbox: Mailbox, ask: bool) -> Iterator[Finding]:
    if not mailbox.is_fetched:
        return
    if ask:
        trial = try_receiving(server_of(mailbox), mailbox.imap_folder)
        yield _of_trial(area, trial, _("receives"))
    late = mailbox.fetched_at is None or mailbox.fetched_at < clock.now() - SILENT
    if late:
        yield Finding(
            area,
            "warn",
            _("Its mail was not fetched for a while."),
            _("Is `dangol up` (or `dangol fetch`) running?"),
        )


def _of_trial(area: str, trial: Trial, what: str) -> Finding:
    if trial.is_fine:
        return Finding(area, "good", what)
    return Finding(area, "bad", trial.sentence, _("Correct it in Settings › Mailboxes."))


def _late() -> Iterator[Finding]:
    overdue = clock.now() - LATE
    outgoing = Delivery.objects.filter(state=Delivery.State.QUEUED, due_at__lt=overdue).count()
    incoming = Raw.objects.filter(state=Raw.State.NEW, stored_at__lt=overdue).count()
    advice = _("Is `dangol up` (or `dangol work`) running?")
    if outgoing:
        said = ngettext("%(n)d mail should have left.", "%(n)d mails should have left.", outgoing)
        yield Finding(_("Outgoing mail"), "bad", said % {"n": outgoing}, advice)
    if incoming:
        said = ngettext("%(n)d mail is not taken in.", "%(n)d mails are not taken in.", incoming)
        yield Finding(_("Incoming mail"), "bad", said % {"n": incoming}, advice)


def _outgoing() -> Iterator[Finding]:
    area = _("Outgoing mail")
    now = clock.now()
    again = Delivery.objects.filter(state=Delivery.State.RETRY).count()
    failed = Delivery.objects.filter(
        state=Delivery.State.FAILED, created_at__gt=now - timedelta(days=7)
    ).count()
    if again:
        yield Finding(
            area,
            "warn",
            ngettext("%(n)d mail is tried again.", "%(n)d mails are tried again.", again) % {"n": again},
            _("Stuck work in Settings says what the server answered."),
        )
    if failed:
        yield Finding(
            area,
            "warn",
            ngettext(
                "%(n)d mail of this week could not be sent.",
                "%(n)d mails of this week could not be sent.",
                failed,
            )
            % {"n": failed},
            _("Stuck work in Settings says why, and sends again."),
        )
    if not (again or failed):
        yield Finding(area, "good", _("Nothing waits."))


def _stuck() -> Iterator[Finding]:
    area = _("Stuck work")
    aside = Raw.objects.filter(state=Raw.State.QUARANTINED).count()
    setbacks = Setback.objects.count()
    if aside or setbacks:
        yield Finding(
            area,
            "warn",
            _("%(mails)d mails could not be read, %(setbacks)d reactions failed.")
            % {"mails": aside, "setbacks": setbacks},
            _("Look at Stuck work in Settings; each has a Retry button."),
        )
    else:
        yield Finding(area, "good", _("None."))
