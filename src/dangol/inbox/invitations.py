"""Invitations in the words of a page: what, when in the reader's zone, where, who, and whether it still stands."""

from datetime import date, datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from dangol.inbox.models import Attachment, Invitation
from dangol.inbox.pages import InvitationView, Tone

_SHOWN_GUESTS: Final = 6
_HEADS: Final = {
    "request": gettext_lazy("Invitation"),
    "publish": gettext_lazy("Appointment"),
    "cancel": gettext_lazy("Called off"),
    "counter": gettext_lazy("Another time is proposed"),
}
_ANSWERS: Final = {
    "yes": gettext_lazy("%(name)s accepts"),
    "no": gettext_lazy("%(name)s declines"),
    "maybe": gettext_lazy("%(name)s may come"),
}
_REPEATS: Final = {
    "daily": gettext_lazy("every day"),
    "weekly": gettext_lazy("every week"),
    "monthly": gettext_lazy("every month"),
    "yearly": gettext_lazy("every year"),
}


def is_calendar(file: Attachment) -> bool:
    """Whether a file may have brought an invitation along."""
    return file.content_type in {"text/calendar", "application/ics"} or file.filename.lower().endswith(".ics")


def invitation_view(row: Invitation) -> InvitationView:
    """The invitation as a card."""
    head, tone = _head(row)
    notes = [str(_REPEATS.get(row.repeats, "")), _("time zone not said") if row.is_local else ""]
    return InvitationView(
        tone=tone,
        head=head,
        title=row.title or _("(no title)"),
        when=_when(row),
        note=", ".join(filter(None, notes)),
        place=row.place,
        organiser=_named(row.organiser) if row.organiser else "",
        guests=_guests(row),
    )


def _head(row: Invitation) -> tuple[str, Tone]:
    if row.method == "reply" and row.guests:
        guest = row.guests[0]
        words = _ANSWERS.get(guest["answer"])
        return (words % {"name": _named(guest)} if words else _("Answer to an invitation")), ""
    if row.method == "cancel":
        return str(_HEADS["cancel"]), "bad"
    if row.is_changed:
        return _("Invitation, changed"), "warn"
    return str(_HEADS.get(row.method, _("Answer to an invitation"))), ""


def _when(row: Invitation) -> str:
    """Monday, 30 November 2026, 19:00 – 20:00; the second day only where it is another."""
    if row.is_all_day:
        first = row.starts_at.date()
        last = (row.ends_at - timedelta(days=1)).date() if row.ends_at else first
        return _day(first) if last <= first else f"{_day(first)} – {_day(last)}"
    starts, ends = _on_the_clock(row, row.starts_at), _on_the_clock(row, row.ends_at) if row.ends_at else None
    said = f"{_day(starts.date())}, {starts:%H:%M}"
    if ends is None:
        return said
    return (
        f"{said} – {ends:%H:%M}"
        if ends.date() == starts.date()
        else f"{said} – {_day(ends.date())}, {ends:%H:%M}"
    )


def _on_the_clock(row: Invitation, at: datetime) -> datetime:
    return at if row.is_local else timezone.localtime(at)


def _day(day: date) -> str:
    return date_format(day, pgettext("date format", "l, j F Y"))


def _guests(row: Invitation) -> str:
    if row.method == "reply":
        return ""
    names = [_named(guest) for guest in row.guests]
    more = len(names) - _SHOWN_GUESTS
    return ", ".join(names[:_SHOWN_GUESTS]) + (
        _(" and %(number)d more") % {"number": more} if more > 0 else ""
    )


def _named(party: dict[str, str]) -> str:
    return party["name"] or party["address"]
