"""Looks at everything that the desk stands on, and says what to do. For the command line.

What can be wrong is checked in `alarms.checks`, for here, for Today and for the alarms alike. Beside it stands what
only somebody who asks can wait for: the database's file, and the mail servers.
"""

import json
import shlex
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import click
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from dangol.business.queries import current_business
from dangol.channels.commands import DROPPED
from dangol.channels.email.imap import try_receiving
from dangol.channels.email.problems import Trial
from dangol.channels.email.smtp import try_sending
from dangol.channels.fetching import server_of
from dangol.channels.models import Delivery, Mailbox, Raw
from dangol.channels.outbox import outgoing_server
from dangol.desk.alarms.checks import look
from dangol.desk.alarms.rules import Health, Kind, Trouble
from dangol.desk.alarms.words import AREAS, say
from dangol.desk.backups.queries import newest_backup_at
from dangol.desk.models import BackupPlan
from dangol.kernel import clock
from dangol.kernel.models import Setback
from dangol.transfer.shelf import newest_of_the_owner
from dangol.transfer.states import state_of, unknown_to_us

GIB = 1024**3
OLD_BACKUP = timedelta(days=7)
# What a trial of the mail servers shows better than the memory of the last one.
OF_SERVERS = frozenset({Kind.RECEIVING, Kind.SENDING})


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
        return found
    business = current_business()
    with override(business.language), timezone.override(business.zone):
        at = clock.now()
        troubles = look(at=at)
        if servers:
            troubles = [each for each in troubles if each.kind not in OF_SERVERS]
        return [
            *_database(),
            *_folder(),
            *_well(troubles, at),
            *_findings(troubles),
            *_mailboxes(servers),
            *_outgoing(at),
            *_stuck(),
            *_backups(troubles, at),
        ]


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


def _findings(troubles: Sequence[Trouble]) -> Iterator[Finding]:
    for said in say(troubles):
        yield Finding(said.area, said.health, f"{said.title}. {said.detail}".strip(), said.advice)


def _well(troubles: Sequence[Trouble], at: datetime) -> Iterator[Finding]:
    """What is to be said of each part of the machine that is well."""
    free = shutil.disk_usage(settings.DANGOL_DATA).free
    words = {
        Kind.DISK: _("%(free)s GB free for %(folder)s.")
        % {"free": f"{free / GIB:.1f}", "folder": settings.DANGOL_DATA},
        Kind.CLOCK: at.astimezone(current_business().zone).strftime("%Y-%m-%d %H:%M %Z"),
        Kind.WORK: _("All loops are running."),
    }
    ill = {str(AREAS.get(each.kind, "")) for each in troubles}
    for kind, sentence in words.items():
        if str(AREAS[kind]) not in ill:
            yield Finding(str(AREAS[kind]), "good", sentence)


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
    if unknown_to_us(state_of(executor.loader), executor.loader):
        yield Finding(
            area,
            "bad",
            _("It was made by a newer version than this one, %(version)s.")
            % {"version": settings.DANGOL_VERSION},
            _("Install the newer version and start that. Nothing was changed."),
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


def _folder() -> Iterator[Finding]:
    """A folder that was there before the desk keeps the rights that it had."""
    folder = settings.DANGOL_DATA
    if stat.S_IMODE(folder.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(
            _("Data folder"),
            "warn",
            _(
                "Other users of this machine can read it: your customers' mail, and the key to your passwords."
            ),
            _("Run `%(command)s`.") % {"command": f"chmod 700 {shlex.quote(str(folder))}"},
        )


def _mailboxes(ask: bool) -> Iterator[Finding]:
    rows = list(
        Mailbox.objects.select_related("channel", "oauth").filter(channel__is_active=True).order_by("pk")
    )
    if not rows:
        yield Finding(_("Mailboxes"), "warn", _("There is none yet."), _("Add one in Settings › Mailboxes."))
    for mailbox in rows:
        area = " ".join([_("Mailbox"), mailbox.address])
        if ask and mailbox.is_fetched:
            yield _of_trial(area, try_receiving(server_of(mailbox), mailbox.imap_folder), _("receives"))
        if mailbox.outgoing == Mailbox.Outgoing.SMTP:
            if not mailbox.smtp_host:
                missing = _("It can't send: no outgoing server is set.")
                yield Finding(area, "warn", missing, _("Settings › Mailboxes"))
            elif ask:
                yield _of_trial(area, try_sending(outgoing_server(mailbox), mailbox.address), _("sends"))


def _of_trial(area: str, trial: Trial, what: str) -> Finding:
    if trial.is_fine:
        return Finding(area, "good", what)
    return Finding(area, "bad", trial.sentence, _("Correct it in Settings › Mailboxes."))


def _outgoing(at: datetime) -> Iterator[Finding]:
    area = _("Outgoing mail")
    again = Delivery.objects.filter(Delivery.IS_OPEN, state=Delivery.State.RETRY).count()
    lately = Delivery.objects.filter(Delivery.IS_FAILED, created_at__gt=at - timedelta(days=7))
    failed = lately.exclude(failure=DROPPED).count()
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
    aside = Raw.objects.filter(Raw.IS_SET_ASIDE).count()
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


def _backups(troubles: Sequence[Trouble], at: datetime) -> Iterator[Finding]:
    """Where Dangol makes none by itself, only those in the data folder; elsewhere they are nobody's to see."""
    if any(each.kind is Kind.BACKUP for each in troubles):
        return
    is_on = BackupPlan.objects.filter(is_on=True).exists()
    made_at = newest_backup_at(at=at) if is_on else newest_of_the_owner()
    if made_at is None:
        if is_on:
            yield Finding(_("Backups"), "good", _("The first one is made tonight."))
        return
    days = (at - made_at).days
    said = ngettext("The newest is %(n)d day old.", "The newest is %(n)d days old.", days) % {"n": days}
    if at - made_at > OLD_BACKUP:
        yield Finding(_("Backups"), "warn", said, _("Make one with `dangol backup`, best on another disk."))
    else:
        yield Finding(_("Backups"), "good", said)
