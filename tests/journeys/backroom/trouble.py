"""What goes wrong."""

from __future__ import annotations

from django.db import connection

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Channel, Delivery, Raw
from dangol.inbox.models import Message
from dangol.kernel import clock
from dangol.kernel.models import Event, Setback
from dangol.reactions import REACTIONS
from tests.journeys.backroom.who import talk_about


def have_trouble(subject: str) -> dict[str, int]:
    """Something of each kind on the page of stuck work; the conversation's answer came back."""
    at, channel = clock.now(), Channel.objects.earliest("id")
    store_raw(channel=channel, arrivals=[Arrival(b"\x00\x01 no mail at all", at)], at=at)
    raw = Raw.objects.latest("id")
    Raw.objects.filter(pk=raw.pk).update(state=Raw.State.QUARANTINED, reason="reading: ValueError")
    delivery = Delivery.objects.filter(message__conversation=talk_about(subject)).latest("id")
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.FAILED, failure="refused", tries=3)
    delivery.recipients.update(state="refused", status="550", server_said="no such user")
    event = Event.objects.filter(name="MessageArrived").earliest("id")
    setback = Setback.objects.create(
        follower=REACTIONS[0].name, event=event, reason="ValueError", first_at=at
    )
    return {"raw_id": raw.pk, "delivery_id": delivery.pk, "setback_id": setback.pk}


def garble(subject: str) -> None:
    """Keep what no version of the program would write."""
    Message.objects.filter(conversation=talk_about(subject)).update(to=7)


def lose_table(name: str) -> None:
    """Break something."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{name}" RENAME TO "{name}_lost"')


def find_table(name: str) -> None:
    """Mend it."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{name}_lost" RENAME TO "{name}"')
