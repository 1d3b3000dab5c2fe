"""A desk with many conversations, written in bulk in the shape that the program itself would write."""

import random
from datetime import timedelta
from itertools import islice

from mailmaker import ENGLISH, KOREAN

BATCH = 2000


def fill(conversations: int, messages_each: int = 3, seed: int = 7) -> None:
    """Write customers, conversations, messages, waits and events; a hundredth of the conversations waits."""
    from django.db import transaction

    from dangol.channels.models import Channel, Mailbox
    from dangol.customers.models import Customer
    from dangol.kernel import clock
    from dangol.staff.models import Staff

    chance = random.Random(seed)
    at = clock.now()
    channel, _ = Channel.objects.get_or_create(
        name="bench", defaults={"created_at": at, "promised_first_seconds": 1800}
    )
    Mailbox.objects.get_or_create(channel=channel, defaults={"address": "bench@moonburger.test"})
    staff = Staff.objects.first() or Staff.objects.create_user(
        "bench@moonburger.test", "a long enough word", name="Bench", role="owner"
    )
    first = Customer.objects.count()
    numbers = iter(range(first, first + conversations))
    while batch := list(islice(numbers, BATCH)):
        with transaction.atomic():
            _write(chance, batch, channel, staff, at, messages_each)


def _write(chance, numbers, channel, staff, at, messages_each):  # type: ignore[no-untyped-def]
    from dangol.customers.models import Customer, Identity
    from dangol.inbox.events import MessageArrived, ReplySent
    from dangol.inbox.models import Conversation, Message, Wait
    from dangol.kernel.events import emit

    customers = Customer.objects.bulk_create(
        Customer(name=f"{chance.choice(KOREAN)} {number}", created_at=at) for number in numbers
    )
    identities = Identity.objects.bulk_create(
        Identity(kind="email", address=f"c{number}@bench.example", customer=customer, created_at=at)
        for number, customer in zip(numbers, customers, strict=True)
    )
    places = []
    for customer in customers:
        began = at - timedelta(minutes=chance.randrange(60 * 24 * 90))
        waiting = chance.random() < 0.01
        state = "waiting" if waiting else chance.choice(["answered", "done", "done", "done", "later"])
        places.append(
            Conversation(
                channel=channel,
                customer=customer,
                subject=_words(chance, 5),
                state=state,
                due_at=began + timedelta(minutes=30),
                waiting_since=began if waiting else None,
                preview=_words(chance, 12),
                message_count=messages_each,
                last_message_at=began + timedelta(minutes=messages_each),
                created_at=began,
            )
        )
    Conversation.objects.bulk_create(places)
    messages = []
    for place, identity in zip(places, identities, strict=True):
        for number in range(messages_each):
            ours = number % 2 == 1
            messages.append(
                Message(
                    conversation=place,
                    channel=channel,
                    direction="out" if ours else "in",
                    happened_at=place.created_at + timedelta(minutes=number),
                    staff=staff if ours else None,
                    identity=None if ours else identity,
                    from_name="Bench" if ours else identity.customer.name,
                    from_address="bench@moonburger.test" if ours else identity.address,
                    to=[{"name": "", "address": identity.address if ours else "bench@moonburger.test"}],
                    subject=place.subject,
                    text=(text := _words(chance, 60)),
                    text_new=text,
                )
            )
    Message.objects.bulk_create(messages)
    last = {message.conversation_id: message.pk for message in messages}
    for place in places:
        place.last_message_id = last[place.pk]
    Conversation.objects.bulk_update(places, ["last_message_id"])
    firsts = [message for message in messages if message.direction == "in"][:: max(1, messages_each - 1)]
    Wait.objects.bulk_create(
        Wait(
            conversation=message.conversation,
            channel=channel,
            kind="first",
            message=message,
            started_at=message.happened_at,
            promised_seconds=1800,
            due_at=message.happened_at + timedelta(minutes=30),
            **(
                {}
                if message.conversation.state == "waiting"
                else {
                    "answered_at": message.happened_at + timedelta(minutes=9),
                    "answered_by": staff,
                    "wall_seconds": 540,
                    "opening_seconds": 540,
                    "is_kept": True,
                }
            ),
        )
        for message in {message.conversation_id: message for message in reversed(firsts)}.values()
    )
    emit(
        *(
            (MessageArrived if message.direction == "in" else ReplySent)(
                happened_at=message.happened_at,
                customer_id=message.conversation.customer_id,
                silent=True,
                conversation_id=message.conversation_id,
                message_id=message.pk,
                **(
                    {"channel_id": channel.pk, "opens": True, "automatic": False}
                    if message.direction == "in"
                    else {}
                ),
            )
            for message in messages
        )
    )


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(KOREAN if chance.random() < 0.2 else ENGLISH, k=count))
