"""The clock of a conversation: where a wait begins, ends, and what state the conversation is in for it.

Every function here works inside the caller's transaction and is called by commands only.
"""

from datetime import datetime

from django.db.models import QuerySet

from dangol.business.hours import Calendar
from dangol.business.queries import calendar_at
from dangol.channels.models import Delivery
from dangol.inbox import promise
from dangol.inbox.models import Conversation, Message, Wait
from dangol.inbox.promised import Promised, promised_seconds, promised_to


def begin_wait(conversation: Conversation, message: Message) -> Wait:
    """The open wait of the conversation; begun by this message of the customer when there is none."""
    found = Wait.objects.filter(conversation=conversation, answered_at=None, dropped_at=None).first()
    if found:
        return found
    answered_before = Wait.objects.filter(conversation=conversation, answered_at__isnull=False).exists()
    theirs = promised_to([conversation.customer_id]).get(conversation.customer_id)
    wait = new_wait(
        conversation,
        message,
        calendar_at(message.happened_at),
        answered_before=answered_before,
        theirs=theirs,
    )
    wait.save()
    return wait


def new_wait(
    conversation: Conversation,
    message: Message,
    calendar: Calendar,
    *,
    answered_before: bool,
    theirs: Promised | None = None,
) -> Wait:
    """An unsaved wait that begins with this message; `theirs` is what the customer's playbooks promise."""
    channel = conversation.channel
    promised = promised_seconds(channel, is_first=not answered_before, theirs=theirs)
    return Wait(
        conversation=conversation,
        channel=channel,
        kind=Wait.Kind.NEXT if answered_before else Wait.Kind.FIRST,
        message=message,
        started_at=message.happened_at,
        promised_seconds=promised,
        due_at=promise.due_at(calendar, message.happened_at, promised),
    )


def end_wait(wait: Wait, answer: Message, answered_at: datetime) -> Wait:
    """Write down how long the customer waited for this answer, in wall-clock and in opening seconds.

    `answered_at` is the hand-over to the mail server. Opening hours are those in force then: the due time was
    recomputed when they changed, so that the two agree.
    """
    answered_at = max(answered_at, wait.started_at)
    waited = promise.waited(calendar_at(answered_at), wait.started_at, answered_at)
    wait.answered_at = answered_at
    wait.answer = answer
    wait.answered_by = answer.staff
    wait.wall_seconds = waited.wall_seconds
    wait.opening_seconds = waited.opening_seconds
    wait.is_kept = promise.is_kept(wait.due_at, answered_at)
    wait.save()
    return wait


def open_wait(conversation: Conversation) -> Wait | None:
    """The wait that nobody has answered yet."""
    return Wait.objects.filter(conversation=conversation, answered_at=None, dropped_at=None).first()


def resume_wait(conversation: Conversation, answer: Message) -> None:
    """An answer that reached nobody was none: the clock goes on as if it had not been sent."""
    if open_wait(conversation) is None:
        Wait.objects.filter(conversation=conversation, answer=answer).update(
            answered_at=None,
            answer=None,
            answered_by=None,
            wall_seconds=None,
            opening_seconds=None,
            is_kept=None,
        )


def drop_wait(conversation: Conversation, at: datetime) -> None:
    """End an open wait without an answer; not when an answer is on its way, whose hand-over will end it."""
    wait = open_wait(conversation)
    if wait is None:
        return
    under_way = Message.objects.filter(
        conversation=conversation,
        direction=Message.Direction.OUT,
        automatic="",
        undone_at=None,
        happened_at__gte=wait.started_at,
        delivery__state__in=[Delivery.State.QUEUED, Delivery.State.SENDING, Delivery.State.RETRY],
    )
    if not any(answers_customer(message, conversation) for message in under_way):
        wait.dropped_at = at
        wait.save(update_fields=["dropped_at"])


def answers_customer(message: Message, conversation: Conversation) -> bool:
    """Whether the message is a person's and goes to the customer, or to somebody who wrote for the customer."""
    addresses = set(conversation.customer.identities.values_list("address", flat=True))
    wrote = conversation.messages.filter(direction=Message.Direction.IN, automatic="")
    addresses |= {(address or "").lower() for address in wrote.values_list("from_address", flat=True)}
    reached = {party["address"].lower() for party in [*message.to, *message.cc, *message.bcc]}
    return promise.counts_as_answer(
        direction="out",
        by_staff=message.staff_id is not None,
        is_automatic=bool(message.automatic),
        to_customer=bool(addresses & reached),
    )


def newest_number(conversation: Conversation) -> int:
    """The number of the last message of a person that was stored: what a reply is written against."""
    return _spoken(conversation).order_by("-pk").values_list("pk", flat=True).first() or 0


def last_word(conversation: Conversation) -> Message | None:
    """The last message that a person wrote to or from the customer, and that was not taken back."""
    return _spoken(conversation).order_by("-happened_at", "-id").first()


def settle_state(conversation: Conversation, at: datetime) -> None:
    """Put the conversation where it belongs: waiting while somebody waits in it, else answered.

    A customer waits until a person has written to them; a mail to somebody else (a supplier) changes nothing.
    """
    last = last_word(conversation)
    wait = open_wait(conversation)
    if wait is None and last is not None and last.direction == Message.Direction.IN:
        wait = begin_wait(conversation, last)
    if wait is not None:
        conversation.state = Conversation.State.WAITING
        conversation.due_at = wait.due_at
        conversation.waiting_since = wait.started_at
    else:
        conversation.state = Conversation.State.ANSWERED if last else Conversation.State.DONE
        conversation.due_at = last.happened_at if last else at
        conversation.waiting_since = None
    conversation.last_message_id = newest_number(conversation)


def _spoken(conversation: Conversation) -> QuerySet[Message]:
    return Message.objects.filter(
        conversation=conversation,
        direction__in=[Message.Direction.IN, Message.Direction.OUT],
        automatic="",
        undone_at=None,
    )
