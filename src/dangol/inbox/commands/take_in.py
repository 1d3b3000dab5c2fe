"""A message that arrived becomes part of a conversation."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from dangol.channels.commands import record_bounce
from dangol.channels.incoming import IncomingMessage, Party
from dangol.channels.models import Channel, Delivery, Raw
from dangol.customers.commands import recognise_customer
from dangol.customers.models import Identity
from dangol.inbox.events import ConversationsJoined, MessageArrived
from dangol.inbox.models import Attachment, Conversation, Draft, Message, Reference, Wait
from dangol.inbox.preview import preview_of
from dangol.inbox.threading import Place, find_place, living, named_ids, reference_rows
from dangol.inbox.waiting import begin_wait, settle_state
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.search import index

NOBODY = "unknown@unknown.invalid"  # mail without any readable sender belongs to this one customer
LONGEST_TEXT = 500_000  # characters of text that are kept to read and to search; the raw mail keeps all


@dataclass(frozen=True)
class TakenIn:
    """What became of an arrival. `message` is None when it had arrived before."""

    message: Message | None
    conversation: Conversation | None
    opens: bool = False


def take_in(*, raw: Raw, incoming: IncomingMessage, at: datetime) -> TakenIn:
    """File the message: once, with its customer, in its conversation, and start the customer's clock.

    Silent ones (imports) start no clock and change no state. Machine mail is filed and marked, waits for
    nobody. In one transaction; the raw message is marked as taken in the same one.
    """
    with transaction.atomic():
        lock_for_transaction(f"inbox:{raw.channel_id}")
        if incoming.message_id and Delivery.objects.filter(message_id=incoming.message_id).exists():
            return _finish(raw, TakenIn(None, None))  # our own mail came back to us
        place = _place_of(incoming, raw.channel, at)
        channel = place.found.channel if place.found else raw.channel
        key = dedupe_key(incoming, raw)
        if Message.objects.filter(channel=channel, dedupe_key=key).exists():
            return _finish(raw, TakenIn(None, place.found))
        happened_at = _happened_at(incoming, raw)
        message = message_from(incoming, raw, channel, key, happened_at)
        identity = _other_side(incoming, message, at)
        conversation = place.found or _open_conversation(incoming, message, identity, at)
        for other in place.same_matter:
            conversation = join_conversations(kept=conversation, joined=other, at=at, silent=raw.is_silent)
        _save(message, conversation, incoming)
        _advance(conversation, message, raw.is_silent)
        emit(
            MessageArrived(
                happened_at=happened_at,
                customer_id=conversation.customer_id,
                silent=raw.is_silent,
                conversation_id=conversation.pk,
                message_id=message.pk,
                channel_id=channel.pk,
                opens=place.found is None,
                automatic=bool(message.automatic),
            )
        )
        return _finish(raw, TakenIn(message, conversation, opens=place.found is None))


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
        if not Draft.objects.filter(conversation=kept, staff_id=draft.staff_id).exists():
            Draft.objects.filter(pk=draft.pk).update(conversation=kept)
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


def _join_waits(kept: Conversation, joined: Conversation) -> None:
    # One matter has one open wait: the one that began first stays.
    unanswered = {"answered_at": None, "dropped_at": None}
    waits = sorted(
        Wait.objects.filter(conversation__in=[kept, joined], **unanswered), key=lambda wait: wait.started_at
    )
    for later in waits[1:]:
        later.delete()
    Wait.objects.filter(conversation=joined).update(conversation=kept)


def _place_of(incoming: IncomingMessage, channel: Channel, at: datetime) -> Place:
    if incoming.bounce is not None:
        delivery = record_bounce(bounce=incoming.bounce, at=at)
        message = Message.objects.filter(delivery=delivery).first() if delivery else None
        if message is not None:
            return Place(living(message.conversation), ())
    return find_place(incoming, channel)


def dedupe_key(incoming: IncomingMessage, raw: Raw) -> str:
    """What is equal for the same mail by two ways, as SHA-256 (hex)."""
    # The same mail by two ways differs in Received lines and list footers, not in these. Programs that give
    # one Message-ID to many mails do not give them one date and subject as well.
    if not incoming.message_id:
        return raw.key
    named = (incoming.message_id, incoming.sender.address, incoming.date, incoming.subject)
    return hashlib.sha256(repr(named).encode("utf-8", "surrogateescape")).hexdigest()


def _happened_at(incoming: IncomingMessage, raw: Raw) -> datetime:
    # Live mail counts from when the server had it; a Date header is whatever the sender's clock said.
    if raw.is_silent and incoming.date is not None:
        return min(incoming.date, raw.stored_at)
    return raw.received_at


def message_from(
    incoming: IncomingMessage, raw: Raw, channel: Channel, key: str, happened_at: datetime
) -> Message:
    """An unsaved row, without its conversation and its customer, for what arrived."""
    return Message(
        channel=channel,
        direction=Message.Direction.OUT if _is_sent_copy(incoming, raw) else Message.Direction.IN,
        happened_at=happened_at,
        from_name=_one_line(incoming.sender.name, 200),
        from_address=_one_line(incoming.sender.address, 320),
        to=_parties(incoming.to),
        cc=_parties(incoming.cc),
        reply_to=_parties(incoming.reply_to),
        subject=_one_line(incoming.subject, 300),
        text=_storable(incoming.text),
        text_new=_storable(incoming.text_new),
        html=_storable(incoming.html, 4 * LONGEST_TEXT),
        message_id=(incoming.message_id or "")[:998],
        references=list(incoming.references)[-100:],
        automatic=incoming.automatic or "",
        no_answer=(incoming.no_answer or "")[:40],
        dedupe_key=key,
        raw=raw,
    )


def _is_sent_copy(incoming: IncomingMessage, raw: Raw) -> bool:
    # Only in an import, which the owner chose: on the way in, anybody can write our address as sender.
    own = raw.channel.mailbox.addresses
    return raw.is_silent and (incoming.sender.address or "").lower() in own


def _other_side(incoming: IncomingMessage, message: Message, at: datetime) -> Identity:
    party = incoming.sender
    if message.direction == Message.Direction.OUT:
        party = next((to for to in incoming.to if to.address), Party(None, None))
    identity = recognise_customer(
        kind="email", address=party.address or NOBODY, name=party.name if party.address else None, at=at
    )
    if message.direction == Message.Direction.IN:
        message.identity = identity
    return identity


def _open_conversation(
    incoming: IncomingMessage, message: Message, identity: Identity, at: datetime
) -> Conversation:
    conversation = Conversation.objects.create(
        channel=message.channel,
        customer=identity.customer,
        subject=message.subject,
        state=Conversation.State.DONE,
        due_at=message.happened_at,
        is_machine=bool(message.automatic),
        last_message_at=message.happened_at,
        created_at=at,
    )
    return conversation


def _save(message: Message, conversation: Conversation, incoming: IncomingMessage) -> None:
    message.conversation = conversation
    message.save(force_insert=True)
    Reference.objects.bulk_create(reference_rows(message, named_ids(incoming)))
    files = [Attachment.of(file) for file in incoming.attachments]
    for file in files:
        file.message = message
    Attachment.objects.bulk_create(files)
    conversation.file_count += sum(not file.is_inline for file in files)
    if conversation.message_count == 0:
        index.put("conversation", [(conversation.pk, conversation.subject)])
    index.put("message", [(message.pk, f"{message.subject} {message.text_new}")])


def _advance(conversation: Conversation, message: Message, silent: bool) -> None:
    conversation.message_count += 1
    if message.happened_at >= conversation.last_message_at or conversation.message_count == 1:
        conversation.last_message_at = message.happened_at
        conversation.preview = preview_of(message.text_new or message.text)
    elif not message.automatic:
        # An earlier message came late: it says what the matter is called.
        first = conversation.messages.order_by("happened_at", "id").first()
        if first and first.pk == message.pk and message.subject:
            conversation.subject = message.subject
            index.put("conversation", [(conversation.pk, conversation.subject)])
    if not message.automatic:
        conversation.is_machine = False
        conversation.last_message_id = max(conversation.last_message_id, message.pk)
        if not silent and message.direction == Message.Direction.IN:
            wait = begin_wait(conversation, message)
            conversation.state = Conversation.State.WAITING
            conversation.due_at = wait.due_at
            conversation.waiting_since = wait.started_at
    conversation.save()


def _finish(raw: Raw, taken: TakenIn) -> TakenIn:
    state = Raw.State.TAKEN if taken.message else Raw.State.DOUBLE
    Raw.objects.filter(pk=raw.pk).update(state=state, reason="", claimed_until=None)
    return taken


def _parties(parties: tuple[Party, ...]) -> list[dict[str, Any]]:
    return [
        {"name": _one_line(party.name, 200), "address": _one_line(party.address, 320)}
        for party in parties[:200]
    ]


def _one_line(text: str | None, most: int) -> str:
    return " ".join(_storable(text).split())[:most]


def _storable(text: str | None, most: int = LONGEST_TEXT) -> str:
    # PostgreSQL stores neither a null character nor half of a surrogate pair.
    return (text or "")[:most].replace("\x00", "").encode("utf-8", "replace").decode()
