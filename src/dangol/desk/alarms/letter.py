"""The mail about alarms, in the language and zone of the moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from dangol.business.models import Business
from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.incoming import Party
from dangol.channels.models import Mailbox
from dangol.desk.alarms.queries import trouble_of
from dangol.desk.alarms.words import Said, say
from dangol.desk.models import Alarm
from dangol.kernel.templatetags.dangol import full_instant
from dangol.staff.models import Staff


@dataclass(frozen=True)
class Letter:
    """What is told, from which mailbox, and to whom."""

    business: Business
    mailbox: Mailbox
    reader: Staff
    new: Sequence[Alarm]
    known: Sequence[Alarm]
    over: Sequence[Alarm]


@dataclass(frozen=True)
class Written:
    """The mail as bytes, and its Message-ID."""

    content: bytes
    message_id: str


def letter(told: Letter, *, at: datetime) -> Written:
    """What happened, since when, what to do, each with a link; then what goes on, and what is over."""
    address = told.mailbox.address
    message_id = make_msgid("alarm", address.rpartition("@")[2]).strip("<>")
    content = compose(
        Outgoing(
            sender=Party("Dangol", address),
            to=(Party(told.reader.name, told.reader.email),),
            subject=_subject(told),
            text="\n\n".join(_paragraphs(told)),
            date=timezone.localtime(at),
            message_id=message_id,
            language=get_language() or "en",
            automatic="auto-generated",
        )
    )
    return Written(content, message_id)


def _subject(told: Letter) -> str:
    first, *others = _said(told.new or told.over, told.reader)
    words = first.title if told.new else _("Over: %(title)s") % {"title": first.title}
    if others:
        more = ngettext("and %(n)d more", "and %(n)d more", len(others)) % {"n": len(others)}
        words = f"{words} ({more})"
    return f"{told.business.name}: {words}" if told.business.name else words


def _paragraphs(told: Letter) -> Iterator[str]:
    yield _("Hello %(name)s,") % {"name": told.reader.name}
    if told.new:
        yield _("something needs you:")
        for said in _said(told.new, told.reader):
            yield f"**{said.title}.** {said.detail} {said.advice}"
            yield settings.DANGOL_URL + said.url
    else:
        yield _("all is well again.")
    if told.known and told.new:
        yield _("This goes on, as you were told before:")
        yield _listed(f"{said.title}. {said.detail}" for said in _said(told.known, told.reader))
    if told.over:
        yield _("This is over:")
        until = _("Until %(time)s.")
        yield _listed(
            f"{said.title}. {until % {'time': full_instant(row.ended_at)}}"
            for row, said in zip(told.over, _said(told.over, told.reader), strict=True)
            if row.ended_at
        )
    yield _("Today shows how it is now: %(url)s") % {"url": settings.DANGOL_URL + reverse("today")}
    yield _("There are at most three such mails a day. Whether you get them is under My account: %(url)s") % {
        "url": settings.DANGOL_URL + reverse("profile")
    }


def _said(rows: Iterable[Alarm], reader: Staff) -> list[Said]:
    return say(map(trouble_of, rows), reader=reader)


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
