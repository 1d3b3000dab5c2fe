"""A matter that needs a second answer cost staff time that a better first one would have saved."""

from datetime import datetime, timedelta
from typing import Final

from dangol.goodwill.commands.entries import About, Source, book_entry
from dangol.goodwill.models import CostClass, Entry, GivingPolicy, Kind
from dangol.goodwill.rules import REPLY_MINUTES, reply_cost
from dangol.inbox.models import Message

ONE_MATTER: Final = timedelta(days=30)  # who writes to an old conversation after longer has another matter
REPLY: Final = "reply"
"""The source of these entries; the key is the number of the message."""


def book_second_reply(*, message_id: int, at: datetime) -> Entry | None:
    """Book the time of a reply that left as an estimate, where somebody answered the same matter before.

    None for a first answer, a machine's, and as long as no hourly rate is set. Done once, however often called.
    """
    message = (
        Message.objects.select_related("conversation__customer", "staff", "delivery")
        .filter(
            pk=message_id, direction=Message.Direction.OUT, automatic="", undone_at=None, staff__isnull=False
        )
        .first()
    )
    policy = GivingPolicy.objects.first()
    if message is None or not (policy and policy.hourly_rate) or not _is_second(message):
        return None
    minutes = message.minutes_spent
    return book_entry(
        actor=None,
        source=Source(REPLY, str(message.pk)),
        cost_class=CostClass.INTERNAL_FAILURE,
        kind=Kind.STAFF_TIME,
        cost=reply_cost(
            None if minutes is None else minutes * 60,
            hourly_rate=policy.hourly_rate,
            minutes=policy.reply_minutes,
            most_minutes=policy.most_reply_minutes,
        ),
        method=REPLY_MINUTES,
        about=About(
            customer=message.conversation.customer,
            conversation_id=message.conversation_id,
            staff=message.staff,
        ),
        happened_at=(message.delivery and message.delivery.sent_at) or message.happened_at,
        at=at,
    )


def _is_second(message: Message) -> bool:
    earlier = Message.objects.filter(
        conversation=message.conversation_id,
        pk__lt=message.pk,
        direction=Message.Direction.OUT,
        automatic="",
        undone_at=None,
        staff__isnull=False,
        happened_at__gte=message.happened_at - ONE_MATTER,
    )
    return earlier.exists()
