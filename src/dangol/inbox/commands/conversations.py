"""What staff does with a conversation besides answering: note, assign, put off, close, reopen."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4, uuid5

from django.db import transaction

from dangol.customers.errors import Erased
from dangol.inbox.errors import NothingToSend, TimeIsPast
from dangol.inbox.events import (
    ConversationAssigned,
    ConversationClosed,
    ConversationPostponed,
    ConversationReopened,
    ConversationReturned,
    NoteAdded,
)
from dangol.inbox.models import Conversation, Draft, Message, Wait
from dangol.inbox.threading import lock_living
from dangol.inbox.waiting import drop_wait, open_wait, settle_state
from dangol.kernel.events import emit
from dangol.search import index
from dangol.staff.models import Staff
from dangol.staff.rights import demand

LONGEST: Final = timedelta(days=3652)


def add_note(
    *, actor: Staff, conversation: Conversation, text: str, at: datetime, key: UUID | None = None
) -> Message:
    """Leave a note that only staff sees; the person's draft of a note is used up by it.

    `key` is made with the page, as that of `send_reply`: the same words with the same key are the same note, so that
    a second click leaves none. Other words are another note.
    """
    demand(actor, "answer")
    text = text.replace("\x00", "")
    if not text.strip():
        raise NothingToSend
    with transaction.atomic():
        conversation = lock_living(conversation.pk)
        if left_before := note_with_key(actor, key, text):
            # The second click's copy of it.
            Draft.objects.filter(conversation=conversation, staff=actor, text=left_before.text).delete()
            return left_before
        if conversation.customer.erased_at is not None:
            raise Erased
        note = Message.objects.create(
            uid=_uid_of_note(key, text) if key else uuid4(),
            conversation=conversation,
            channel=conversation.channel,
            direction=Message.Direction.NOTE,
            happened_at=at,
            staff=actor,
            text=text,
        )
        Draft.objects.filter(conversation=conversation, staff=actor, is_note=True).delete()
        index.put("message", [(note.pk, note.text)])
        emit(
            NoteAdded(
                happened_at=at,
                actor_id=actor.pk,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                message_id=note.pk,
            )
        )
        return note


def note_with_key(actor: Staff, key: UUID | None, text: str) -> Message | None:
    """The note that the person left with this key in these words, if it was left."""
    return Message.objects.filter(uid=_uid_of_note(key, text), staff=actor).first() if key else None


def _uid_of_note(key: UUID, text: str) -> UUID:
    # The page has one key for whatever its words become: neither a reply with it nor other words are the note.
    return uuid5(key, f"note {text}")


def assign_conversation(
    *, actor: Staff, conversation: Conversation, assignee: Staff | None, at: datetime
) -> Conversation:
    """Make the conversation somebody's, or nobody's."""
    demand(actor, "answer")
    with transaction.atomic():
        conversation = lock_living(conversation.pk)
        if conversation.assignee_id != (assignee.pk if assignee else None):
            conversation.assignee = assignee
            conversation.save(update_fields=["assignee"])
            emit(
                ConversationAssigned(
                    happened_at=at,
                    actor_id=actor.pk,
                    customer_id=conversation.customer_id,
                    conversation_id=conversation.pk,
                    assignee_id=assignee.pk if assignee else None,
                )
            )
        return conversation


def postpone_conversation(
    *, actor: Staff, conversation: Conversation, until: datetime, at: datetime
) -> Conversation:
    """Put it off until a time (TimeIsPast when that is over), for ten years at most.

    The customer's clock goes on: it is the customer's.
    """
    demand(actor, "answer")
    if until <= at:
        raise TimeIsPast
    until = min(
        until, at + LONGEST
    )  # the end of all calendars is no time in every zone, and the list would fail
    with transaction.atomic():
        conversation = lock_living(conversation.pk)
        conversation.state = Conversation.State.LATER
        conversation.due_at = until
        conversation.save(update_fields=["state", "due_at"])
        emit(
            ConversationPostponed(
                happened_at=at,
                actor_id=actor.pk,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
            )
        )
        return conversation


def close_conversation(*, actor: Staff, conversation: Conversation, at: datetime) -> Conversation:
    """The matter is done. A customer who still waited is counted as not answered, unless the answer
    is on its way."""
    demand(actor, "answer")
    with transaction.atomic():
        conversation = lock_living(conversation.pk)
        if conversation.state == Conversation.State.DONE:
            return conversation
        drop_wait(conversation, at)
        conversation.state = Conversation.State.DONE
        conversation.due_at = at
        conversation.waiting_since = None
        conversation.save(update_fields=["state", "due_at", "waiting_since"])
        emit(
            ConversationClosed(
                happened_at=at,
                actor_id=actor.pk,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
            )
        )
        return conversation


def reopen_conversation(*, actor: Staff, conversation: Conversation, at: datetime) -> Conversation:
    """Undo closing or putting off: it is waiting or answered again, with the clock as if nothing had been."""
    demand(actor, "answer")
    with transaction.atomic():
        conversation = lock_living(conversation.pk)
        if conversation.state not in {Conversation.State.DONE, Conversation.State.LATER}:
            return conversation
        if open_wait(conversation) is None:
            dropped = Wait.objects.filter(conversation=conversation, dropped_at__isnull=False)
            newest = dropped.order_by("-dropped_at", "-id").first()
            if newest and not conversation.waits.filter(answered_at__gt=newest.started_at).exists():
                newest.dropped_at = None
                newest.save(update_fields=["dropped_at"])
        settle_state(conversation, at)
        if conversation.state == Conversation.State.DONE:
            conversation.state = Conversation.State.ANSWERED  # machine mail that somebody wants to look at
        conversation.save()
        emit(
            ConversationReopened(
                happened_at=at,
                actor_id=actor.pk,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
            )
        )
        return conversation


def return_due_conversations(*, at: datetime, limit: int = 100) -> int:
    """Bring back what was put off until now; returns how many."""
    due = Conversation.objects.filter(state=Conversation.State.LATER, due_at__lte=at, merged_into=None)
    ids = list(due.order_by("due_at").values_list("pk", flat=True)[:limit])
    for pk in ids:
        with transaction.atomic():
            conversation = Conversation.objects.select_for_update().get(pk=pk)
            if conversation.state != Conversation.State.LATER or conversation.due_at > at:
                continue
            wait = open_wait(conversation)
            conversation.state = Conversation.State.WAITING
            conversation.waiting_since = wait.started_at if wait else conversation.due_at
            conversation.due_at = wait.due_at if wait else conversation.due_at
            conversation.save(update_fields=["state", "due_at", "waiting_since"])
            emit(
                ConversationReturned(
                    happened_at=at,
                    customer_id=conversation.customer_id,
                    conversation_id=conversation.pk,
                )
            )
    return len(ids)
