"""What of the inbox is one person's to do: the reads behind Today. Each is one query, or a fixed few."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from dangol.channels.models import Delivery
from dangol.channels.stuck import REMEMBERED, troubled_delivery_ids
from dangol.customers.queries import names_of
from dangol.inbox.models import Conversation, Draft, Message
from dangol.staff.models import Staff

MOST: Final = 5
FRESH_DRAFT: Final = timedelta(minutes=10)  # who paused for so long is doing something else
STATE = Conversation.State


@dataclass(frozen=True)
class Talk:
    """A conversation in a line: with whom, about what, and since when it waits until when."""

    id: int
    url: str
    name: str
    subject: str
    since: datetime
    due_at: datetime


@dataclass(frozen=True)
class LeftDraft:
    """Words that one began and did not send."""

    talk: Talk
    text: str
    saved_at: datetime


@dataclass(frozen=True)
class FailedReply:
    """An answer of one's own that did not arrive, while the customer still waits."""

    talk: Talk
    delivery_id: int
    is_bounce: bool
    at: datetime


@dataclass(frozen=True)
class MyDuties:
    """What is this person's, each list at most `MOST` long; `due_count` says how many are due in all."""

    due: tuple[Talk, ...]
    due_count: int
    drafts: tuple[LeftDraft, ...]
    failed: tuple[FailedReply, ...]
    unassigned: Talk | None


def waiting_people() -> tuple[int, Talk | None]:
    """How many wait for an answer, and who the longest."""
    waiting = _waiting()
    first = waiting.select_related("customer").order_by("waiting_since", "id").first()
    if first is None:
        return 0, None
    return waiting.count(), _talk(first, names_of([first.customer]))


def duties_of(person: Staff, *, until: datetime, at: datetime) -> MyDuties:
    """What is the person's to do; of the assigned conversations those that are due before `until`."""
    due = _waiting().filter(assignee=person, due_at__lt=until).select_related("customer")
    drafts = (
        Draft.objects.filter(staff=person, saved_at__lt=at - FRESH_DRAFT, conversation__merged_into=None)
        .exclude(text="")
        .select_related("conversation__customer")
    )
    unassigned = (
        _waiting().filter(assignee=None).select_related("customer").order_by("waiting_since", "id").first()
    )
    due_rows, draft_rows = list(due.order_by("due_at", "id")[:MOST]), list(drafts.order_by("saved_at")[:MOST])
    failed_rows = _failed_replies(person, at)
    talks = [
        *due_rows,
        *(draft.conversation for draft in draft_rows),
        *(message.conversation for message in failed_rows),
        *([unassigned] if unassigned else ()),
    ]
    names = names_of(talk.customer for talk in talks)
    return MyDuties(
        due=tuple(_talk(row, names) for row in due_rows),
        due_count=due.count(),
        drafts=tuple(LeftDraft(_talk(row.conversation, names), row.text, row.saved_at) for row in draft_rows),
        failed=tuple(_failed(row, names) for row in failed_rows),
        unassigned=_talk(unassigned, names) if unassigned else None,
    )


@dataclass(frozen=True)
class SentBy:
    """Which conversation a delivery belongs to; `is_settled` when the customer has another answer, or waits no more."""

    talk: Talk
    staff: str
    is_settled: bool


def replies_of(delivery_ids: Iterable[int]) -> dict[int, SentBy]:
    """The conversation of each delivery that is a message in one."""
    rows = list(
        Message.objects.filter(delivery__in=list(delivery_ids))
        .annotate(is_overtaken=_later_answer())
        .select_related("conversation__customer", "staff")
        .defer("html", "text", "text_new")
    )
    names = names_of(row.conversation.customer for row in rows)
    return {
        row.delivery_id: SentBy(
            _talk(row.conversation, names),
            row.staff.name if row.staff else "",
            row.is_overtaken or row.conversation.state not in {STATE.WAITING, STATE.LATER},
        )
        for row in rows
        if row.delivery_id
    }


def _waiting() -> "QuerySet[Conversation]":
    return Conversation.objects.filter(merged_into=None, state=STATE.WAITING)


def _failed_replies(person: Staff, at: datetime) -> list[Message]:
    rows = Message.objects.filter(
        ~_later_answer(),
        delivery__in=troubled_delivery_ids(at=at),
        staff=person,
        happened_at__gt=at - REMEMBERED,
        undone_at=None,
        conversation__state__in=[STATE.WAITING, STATE.LATER],
    )
    rows = rows.select_related("conversation__customer", "delivery").defer("html", "text", "delivery__body")
    return list(rows.order_by("-id")[:MOST])


def _later_answer() -> Exists:
    later = Message.objects.filter(
        conversation=OuterRef("conversation"),
        id__gt=OuterRef("id"),
        direction=Message.Direction.OUT,
        staff__isnull=False,
        undone_at=None,
        delivery__sent_at__isnull=False,
    )
    return Exists(later)


def _failed(row: Message, names: dict[int, str]) -> FailedReply:
    assert row.delivery is not None
    return FailedReply(
        talk=_talk(row.conversation, names),
        delivery_id=row.delivery.pk,
        is_bounce=row.delivery.state == Delivery.State.SENT,
        at=row.happened_at,
    )


def _talk(row: Conversation, names: dict[int, str]) -> Talk:
    return Talk(
        id=row.pk,
        url=reverse("conversation", args=[row.pk]),
        name=names[row.customer_id],
        subject=row.subject or row.preview,
        since=row.waiting_since or row.last_message_at,
        due_at=row.due_at,
    )
