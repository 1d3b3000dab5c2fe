"""Two conversations turn out to be one matter."""

from datetime import datetime

from dangol.inbox.commands.drafts import joined_text
from dangol.inbox.events import ConversationsJoined
from dangol.inbox.models import Attachment, Conversation, Draft, Message, Wait
from dangol.inbox.threading import living
from dangol.inbox.waiting import settle_state
from dangol.kernel.events import emit
from dangol.search import index


def join_conversations(
    *, kept: Conversation, joined: Conversation, at: datetime, silent: bool = False
) -> Conversation:
    """Make two conversations one and return it: the older stays, the other points to it for ever."""
    kept, joined = living(kept), living(joined)
    if kept.pk == joined.pk:
        return kept
    if joined.pk < kept.pk:
        kept, joined = joined, kept
    Message.objects.filter(conversation=joined).update(conversation=kept)
    for draft in Draft.objects.filter(conversation=joined):
        _join_draft(draft, kept)
    _join_waits(kept, joined)
    joined.merged_into = kept
    joined.state = Conversation.State.DONE
    joined.save(update_fields=["merged_into", "state"])
    index.remove("conversation", [joined.pk])
    first = Message.objects.filter(conversation=kept).order_by("happened_at", "id").first()
    assert first is not None
    kept.subject = first.subject or kept.subject
    kept.is_machine = kept.is_machine and joined.is_machine
    kept.message_count += joined.message_count
    kept.file_count += joined.file_count
    kept.assignee = kept.assignee or joined.assignee
    if joined.last_message_at > kept.last_message_at:
        kept.last_message_at, kept.preview = joined.last_message_at, joined.preview
    if Conversation.State.WAITING in {kept.state, joined.state} or kept.waits.filter(
        answered_at=None, dropped_at=None
    ):
        settle_state(kept, at)
    kept.save()
    emit(
        ConversationsJoined(
            happened_at=at,
            customer_id=kept.customer_id,
            conversation_id=kept.pk,
            joined_id=joined.pk,
            silent=silent,
        )
    )
    return kept


def _join_draft(draft: Draft, kept: Conversation) -> None:
    """What somebody was writing in the one stands below what the same person was writing in the other."""
    there = Draft.objects.filter(conversation=kept, staff_id=draft.staff_id).first()
    parts = draft.parts or {str(draft.conversation_id): draft.text}
    if there is None:
        there = draft
        there.conversation = kept
    else:
        parts = {**(there.parts or {str(kept.pk): there.text}), **parts}
        there.text = joined_text((there.text, draft.text))
        # A note never becomes a part of a reply: what is for the team alone stays that.
        there.is_note = there.is_note or draft.is_note
        there.version = max(there.version, draft.version)
        Attachment.objects.filter(draft=draft).update(draft=there)
        draft.delete()
    there.parts = parts
    # More than any page of either knows: what such a page saves is one part, and not all of it.
    there.version += 1
    there.joined_version = there.version
    there.save(update_fields=["conversation", "text", "is_note", "version", "parts", "joined_version"])


def _join_waits(kept: Conversation, joined: Conversation) -> None:
    # One matter has one open wait: the one that began first stays.
    unanswered = {"answered_at": None, "dropped_at": None}
    waits = sorted(
        Wait.objects.filter(conversation__in=[kept, joined], **unanswered), key=lambda wait: wait.started_at
    )
    for later in waits[1:]:
        later.delete()
    Wait.objects.filter(conversation=joined).update(conversation=kept)
