"""Which waits a figure counts, and the list of exactly those."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from dangol.business.queries import calendar_at
from dangol.customers.queries import names_of
from dangol.inbox import promise
from dangol.inbox.models import Wait
from dangol.inbox.windows import message_url
from dangol.kernel.db import read_rows
from dangol.kernel.places import Place

PAGE: Final = 50

Outcome = Literal["", "answered", "kept", "late", "decided", "open", "undecided", "dropped"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
_UNANSWERED: Final = """
SELECT COUNT(CASE WHEN started_at >= %s AND started_at <= %s THEN 1 END)
    FROM inbox_wait WHERE answered_at IS NULL AND dropped_at IS NULL
UNION ALL SELECT COUNT(CASE WHEN started_at >= %s AND started_at <= %s THEN 1 END)
    FROM inbox_wait WHERE answered_at > %s
UNION ALL SELECT COUNT(CASE WHEN started_at >= %s AND started_at <= %s THEN 1 END)
    FROM inbox_wait WHERE dropped_at > %s
"""


@dataclass(frozen=True)
class Waits:
    """Those that began on these days of the business, both included; `by_answer`: that were answered on them.

    `outcome` narrows them: answered; kept and late (answered late, or still unanswered past their time), which
    together are decided; open (nobody has answered), of which undecided are not due yet; dropped (closed without
    an answer). Without one they are all but the dropped.
    """

    first_day: date
    last_day: date
    zone: ZoneInfo
    kind: str = ""
    mailbox_id: int | None = None
    outcome: Outcome = ""
    by_answer: bool = False

    @property
    def begin(self) -> datetime:
        """The first instant of the first day."""
        return datetime.combine(self.first_day, time.min, self.zone)

    @property
    def end(self) -> datetime:
        """The instant after the last day."""
        return datetime.combine(self.last_day + timedelta(days=1), time.min, self.zone)


@dataclass(frozen=True)
class WaitView:
    """One wait in a list. While nobody has answered, the seconds are those until now. `promised_seconds` are those that
    it is held to; None: nothing was promised."""

    url: str
    name: str
    subject: str
    mailbox: str
    kind: str
    began_at: datetime
    opening_seconds: int
    wall_seconds: int
    promised_seconds: int | None
    outcome: Literal["kept", "late", "overdue", "undecided", "dropped"]
    answered_by: str


@dataclass(frozen=True)
class WaitPage:
    """A page of waits, newest first; `next` is the place behind it, "" at the end."""

    rows: tuple[WaitView, ...]
    next: str


def all_waits_in(which: Waits) -> "QuerySet[Wait]":
    """The waits of these days, whatever became of them."""
    rows = Wait.objects.all()
    if which.by_answer:
        rows = rows.filter(answered_at__gte=which.begin, answered_at__lt=which.end)
    else:
        rows = rows.filter(started_at__gte=which.begin, started_at__lt=which.end)
    if which.kind:
        rows = rows.filter(kind=which.kind)
    if which.mailbox_id is not None:
        rows = rows.filter(channel=which.mailbox_id)
    return rows


def waits_in(which: Waits, *, at: datetime) -> "QuerySet[Wait]":
    """The waits that are meant, as they stand at the instant."""
    return all_waits_in(which).filter(outcome_of(which.outcome, at))


def unanswered_count(at: datetime, *, since: datetime) -> int:
    """How many waits that began since then had no answer at the instant, and were not closed either."""
    # Those that are open now, and those that ended meanwhile: few, where all that began since are many. When they
    # began is a matter of the sum: as a condition it would lead the database to those many.
    began = [since, at]
    rows = read_rows(_UNANSWERED, [*began, *began, at, *began, at])
    return sum(count for (count,) in rows)


def outcome_of(outcome: Outcome, at: datetime) -> Q:
    """The condition behind the word. An unanswered wait past its time is a broken promise, as in `measures`."""
    is_open = Q(answered_at=None, dropped_at=None)
    kept = Q(answered_at__isnull=False, is_kept=True)
    late = Q(answered_at__isnull=False, is_kept=False) | (is_open & Q(due_at__lt=at))
    return {
        "": Q(dropped_at=None),
        "answered": Q(answered_at__isnull=False),
        "kept": kept,
        "late": late,
        "decided": kept | late,
        "open": is_open,
        "undecided": is_open & Q(due_at__gte=at),
        "dropped": Q(dropped_at__isnull=False),
    }[outcome]


def wait_page(which: Waits, *, after: str, at: datetime) -> WaitPage:
    """The waits behind the place `after` ("" is the beginning), with whom they were and how long they took."""
    rows = waits_in(which, at=at).select_related("conversation__customer", "channel", "answered_by")
    place = Place.read(after)
    if place:
        earlier = Q(started_at__lt=place.at) | Q(started_at=place.at, id__lt=place.id)
        rows = rows.filter(earlier, started_at__lte=place.at)
    found = list(rows.order_by("-started_at", "-id")[: PAGE + 1])
    shown = found[:PAGE]
    last = shown[-1] if len(found) > PAGE else None
    return WaitPage(_views(shown, at), str(Place(last.started_at, last.pk)) if last else "")


def _views(rows: Sequence[Wait], at: datetime) -> tuple[WaitView, ...]:
    names = names_of(row.conversation.customer for row in rows)
    calendar = calendar_at(at)
    views = []
    for row in rows:
        opening, wall = row.opening_seconds, row.wall_seconds
        if opening is None or wall is None:
            so_far = promise.waited(calendar, row.started_at, row.dropped_at or at)
            opening, wall = so_far.opening_seconds, so_far.wall_seconds
        conversation = row.conversation
        views.append(
            WaitView(
                url=message_url(conversation.pk, row.message_id),
                name=names[conversation.customer_id],
                subject=conversation.subject or conversation.preview,
                mailbox=row.channel.name,
                kind=row.kind,
                began_at=row.started_at,
                opening_seconds=opening,
                wall_seconds=wall,
                promised_seconds=row.promised_seconds,
                outcome=_outcome(row, at),
                answered_by=row.answered_by.name if row.answered_by else "",
            )
        )
    return tuple(views)


def _outcome(row: Wait, at: datetime) -> Literal["kept", "late", "overdue", "undecided", "dropped"]:
    if row.answered_at is not None:
        return "kept" if row.is_kept else "late"
    if row.dropped_at is not None:
        return "dropped"
    return "overdue" if row.due_at < at else "undecided"
