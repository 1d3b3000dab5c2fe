"""What an alarm says: what happened, since when, what to do, and where. In the language and zone of the moment."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dangol.channels.models import Mailbox
from dangol.channels.stuck import problem_in_words
from dangol.desk.alarms.rules import Health, Kind, Trouble
from dangol.desk.backups.words import what_failed, what_to_do
from dangol.desk.work_words import LOOPS
from dangol.kernel.addresses import address
from dangol.kernel.templatetags.dangol import full_instant
from dangol.staff.models import Staff
from dangol.staff.rights import may

AREAS: Final[Mapping[Kind, str | Promise]] = {
    Kind.WORK: gettext_lazy("Work"),
    Kind.KEY: gettext_lazy("Keys"),
    Kind.DISK: gettext_lazy("Disk"),
    Kind.INODES: gettext_lazy("Disk"),
    Kind.DISK_FILLS: gettext_lazy("Disk"),
    Kind.LOOP: gettext_lazy("Work"),
    Kind.REACTIONS: gettext_lazy("Work"),
    Kind.INCOMING: gettext_lazy("Incoming mail"),
    Kind.OUTGOING: gettext_lazy("Outgoing mail"),
    Kind.QUARANTINE: gettext_lazy("Incoming mail"),
    Kind.REPORTS: gettext_lazy("Shops"),
    Kind.CLOCK: gettext_lazy("Clock"),
    Kind.BACKUP: gettext_lazy("Backups"),
}


@dataclass(frozen=True)
class Said:
    """An alarm in words. `area` is what it is about, for a list; `url` leads to where it is mended."""

    area: str
    health: Health
    title: str
    detail: str
    advice: str
    url: str
    button: str


@dataclass(frozen=True)
class _Words:
    title: str
    advice: str
    detail: str = ""
    page: str = "stuck_work"
    button: str = ""


def say(troubles: Iterable[Trouble], *, reader: Staff | None = None) -> list[Said]:
    """Each in words, with a link that the reader may open. One query for the mailboxes that are named, at most."""
    found = list(troubles)
    ids = {int(each.thing) for each in found if each.kind in _OF_A_MAILBOX and each.thing.isdigit()}
    boxes = Mailbox.objects.in_bulk(ids) if ids else {}
    return [_say(each, boxes, reader) for each in found]


def _say(trouble: Trouble, boxes: Mapping[int, Mailbox], reader: Staff | None) -> Said:
    box = boxes.get(int(trouble.thing)) if trouble.kind in _OF_A_MAILBOX else None
    words = (
        _OF_A_MAILBOX[trouble.kind](trouble, box)
        if box
        else _OF_THE_DESK.get(trouble.kind, _unknown)(trouble)
    )
    since = _since(trouble.since)
    page, arguments = words.page, [box.pk] if box and words.page == "mailbox" else []
    if page == "mailbox" and not (box and may(reader, "change_mailboxes")):
        page, arguments = "stuck_work", []
    if page == "backups" and not may(reader, "back_up"):
        page = "stuck_work"
    return Said(
        area=" ".join([_("Mailbox"), box.address]) if box else str(AREAS.get(trouble.kind, "")),
        health=trouble.health,
        title=words.title,
        detail=" ".join(filter(None, [since, words.detail])),
        advice=words.advice,
        url=address(page, *arguments),
        button=words.button or _("Look"),
    )


def why_untold(word: str) -> str:
    """Why nobody could be told of an alarm by mail, from the machine's word."""
    return str(_UNTOLD.get(word, ""))


_UNTOLD: Final[Mapping[str, str | Promise]] = {
    "no-mailbox": gettext_lazy("Nobody could be told by mail: no mailbox can send just now."),
    "nobody": gettext_lazy("Nobody is told by mail: nobody asked for it under My account."),
    "kept-back": gettext_lazy(
        "Nobody could be told by mail: an address that is a mailbox of this desk, or whose mail came back, gets none."
    ),
}


def _since(since: datetime | None) -> str:
    if since is None:
        return ""
    return _("Since %(time)s.") % {"time": full_instant(since)}


def _receiving(trouble: Trouble, box: Mailbox) -> _Words:
    return _Words(
        _("No mail comes in from %(address)s") % {"address": box.address},
        _("Correct it in Settings › Mailboxes."),
        problem_in_words(str(trouble.data.get("failure", "")), box.imap_host),
        page="mailbox",
        button=_("Mend"),
    )


def _sending(trouble: Trouble, box: Mailbox) -> _Words:
    return _Words(
        _("No mail leaves from %(address)s") % {"address": box.address},
        _("Correct it in Settings › Mailboxes. What waits is sent then by itself."),
        problem_in_words(str(trouble.data.get("failure", "")), box.sender_name),
        page="mailbox",
        button=_("Mend"),
    )


def _not_fetched(trouble: Trouble, box: Mailbox) -> _Words:
    return _Words(
        _("Nobody fetches the mail of %(address)s") % {"address": box.address},
        _("Is `dangol up` (or `dangol fetch`) running? Restart it, and look at what it prints."),
        _("Nothing is lost: it waits on the mail server."),
    )


def _silent(trouble: Trouble, box: Mailbox) -> _Words:
    usual = int(trouble.data.get("expected", 0))
    return _Words(
        _("%(address)s has been silent for unusually long") % {"address": box.address},
        _(
            "Write to it from another address. If that does not come in either, ask your mail provider; look also "
            "into its spam folder, and whether somebody changed where mail is forwarded to."
        ),
        ngettext(
            "Not one mail has come since. In the weeks before, about %(n)d came in the same hours.",
            "Not one mail has come since. In the weeks before, about %(n)d came in the same hours.",
            usual,
        )
        % {"n": usual},
        page="mailbox",
    )


def _certificate_ends(trouble: Trouble, box: Mailbox) -> _Words:
    until = datetime.fromtimestamp(float(trouble.data.get("until", 0)), UTC)
    return _Words(
        _("The certificate of %(host)s ends soon") % {"host": box.imap_host},
        _("Ask whoever runs this mail server to renew it: mail does not come in after that."),
        _("It is valid until %(time)s.") % {"time": full_instant(until)},
        page="mailbox",
    )


def _sign_in_ends(trouble: Trouble, box: Mailbox) -> _Words:
    until = datetime.fromtimestamp(float(trouble.data.get("until", 0)), UTC)
    return _Words(
        _("The sign-in of %(address)s ends soon") % {"address": box.address},
        _("Sign in again in Settings › Mailboxes."),
        _("It is good until %(time)s; then mail neither comes in nor leaves.")
        % {"time": full_instant(until)},
        page="mailbox",
        button=_("Mend"),
    )


_OF_A_MAILBOX: Final[Mapping[Kind, Callable[[Trouble, Mailbox], _Words]]] = {
    Kind.RECEIVING: _receiving,
    Kind.SENDING: _sending,
    Kind.NOT_FETCHED: _not_fetched,
    Kind.SILENT: _silent,
    Kind.SIGN_IN_ENDS: _sign_in_ends,
    Kind.CERTIFICATE_ENDS: _certificate_ends,
}


def _work(_trouble: Trouble) -> _Words:
    return _Words(
        _("Nothing is at work just now"),
        _("Start it with `dangol up`."),
        _("Mail is neither fetched nor sent."),
    )


def _key(_trouble: Trouble) -> _Words:
    return _Words(
        _("The key of this installation is missing"),
        _("Put secret.key back from the backup; without it mailbox passwords can't be read."),
    )


def _disk(trouble: Trouble) -> _Words:
    return _Words(
        _("The disk is almost full: %(free)d MB are free") % {"free": int(trouble.data.get("free_mib", 0))},
        _("Make room soon: without it, mail cannot be stored."),
        _("The data folder is %(folder)s.") % {"folder": settings.DANGOL_DATA},
    )


def _inodes(trouble: Trouble) -> _Words:
    return _Words(
        _("The disk takes hardly any more files: %(free)d") % {"free": int(trouble.data.get("free", 0))},
        _("Remove many small files from it: without room for new ones, mail cannot be stored."),
        _("The data folder is %(folder)s.") % {"folder": settings.DANGOL_DATA},
    )


def _disk_fills(trouble: Trouble) -> _Words:
    days = int(trouble.data.get("days", 0))
    return _Words(
        ngettext(
            "The disk will be full in about %(n)d day",
            "The disk will be full in about %(n)d days",
            days,
        )
        % {"n": days},
        _("Make room, or move the data folder to a larger disk."),
        _("An estimate: if it goes on as in the last days."),
    )


def _loop(trouble: Trouble) -> _Words:
    words = LOOPS.get(trouble.thing, trouble.thing)
    return _Words(
        _("A part of the work has stopped: “%(words)s”") % {"words": words},
        _("Restart `dangol up`, and look at what it prints."),
        str(trouble.data.get("failure", "")),
    )


def _incoming(trouble: Trouble) -> _Words:
    count = int(trouble.data.get("count", 0))
    return _Words(
        ngettext("%(n)d mail is not taken in", "%(n)d mails are not taken in", count) % {"n": count},
        _("Is `dangol up` (or `dangol work`) running? Restart it, and look at what it prints."),
    )


def _outgoing(trouble: Trouble) -> _Words:
    count = int(trouble.data.get("count", 0))
    return _Words(
        ngettext("%(n)d mail should have left", "%(n)d mails should have left", count) % {"n": count},
        _("Is `dangol up` (or `dangol work`) running? Restart it, and look at what it prints."),
    )


def _reactions(_trouble: Trouble) -> _Words:
    return _Words(
        _("What should follow from what happened is not done"),
        _("Is `dangol up` (or `dangol work`) running? Restart it, and look at what it prints."),
        _("Clocks of answers that were sent may go on, and nobody gets the answer that is sent at once."),
    )


def _backup(trouble: Trouble) -> _Words:
    days, failure = int(trouble.data.get("days", 0)), str(trouble.data.get("failure", ""))
    is_old = trouble.level > 1
    said = (
        ngettext("No backup was made in %(n)d day", "No backup was made in %(n)d days", days)
        if trouble.data.get("is_none")
        else ngettext("The newest backup is %(n)d day old", "The newest backup is %(n)d days old", days)
    ) % {"n": days}
    return _Words(
        said if is_old else _("The last backup could not be made"),
        what_to_do(failure),
        what_failed(failure),
        page="backups",
        button=_("Mend") if failure else "",
    )


def _quarantine(trouble: Trouble) -> _Words:
    count = int(trouble.data.get("count", 0))
    return _Words(
        ngettext(
            "%(n)d mail of the last day could not be read",
            "%(n)d mails of the last day could not be read",
            count,
        )
        % {"n": count},
        _("Stuck work in Settings says why of each, and tries again."),
        _("Nothing is lost."),
    )


def _reports(trouble: Trouble) -> _Words:
    count = int(trouble.data.get("count", 0))
    return _Words(
        ngettext(
            "%(n)d report of a shop could not be read",
            "%(n)d reports of a shop could not be read",
            count,
        )
        % {"n": count},
        _(
            "Stuck work in Settings says why, and tries again. What is reported in them is not among your orders."
        ),
        _("Nothing is lost within 30 days."),
    )


def _clock(_trouble: Trouble) -> _Words:
    return _Words(
        _("This machine's clock is behind what it has recorded before"),
        _("Set the clock by the network (for example with `timedatectl set-ntp true`)."),
        "",
    )


def _unknown(_trouble: Trouble) -> _Words:
    # A mailbox that was removed meanwhile, or an alarm of a later version.
    return _Words(_("Something was not well"), "")


_OF_THE_DESK: Final[Mapping[Kind, Callable[[Trouble], _Words]]] = {
    Kind.WORK: _work,
    Kind.KEY: _key,
    Kind.DISK: _disk,
    Kind.INODES: _inodes,
    Kind.DISK_FILLS: _disk_fills,
    Kind.LOOP: _loop,
    Kind.INCOMING: _incoming,
    Kind.OUTGOING: _outgoing,
    Kind.REACTIONS: _reactions,
    Kind.BACKUP: _backup,
    Kind.QUARANTINE: _quarantine,
    Kind.REPORTS: _reports,
    Kind.CLOCK: _clock,
}
