"""What of the inbox waits, and what of it is one person's to do: the reads behind Today."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from dangol.channels.models import Delivery
from dangol.channels.stuck import MOST_DELIVERIES, REMEMBERED, TROUBLED
from dangol.customers.queries import names_of
from dangol.inbox.listing import shown_names
from dangol.inbox.models import Conversation, Message
from dangol.kernel.addresses import address
from dangol.kernel.db import as_instant, read_rows
from dangol.staff.models import Staff

MOST: Final = 5
FRESH_DRAFT: Final = timedelta(minutes=10)  # who paused for so long is doing something else
STATE = Conversation.State

_OVERTAKEN: Final = """EXISTS (
    SELECT 1 FROM inbox_message AS later JOIN channels_delivery AS sent ON sent.id = later.delivery_id
    WHERE later.conversation_id = inbox_message.conversation_id AND later.id > inbox_message.id
        AND later.direction = 'out' AND later.staff_id IS NOT NULL AND later.undone_at IS NULL
        AND sent.sent_at IS NOT NULL
)"""
# Each part by its own index: as one statement, because Django would take a millisecond to put each of them together.
# SQLite goes a cross join in the order in which it is written; it would else walk all that the person ever wrote.
_DUTIES: Final = f"""
SELECT duty.part, duty.at, duty.number, duty.words, talk.id, talk.customer_id, customer.name, talk.subject,
    talk.preview, talk.waiting_since, talk.last_message_at, talk.due_at
FROM (
    SELECT * FROM (
        SELECT 'longest' AS part, id AS conversation_id, waiting_since AS at, (
                SELECT COUNT(*) FROM inbox_conversation WHERE merged_into_id IS NULL AND state = 'waiting'
            ) AS number, '' AS words
        FROM inbox_conversation WHERE merged_into_id IS NULL AND state = 'waiting'
        ORDER BY waiting_since, id LIMIT 1
    ) AS longest
    UNION ALL SELECT * FROM (
        SELECT 'unassigned', id, waiting_since, 0, ''
        FROM inbox_conversation WHERE merged_into_id IS NULL AND state = 'waiting' AND assignee_id IS NULL
        ORDER BY waiting_since, id LIMIT 1
    ) AS unassigned
    UNION ALL SELECT * FROM (
        SELECT 'due', id, due_at, (
                SELECT COUNT(*) FROM inbox_conversation
                WHERE merged_into_id IS NULL AND state = 'waiting' AND assignee_id = %s AND due_at < %s
            ), ''
        FROM inbox_conversation
        WHERE merged_into_id IS NULL AND state = 'waiting' AND assignee_id = %s AND due_at < %s
        ORDER BY due_at, id LIMIT %s
    ) AS due
    UNION ALL SELECT * FROM (
        SELECT 'draft', draft.conversation_id, draft.saved_at, 0, draft.text
        FROM inbox_draft AS draft JOIN inbox_conversation AS about ON about.id = draft.conversation_id
        WHERE draft.staff_id = %s AND draft.saved_at < %s AND draft.text <> '' AND about.merged_into_id IS NULL
        ORDER BY draft.saved_at LIMIT %s
    ) AS begun
    UNION ALL SELECT * FROM (
        SELECT 'failed', inbox_message.conversation_id, inbox_message.happened_at, delivery.id, delivery.state
        FROM (SELECT DISTINCT delivery_id FROM ({TROUBLED}) AS lately) AS wrong
        CROSS JOIN inbox_message
        JOIN channels_delivery AS delivery ON delivery.id = inbox_message.delivery_id
        JOIN inbox_conversation AS about ON about.id = inbox_message.conversation_id
        WHERE inbox_message.delivery_id = wrong.delivery_id
            AND inbox_message.staff_id = %s AND inbox_message.happened_at > %s
            AND inbox_message.undone_at IS NULL AND about.state IN ('waiting', 'later') AND NOT {_OVERTAKEN}
        ORDER BY inbox_message.id DESC LIMIT %s
    ) AS failed
) AS duty
JOIN inbox_conversation AS talk ON talk.id = duty.conversation_id
JOIN customers_customer AS customer ON customer.id = talk.customer_id
"""  # noqa: S608  (constants)


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


@dataclass(frozen=True)
class FailedReply:
    """An answer of one's own that did not arrive, while the customer still waits."""

    talk: Talk
    delivery_id: int
    is_bounce: bool


@dataclass(frozen=True)
class Duties:
    """What waits, and what of it is one person's: each list at most `MOST` long.

    `waiting_count` and `due_count` say how many there are in all; `longest` is who waits the longest, and
    `unassigned` who does so without anybody's having taken the conversation.
    """

    waiting_count: int
    longest: Talk | None
    due: tuple[Talk, ...]
    due_count: int
    drafts: tuple[LeftDraft, ...]
    failed: tuple[FailedReply, ...]
    unassigned: Talk | None


@dataclass(frozen=True)
class _Row:
    part: str
    at: datetime
    number: int
    words: str
    talk: Talk


def duties_of(person: Staff, *, until: datetime, at: datetime) -> Duties:
    """What is the person's to do; of the assigned conversations those that are due before `until`. One query, and one
    for the people among them who have no name."""
    me = person.pk
    rows = read_rows(
        _DUTIES,
        [
            *(me, until, me, until, MOST),
            *(me, at - FRESH_DRAFT, MOST),
            *(at - REMEMBERED, MOST_DELIVERIES, me, at - REMEMBERED, MOST),
        ],
        is_usual=True,
    )
    names = shown_names({row[5]: row[6] for row in rows})
    found = [
        _Row(part, as_instant(when), number, words, _talk_of(talk, names))
        for part, when, number, words, *talk in rows
    ]
    longest, unassigned = _part(found, "longest"), _part(found, "unassigned")
    due = sorted(_part(found, "due"), key=lambda row: (row.talk.due_at, row.talk.id))
    drafts = sorted(_part(found, "draft"), key=lambda row: row.at)
    failed = sorted(_part(found, "failed"), key=lambda row: -row.number)
    return Duties(
        waiting_count=longest[0].number if longest else 0,
        longest=longest[0].talk if longest else None,
        due=tuple(row.talk for row in due),
        due_count=due[0].number if due else 0,
        drafts=tuple(LeftDraft(row.talk, row.words) for row in drafts),
        failed=tuple(
            FailedReply(row.talk, row.number, is_bounce=row.words == Delivery.State.SENT) for row in failed
        ),
        unassigned=unassigned[0].talk if unassigned else None,
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
        .annotate(is_overtaken=RawSQL(_OVERTAKEN, [], output_field=BooleanField()))  # noqa: S611  (constants)
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


def _part(rows: Iterable[_Row], part: str) -> list[_Row]:
    return [row for row in rows if row.part == part]


def _talk_of(columns: Sequence[Any], names: dict[int, str]) -> Talk:
    pk, customer_id, _name, subject, preview, waiting_since, last_message_at, due_at = columns
    return Talk(
        id=pk,
        url=address("conversation", pk),
        name=names[customer_id],
        subject=subject or preview,
        since=as_instant(waiting_since or last_message_at),
        due_at=as_instant(due_at),
    )


def _talk(row: Conversation, names: dict[int, str]) -> Talk:
    return Talk(
        id=row.pk,
        url=address("conversation", row.pk),
        name=names[row.customer_id],
        subject=row.subject or row.preview,
        since=row.waiting_since or row.last_message_at,
        due_at=row.due_at,
    )
