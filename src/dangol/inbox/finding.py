"""Conversations in which a text occurs, newest message first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Case, Count, F, When
from django.db.models.functions import Left

from dangol.customers.queries import names_of
from dangol.inbox.models import Conversation, Message
from dangol.inbox.windows import message_url
from dangol.search import index
from dangol.search.snippets import LOOKED_AT, Piece, marked, snippet

PAGE: Final = 20  # conversations
LOOKED_THROUGH: Final = 80  # messages for a page of them


@dataclass(frozen=True)
class Hit:
    """A conversation with its newest message that matches; `more` is how many others of it do, as far as looked."""

    url: str
    name: str
    subject: tuple[Piece, ...]
    words: tuple[Piece, ...]
    says: str  # who wrote it, "" for the customer
    is_note: bool
    at: datetime
    state: str
    more: int


@dataclass(frozen=True)
class HitPage:
    """A page of hits; `next` is the message behind which the next one begins, None at the end.

    Not `is_whole` where the search took too long and was stopped: there may be more.
    """

    hits: tuple[Hit, ...]
    next: int | None
    is_whole: bool = True


def find_conversations(query: str, *, before: int | None = None) -> HitPage:
    """The conversations whose messages match, by subject or text; a fixed number of queries."""
    answer = index.find_in_time("message", query, limit=LOOKED_THROUGH + 1, before=before)
    ids = answer.ids
    if not ids:
        return HitPage((), None, answer.is_whole)
    body = Left(Case(When(text_new="", then=F("text")), default=F("text_new")), LOOKED_AT)
    found = (
        Message.objects.filter(pk__in=ids[:LOOKED_THROUGH])
        .select_related("conversation__customer", "staff")
        .annotate(body=body)
        .defer("text", "text_new", "html")
    )
    rows = {row.pk: row for row in found}
    newest: dict[int, Message] = {}
    others: dict[int, int] = {}
    next_before = ids[LOOKED_THROUGH - 1] if len(ids) > LOOKED_THROUGH else None
    last = 0
    for pk in ids[:LOOKED_THROUGH]:
        row = rows.get(pk)
        if row is None:
            continue
        if row.conversation_id in newest:
            others[row.conversation_id] += 1
        elif len(newest) == PAGE:
            next_before = last
            break
        else:
            newest[row.conversation_id], others[row.conversation_id] = row, 0
        last = pk
    names = names_of(row.conversation.customer for row in newest.values())
    return HitPage(
        tuple(_hit(row, names, query, others[row.conversation_id]) for row in newest.values()),
        next_before,
        answer.is_whole,
    )


def _hit(row: Message, names: dict[int, str], query: str, more: int) -> Hit:
    conversation = row.conversation
    return Hit(
        url=message_url(conversation.pk, row.pk),
        name=names[conversation.customer_id],
        subject=tuple(marked(conversation.subject, query)),
        words=tuple(snippet(row.body, query)),  # type: ignore[attr-defined]
        says="" if row.direction == Message.Direction.IN else row.staff.name if row.staff else row.from_name,
        is_note=row.direction == Message.Direction.NOTE,
        at=row.happened_at,
        state=str(Conversation.State(conversation.state).label),
        more=more,
    )


def conversation_counts(people: Mapping[int, int]) -> dict[int, int]:
    """How many conversations each of the people has, whose rows these are: {row: living row}."""
    rows = Conversation.objects.filter(customer__in=people, merged_into=None)
    counts: dict[int, int] = {}
    for row, count in rows.order_by().values_list("customer_id").annotate(Count("id")):
        counts[people[row]] = counts.get(people[row], 0) + count
    return counts
