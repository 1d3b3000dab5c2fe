"""What is said in conversations, and how they stand."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from dangol.inbox.commands import conversations, drafts, replies
from dangol.inbox.models import Conversation, Message
from dangol.kernel import clock
from dangol.kernel.models import Event
from tests.journeys.backroom.who import person_named, talk_about


def conversation(subject: str) -> dict[str, Any] | None:
    """How a conversation stands."""
    row = Conversation.objects.filter(subject=subject, merged_into=None).order_by("-id").first()
    if row is None:
        return None
    return {
        "id": row.pk,
        "state": row.state,
        "due_at": row.due_at.isoformat(),
        "assignee": row.assignee.name if row.assignee else None,
        "customer": row.customer_id,
        "messages": [
            {
                "id": each.pk,
                "at": each.happened_at.isoformat(),
                "direction": each.direction,
                "text": each.text,
                "is_undone": bool(each.undone_at),
            }
            for each in row.messages.order_by("happened_at", "id")
        ],
        "drafts": {each.staff.name: each.text for each in row.drafts.select_related("staff")},
    }


def moments_of(names: list[str], after: int) -> list[dict[str, Any]]:
    """When each event of these names was written, in milliseconds since 1970."""
    rows = Event.objects.filter(name__in=names, pk__gt=after).order_by("id")
    return [
        {"id": row.pk, "at": row.recorded_at.timestamp() * 1000, **row.data}
        for row in rows
        if row.recorded_at is not None
    ]


def answer(name: str, subject: str, text: str) -> None:
    """A colleague answers from a page of their own."""
    person, talk, at = person_named(name), talk_about(subject), clock.now()
    draft = drafts.save_draft(actor=person, conversation=talk, text=text, at=at)
    replies.send_reply(actor=person, draft=draft, key=uuid4(), at=at)


def write(name: str, subject: str, text: str) -> None:
    """A colleague types."""
    drafts.save_draft(actor=person_named(name), conversation=talk_about(subject), text=text, at=clock.now())


def leave_note(name: str, subject: str, text: str) -> None:
    """A colleague leaves a note."""
    conversations.add_note(
        actor=person_named(name), conversation=talk_about(subject), text=text, at=clock.now()
    )


def leave_notes(name: str, subject: str, number: int) -> None:
    """So many notes of the person in the conversation, "note 1" first."""
    person, talk = person_named(name), talk_about(subject)
    for n in range(1, number + 1):
        conversations.add_note(actor=person, conversation=talk, text=f"note {n}", at=clock.now())


def assign(name: str, subject: str, to: str) -> None:
    """A colleague gives the conversation to somebody."""
    conversations.assign_conversation(
        actor=person_named(name), conversation=talk_about(subject), assignee=person_named(to), at=clock.now()
    )


def close(name: str, subject: str) -> None:
    """A colleague calls it done."""
    conversations.close_conversation(
        actor=person_named(name), conversation=talk_about(subject), at=clock.now()
    )


def put_html(subject: str, html: str) -> None:
    """Keep HTML with a message as if nobody had looked at it."""
    Message.objects.filter(conversation=talk_about(subject)).update(html=html)
