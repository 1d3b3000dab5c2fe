"""Customers who keep writing while the demo runs: new matters, and answers to what they got.

They see what a customer sees, the kept mail, and send what a customer sends, bytes into the store that the
fetcher fills. They remember nothing that matters: whoever starts again goes on.
"""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from uuid import uuid4

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Channel, Mailbox
from dangol.inbox.models import Conversation, Message
from dangol.kernel import clock, events
from dangol.kernel.events import Cursor
from dangol.showcase import people
from dangol.showcase.visitors_mail import Back, new_letter, newsletter_for, read_mail, write_back

log = logging.getLogger(__name__)

MOST_WAITING: Final = 14  # then nobody new writes: a demo that is left alone over night stays a demo
# Seconds between new matters: (from, to) for the first eight, for the next thirty, and from then on.
_PACE: Final = ((8, 20, 60), (38, 45, 120), (None, 90, 240))
_FIRST: Final = (12, 25)
_REPLIES_AT_ONCE: Final = 50
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class Visitors:
    """The simulated customers; `turn` is what a work loop calls each second."""

    random: Random = field(default_factory=Random)
    cursor: Cursor = field(default_factory=Cursor)
    next_at: datetime = NEVER
    written: int = 0
    planned: list[tuple[datetime, int]] = field(default_factory=list)  # (when to write back, message)

    def come_in(self) -> None:
        """Begin to look at what is sent from now on."""
        self.cursor = events.latest()
        self.next_at = clock.now() + timedelta(seconds=self.random.uniform(*_FIRST))

    def turn(self) -> int:
        """Write what it is time for; returns how many mails that was."""
        at = clock.now()
        self._notice(at)
        return self._write_back(at) + self._write_anew(at)

    def _notice(self, at: datetime) -> None:
        for row in events.since(self.cursor, limit=_REPLIES_AT_ONCE, names=["ReplySent"]):
            self.cursor = Cursor.after(row)
            if not row.silent:
                delay = Random(row.data["message_id"]).uniform(5, 30)  # noqa: S311
                self.planned.append((at + timedelta(seconds=delay), row.data["message_id"]))

    def _write_back(self, at: datetime) -> int:
        due = [message_id for when, message_id in self.planned if when <= at]
        self.planned = [plan for plan in self.planned if plan[0] > at]
        return sum(self._answer(message_id, at) for message_id in due)

    def _answer(self, message_id: int, at: datetime) -> int:
        message = (
            Message.objects.select_related("delivery", "channel__mailbox", "conversation")
            .filter(pk=message_id, delivery__isnull=False)
            .first()
        )
        if message is None or message.delivery is None or not message.to:
            return 0
        spoken = message.conversation.messages
        first = spoken.filter(direction=Message.Direction.IN).select_related("raw").order_by("id").first()
        back = Back(
            got=read_mail(message.delivery.content),
            address=message.to[0]["address"],
            replies_before=spoken.filter(direction=Message.Direction.OUT, id__lt=message.pk).count(),
            topic=first.raw.source.partition(" ")[2] if first and first.raw else "",
        )
        content = write_back(back, at=at, random=Random(str(message.uid)))  # noqa: S311
        if content is None:
            return 0
        return store_raw(channel=message.channel, arrivals=[Arrival(content, at, "showcase")], at=at)

    def _write_anew(self, at: datetime) -> int:
        if at < self.next_at:
            return 0
        self.next_at = at + timedelta(seconds=self._pause())
        waiting = Conversation.objects.filter(state=Conversation.State.WAITING, merged_into=None)
        if waiting.count() >= MOST_WAITING:
            return 0
        channels = self._channels()
        if not channels:
            return 0
        waits = set(waiting.values_list("customer__identities__address", flat=True))
        free = [person for person in people.everybody() if person.address not in waits]
        person = self.random.choices(free, weights=[1 + person.weight for person in free])[0]
        self.written += 1
        if self.random.random() < 0.04:
            content, topic, channel = newsletter_for(channels[0].mailbox, at), "newsletter", channels[0]
        else:
            letter = new_letter(person, channels, at=at, random=self.random, unique=uuid4().hex[:20])
            content, topic, channel = letter.content, letter.topic, letter.channel
        log.info("visitor topic=%s channel=%s", topic, channel.pk)
        return store_raw(channel=channel, arrivals=[Arrival(content, at, f"showcase {topic}")], at=at)

    def _pause(self) -> float:
        for until, least, most in _PACE:
            if until is None or self.written < until:
                return self.random.uniform(least, most)
        raise AssertionError("the last pace has no end")

    def _channels(self) -> list[Channel]:
        kept = Channel.objects.filter(is_active=True, mailbox__outgoing=Mailbox.Outgoing.KEPT)
        return list(kept.select_related("mailbox").order_by("pk"))
