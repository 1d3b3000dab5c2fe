"""Answers to customers: from the draft to the outbox, back again within seconds, and what came of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localtime

from dangol.business.models import Business
from dangol.business.queries import current_business
from dangol.channels.commands import AlreadyOnItsWay, queue_delivery, take_back_delivery
from dangol.channels.email import tokens
from dangol.channels.email.compose import (
    Outgoing,
    OutgoingFile,
    Quoted,
    compose,
    references_for,
    reply_subject,
)
from dangol.channels.incoming import Party
from dangol.channels.models import Delivery
from dangol.inbox.errors import (
    CannotSend,
    NobodyToWriteTo,
    NothingToSend,
    NotYourReply,
    OtherReplySent,
    StaleReply,
)
from dangol.inbox.events import ReplyFailed, ReplyQueued, ReplySent, ReplyUndone
from dangol.inbox.models import Attachment, Conversation, Draft, Message, Reference
from dangol.inbox.preview import preview_of
from dangol.inbox.threading import answering_index, digest_of, hints_of, lock_living, mail_key, reference_rows
from dangol.inbox.waiting import (
    answers_customer,
    begin_wait,
    drop_wait,
    end_wait,
    open_wait,
    resume_wait,
    settle_state,
)
from dangol.kernel.events import emit
from dangol.search import index
from dangol.staff.models import Staff
from dangol.staff.rights import demand, may

UNDO_SECONDS: Final = 10
MOST_COUNTED_MINUTES: Final = 60.0  # a draft left open over lunch was not an hour's work


def send_reply(*, actor: Staff, draft: Draft, key: UUID, at: datetime) -> Message:
    """Send the draft to its recipients: it leaves after ten seconds, until which `undo_reply` takes it back.

    `key` is made with the page: the same words with the same key are the same reply, so that a second click sends
    nothing. Refused when other words were sent with the key (OtherReplySent), when a message came or went since the
    draft's base (StaleReply), when there is no text, no recipient, or no outgoing server. The draft stays then.
    """
    demand(actor, "answer")
    with transaction.atomic():
        conversation = lock_living(draft.conversation_id)
        sent_before = reply_with_key(actor, key)
        if sent_before:
            if sent_before.text != draft.text:
                raise OtherReplySent
            Draft.objects.filter(pk=draft.pk, text=sent_before.text).delete()  # the second click's copy of it
            return sent_before
        if conversation.pk != draft.conversation_id:
            raise StaleReply
        _check(draft, conversation)
        mailbox = conversation.channel.mailbox
        parent = _parent(conversation)
        message = reply_from(draft, actor=actor, conversation=conversation, parent=parent, key=key, at=at)
        message.thread_index = answering_index(message, parent)
        files = list(draft.attachments.all())
        content = compose(mail_of(message, parent=parent, business=current_business(), files=files))
        message.delivery = queue_delivery(
            channel=conversation.channel,
            kind=Delivery.Kind.REPLY,
            content=content,
            message_id=message.message_id,
            envelope_from=mailbox.address,
            recipients=[
                (role, party["address"])
                for role, parties in (("to", message.to), ("cc", message.cc), ("bcc", message.bcc))
                for party in parties
            ],
            at=at,
            due_at=at + timedelta(seconds=UNDO_SECONDS),
        )
        message.save(force_insert=True)
        Reference.objects.bulk_create(reference_rows(message, (), hints_of(message)))
        Attachment.objects.filter(draft=draft).update(message=message, draft=None)
        draft.delete()
        _advance(conversation, message, len(files))
        index.put("message", [(message.pk, f"{message.subject} {message.text}")])
        emit(
            ReplyQueued(
                happened_at=at,
                actor_id=actor.pk,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                message_id=message.pk,
            )
        )
        return message


def reply_with_key(actor: Staff, key: UUID) -> Message | None:
    """The reply that the person sent with this key, if it was sent."""
    return Message.objects.filter(uid=key, staff=actor).first()


def undo_reply(*, actor: Staff, message: Message, at: datetime) -> Draft | None:
    """Take the reply back before it left, and return it as a draft of the actor's.

    Refused for who neither sent it nor may undo for others (NotYourReply), and when too late (AlreadyOnItsWay).
    Taken back before, it is the draft of now, if there still is one.
    """
    demand(actor, "answer")
    if message.staff_id != actor.pk and not may(actor, "undo_for_others"):
        raise NotYourReply
    with transaction.atomic():
        conversation = lock_living(message.conversation_id)
        if message.undone_at is not None:
            return Draft.objects.filter(conversation=conversation, staff=actor).first()
        if message.delivery is None:
            raise AlreadyOnItsWay
        take_back_delivery(delivery=message.delivery)
        message.undone_at = at
        message.save(update_fields=["undone_at"])
        draft = Draft.objects.filter(conversation=conversation, staff=actor).first() or Draft(
            conversation=conversation, staff=actor, opened_at=at, version=0
        )
        # What was begun since stays, below what was taken back.
        draft.text = "\n\n".join(filter(None, (message.text, draft.text)))
        draft.is_note = False
        draft.to, draft.cc, draft.bcc = message.to, message.cc, message.bcc
        draft.saved_at = at
        draft.version += 1
        draft.save()
        Attachment.objects.filter(message=message).update(draft=draft, message=None)
        index.remove("message", [message.pk])
        settle_state(conversation, at)
        conversation.message_count -= 1
        last = conversation.messages.filter(undone_at=None).order_by("-happened_at", "-id").first()
        if last:
            conversation.preview = preview_of(last.text_new or last.text)
            conversation.last_message_at = last.happened_at
        conversation.save()
        Draft.objects.filter(pk=draft.pk).update(base_message_id=conversation.last_message_id)
        emit(
            ReplyUndone(
                happened_at=at,
                actor_id=actor.pk,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                message_id=message.pk,
            )
        )
        return Draft.objects.get(pk=draft.pk)


def settle_sent_reply(*, delivery_id: int, at: datetime) -> None:
    """The server took a reply: stop the customer's clock at the hand-over. Done once, however often called."""
    with transaction.atomic():
        message = (
            Message.objects.select_related("conversation", "delivery", "staff")
            .filter(delivery_id=delivery_id)
            .first()
        )
        if message is None or message.delivery is None or message.delivery.sent_at is None:
            return
        _note_other_name(message, message.delivery)
        conversation = lock_living(message.conversation_id)
        wait = open_wait(conversation)
        ends = (
            wait is not None
            and wait.started_at <= message.happened_at
            and answers_customer(message, conversation)
        )
        ended = end_wait(wait, message, message.delivery.sent_at) if wait and ends else None
        if ended is None and conversation.state == Conversation.State.DONE:
            drop_wait(conversation, at)
        _restart_clock(conversation, message)
        emit(
            ReplySent(
                happened_at=message.delivery.sent_at,
                actor_id=message.staff_id,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                message_id=message.pk,
                waited_wall_seconds=ended.wall_seconds if ended else None,
                waited_opening_seconds=ended.opening_seconds if ended else None,
            )
        )


def settle_failed_reply(*, delivery_id: int, at: datetime) -> None:
    """A reply could not be delivered or came back: the customer waits again, and the page says why."""
    with transaction.atomic():
        message = Message.objects.select_related("delivery").filter(delivery_id=delivery_id).first()
        if message is None or message.delivery is None or message.automatic or message.undone_at:
            return
        conversation = lock_living(message.conversation_id)
        if conversation.customer.erased_at is not None:
            return
        conversation.state = Conversation.State.WAITING
        if not message.delivery.has_reached_somebody:
            resume_wait(conversation, message)
        wait = open_wait(conversation)
        conversation.due_at = wait.due_at if wait else at
        conversation.waiting_since = wait.started_at if wait else at
        conversation.save()
        emit(
            ReplyFailed(
                happened_at=at,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                message_id=message.pk,
            )
        )


def _note_other_name(message: Message, delivery: Delivery) -> None:
    # A provider that replaces the Message-ID has answers name its own.
    name = delivery.provider_message_id
    if not name or name == message.message_id:
        return
    known = Reference.objects.filter(message=message, digest=digest_of(name), channel_id=message.channel_id)
    if not known.exists():
        Reference.objects.create(
            message=message, channel_id=message.channel_id, digest=digest_of(name), is_own_id=True
        )


def _check(draft: Draft, conversation: Conversation) -> None:
    if not draft.text.strip() and not draft.attachments.exists():
        raise NothingToSend
    if not draft.to and not draft.cc and not draft.bcc:
        raise NobodyToWriteTo
    if draft.base_message_id != conversation.last_message_id:
        raise StaleReply
    mailbox = conversation.channel.mailbox
    if not mailbox.can_send:
        raise CannotSend


def reply_from(
    draft: Draft,
    *,
    actor: Staff,
    conversation: Conversation,
    parent: Message | None,
    key: UUID,
    at: datetime,
) -> Message:
    """The draft as an unsaved message that answers `parent`. Asks the database for nothing."""
    mailbox = conversation.channel.mailbox
    host = mailbox.address.rpartition("@")[2]
    return Message(
        uid=key,
        conversation=conversation,
        channel=conversation.channel,
        direction=Message.Direction.OUT,
        happened_at=at,
        staff=actor,
        from_name=mailbox.from_name or conversation.channel.name,
        from_address=mailbox.address,
        to=draft.to,
        cc=draft.cc,
        bcc=draft.bcc,
        subject=reply_subject(conversation.subject)[:300],
        text=draft.text,
        text_new=draft.text,
        message_id=tokens.make_message_id(mail_key(), conversation.pk, key.hex, host),
        references=list(
            references_for(parent.references if parent else (), parent.message_id if parent else None)
        ),
        minutes_spent=min((at - draft.opened_at).total_seconds() / 60, MOST_COUNTED_MINUTES),
    )


def mail_of(
    message: Message, *, parent: Message | None, business: Business, files: Sequence[Attachment] = ()
) -> Outgoing:
    """The reply as a mail, with the signatures and with `parent` quoted below. Asks the database for nothing."""
    conversation = message.conversation
    mailbox = conversation.channel.mailbox
    signatures = [message.staff.signature if message.staff else "", conversation.channel.signature]
    return Outgoing(
        sender=Party(message.from_name, message.from_address),
        to=tuple(Party(party["name"], party["address"]) for party in message.to),
        cc=tuple(Party(party["name"], party["address"]) for party in message.cc),
        subject=message.subject,
        text=message.text,
        signature="\n\n".join(filter(None, (text.strip() for text in signatures))),
        date=localtime(message.happened_at, business.zone),
        message_id=message.message_id,
        reply_to=tokens.plus_address(mail_key(), conversation.pk, mailbox.address)
        if mailbox.plus_addressing
        else None,
        in_reply_to=parent.message_id if parent else None,
        references=tuple(message.references),
        thread_index=message.thread_index or None,
        attachments=tuple(
            OutgoingFile(file.filename or "file", file.content_type, file.content) for file in files
        ),
        quoted=Quoted(
            Party(parent.from_name or None, parent.from_address),
            localtime(parent.happened_at, business.zone),
            parent.text_new or parent.text,
        )
        if parent and parent.direction == Message.Direction.IN and _is_party(parent, message)
        else None,
        language=business.language,
    )


def _parent(conversation: Conversation) -> Message | None:
    """The message that is answered: the last one that both sides have."""
    return (
        conversation.messages.filter(undone_at=None)
        .exclude(direction=Message.Direction.NOTE)
        .exclude(message_id="")
        .order_by("automatic", "-happened_at", "-id")
        .first()
    )


def _is_party(parent: Message, answer: Message) -> bool:
    # What a supplier wrote is quoted to the supplier, not to the customer of the same conversation.
    reached = {party["address"].lower() for party in [*answer.to, *answer.cc]}
    had_it = {parent.from_address.lower()} | {
        str(party.get("address") or "").lower() for party in [*parent.to, *parent.cc, *parent.reply_to]
    }
    return bool(reached & had_it)


def _advance(conversation: Conversation, message: Message, file_count: int) -> None:
    if answers_customer(message, conversation):
        conversation.state = Conversation.State.ANSWERED
        conversation.due_at = message.happened_at
    conversation.last_message_id = message.pk
    conversation.last_message_at = message.happened_at
    conversation.preview = preview_of(message.text)
    conversation.message_count += 1
    conversation.file_count += file_count
    conversation.is_machine = False
    conversation.save()


def _restart_clock(conversation: Conversation, answer: Message) -> None:
    # The customer may have written again while the answer was on its way: that message waits on its own.
    if conversation.state != Conversation.State.WAITING:
        return
    # Later by its number: the writer of the answer cannot have seen it, whenever it was written.
    unseen = conversation.messages.filter(direction=Message.Direction.IN, automatic="", pk__gt=answer.pk)
    newer = unseen.exclude(raw__is_silent=True).order_by("happened_at", "id").first()
    if newer is None:
        settle_state(conversation, answer.happened_at)
    else:
        wait = begin_wait(conversation, newer)
        conversation.due_at, conversation.waiting_since = wait.due_at, wait.started_at
    conversation.save()
