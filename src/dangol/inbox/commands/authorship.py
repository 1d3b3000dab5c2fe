"""People say who wrote a mail: lists and web forms put the signs of machines on what a person wrote."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from dangol.inbox.events import MachineRecognised, PersonRecognised
from dangol.inbox.models import MISTAKABLE, Conversation, KnownPerson, Message, Wait
from dangol.inbox.threading import lock_living
from dangol.inbox.waiting import begin_wait, last_word, newest_number, open_wait, settle_state
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand


def recognise_person(*, actor: Staff, message: Message, at: datetime) -> Conversation:
    """A person wrote this: the customer waits since it arrived, and later mail of the sender with this sign waits too.

    What the sender wrote in this conversation with the same sign is a person's as well. Nothing automatic answers any
    of it. Nothing happens to what nobody takes for a machine's.
    """
    demand(actor, "answer")
    with transaction.atomic():
        conversation = _lock(message)
        if not message.may_be_a_persons:
            return conversation
        kind, sign, address = message.automatic, message.no_answer, message.from_address.lower()
        if address:
            KnownPerson.objects.get_or_create(
                channel_id=conversation.channel_id,
                address=address,
                sign=sign,
                defaults={"kind": kind, "said_by": actor, "said_at": at},
            )
        theirs = list(_alike(message).filter(automatic=kind).values_list("pk", flat=True))
        Message.objects.filter(pk__in=theirs).update(automatic="")
        conversation.is_machine = False
        _start_clock(conversation, Message.objects.filter(pk__in=theirs), at)
        _finish(conversation, PersonRecognised, actor=actor, message=message, at=at)
        return conversation


def recognise_machine(*, actor: Staff, message: Message, at: datetime) -> Conversation:
    """Take `recognise_person` back: a machine wrote this, and it and what follows wait for nobody."""
    demand(actor, "answer")
    with transaction.atomic():
        conversation = _lock(message)
        known = known_person(message)
        if known is None:
            return conversation
        theirs = list(_alike(message).filter(automatic="").values_list("pk", flat=True))
        Message.objects.filter(pk__in=theirs).update(automatic=known.kind)
        known.delete()
        # Nobody waited: such a wait is not one without an answer.
        Wait.objects.filter(message__in=theirs, answered_at=None).delete()
        conversation.is_machine = last_word(conversation) is None
        if conversation.state == Conversation.State.WAITING:
            settle_state(conversation, at)
        _finish(conversation, MachineRecognised, actor=actor, message=message, at=at)
        return conversation


def known_person(message: Message) -> KnownPerson | None:
    """By what somebody said that this mail, which bears a machine's sign, is a person's."""
    if message.direction != Message.Direction.IN or message.automatic or not message.no_answer:
        return None
    return KnownPerson.objects.filter(
        channel_id=message.channel_id, address=message.from_address.lower(), sign=message.no_answer
    ).first()


def known_people(senders: Iterable[tuple[int, str]]) -> set[tuple[int, str, str]]:
    """Of these (channel, address) the (channel, address, sign) that people have said are persons: one query."""
    wanted = {(channel, address.lower()) for channel, address in senders}
    if not wanted:
        return set()
    rows = KnownPerson.objects.filter(
        channel__in={channel for channel, _ in wanted}, address__in={address for _, address in wanted}
    )
    return set(rows.values_list("channel_id", "address", "sign"))


def is_known(message: Message, known: set[tuple[int, str, str]]) -> bool:
    """Whether the message is of one of them."""
    return (message.channel_id, message.from_address.lower(), message.no_answer) in known


def _lock(message: Message) -> Conversation:
    """The message's conversation, locked, and the message as it is now."""
    conversation = lock_living(message.conversation_id)
    message.refresh_from_db(fields=["automatic", "conversation"])
    return conversation


def _finish(
    conversation: Conversation,
    event: type[PersonRecognised | MachineRecognised],
    *,
    actor: Staff,
    message: Message,
    at: datetime,
) -> None:
    conversation.last_message_id = newest_number(conversation)
    conversation.save()
    emit(
        event(
            happened_at=at,
            actor_id=actor.pk,
            customer_id=conversation.customer_id,
            conversation_id=conversation.pk,
            message_id=message.pk,
        )
    )


def _alike(message: Message) -> "QuerySet[Message]":
    return Message.objects.filter(
        conversation=message.conversation_id,
        direction=Message.Direction.IN,
        from_address__iexact=message.from_address,
        no_answer=message.no_answer,
        automatic__in=["", *MISTAKABLE],
    )


def _start_clock(conversation: Conversation, theirs: "QuerySet[Message]", at: datetime) -> None:
    """As if it had been known from the beginning: from the first of these that nobody has answered since."""
    answers = conversation.messages.filter(direction=Message.Direction.OUT, automatic="", undone_at=None)
    answered_at = answers.order_by("-happened_at").values_list("happened_at", flat=True).first()
    unanswered = theirs.filter(happened_at__gt=answered_at) if answered_at else theirs
    first = unanswered.order_by("happened_at", "id").first()
    if first is None:
        return
    wait = open_wait(conversation)
    if wait and wait.started_at > first.happened_at:
        wait.delete()
    begin_wait(conversation, first)
    settle_state(conversation, at)
