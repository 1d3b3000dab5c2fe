"""The same scenes as the recorder plays them, but through the real commands, and rows in a form to compare."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db.models import Model

from dangol.channels.commands import Arrival, set_aside, store_raw
from dangol.channels.models import Channel, Delivery, DeliveryRecipient, Raw
from dangol.channels.outbox import deliver_due
from dangol.customers.models import Customer, Identity
from dangol.inbox.commands.conversations import (
    add_note,
    assign_conversation,
    close_conversation,
    postpone_conversation,
    return_due_conversations,
)
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import UNDO_SECONDS, send_reply
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Attachment, Conversation, Draft, Message, Reference, Wait
from dangol.kernel import clock
from dangol.kernel.models import Event
from dangol.kernel.reacting import react
from dangol.reactions import REACTIONS
from dangol.showcase import rows
from dangol.showcase.letters import Letter
from dangol.showcase.shop import Shop
from dangol.staff.models import Staff

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)  # of the story that is told: a Sunday, 18:30 in Seoul
SECOND = timedelta(seconds=1)
MODELS = (
    Customer, Identity, Conversation, Message, Reference, Attachment, Wait, Delivery, DeliveryRecipient, Raw,
    Draft, Event,
)  # fmt: skip
# What is made from random numbers or from the time of writing, and what follows from it.
_LEFT_OUT = {"uid", "key", "dedupe_key", "digest", "recorded_at", "silent", "transaction", "size"}
_TOKEN = re.compile(r"c[0-9a-z]+-[a-z2-7]{12}(?:\.[0-9a-f]{32})?|=_[0-9a-f]{32}")


class Even(Random):
    """Luck that is always the same, so that both play at the same instants."""

    def random(self) -> float:
        return 0.0


class Commands:
    """What `Recorder` does in memory, done by the commands and the loops, with the clock set for each."""

    def __init__(self, shop: Shop, monkeypatch: Any) -> None:
        self.shop = shop
        self._at = shop.opened_at
        monkeypatch.setattr(clock, "now", lambda: self._at)
        self._luck = Random(7)
        react(REACTIONS)

    def arrive(
        self, letter: Letter, *, channel: Channel, at: datetime, source: str, into: Conversation | None = None
    ) -> Message:
        self._store(letter.content, channel, at, source)
        self._at = at + 2 * SECOND
        assert take_in_batch() == 1
        self._at += SECOND
        self._react()
        return Message.objects.select_related("conversation").order_by("pk").last()

    def reply(
        self, conversation: Conversation, *, staff: Staff, text: str, opened_at: datetime, at: datetime
    ) -> Message:
        conversation = Conversation.objects.get(pk=conversation.pk)
        draft = save_draft(actor=staff, conversation=conversation, text=text, at=opened_at)
        key = UUID(int=self._luck.getrandbits(128), version=4)
        message = send_reply(actor=staff, draft=draft, key=key, at=at)
        self._at = at + UNDO_SECONDS * SECOND
        assert deliver_due() == 1
        self._react()
        return Message.objects.select_related("delivery", "staff", "channel__mailbox").get(pk=message.pk)

    def add_note(self, conversation: Conversation, *, staff: Staff, text: str, at: datetime) -> None:
        add_note(actor=staff, conversation=conversation, text=text, at=at)

    def assign(self, conversation: Conversation, *, staff: Staff, to: Staff, at: datetime) -> None:
        assign_conversation(actor=staff, conversation=conversation, assignee=to, at=at)

    def postpone(self, conversation: Conversation, *, staff: Staff, until: datetime, at: datetime) -> None:
        postpone_conversation(actor=staff, conversation=conversation, until=until, at=at)

    def bring_back(self, conversation: Conversation, *, at: datetime) -> None:
        assert return_due_conversations(at=at) == 1

    def close(self, conversation: Conversation, *, staff: Staff, at: datetime) -> None:
        close_conversation(actor=staff, conversation=conversation, at=at)

    def bounce(self, message: Message, letter: Letter, *, at: datetime) -> None:
        self.arrive(letter, channel=message.channel, at=at, source="showcase bounce")

    def set_aside(self, content: bytes, *, channel: Channel, reason: str, at: datetime) -> None:
        self._store(content, channel, at, "showcase")
        raw = Raw.objects.order_by("pk").last()
        Raw.objects.filter(pk=raw.pk).update(tries=1)
        set_aside(raw=raw, reason=reason, at=at + 2 * SECOND)

    def _store(self, content: bytes, channel: Channel, at: datetime, source: str) -> None:
        assert store_raw(channel=channel, arrivals=[Arrival(content, at, source)], at=at + SECOND) == 1

    def _react(self) -> None:
        while react(REACTIONS):
            pass


def write(packed: rows.Packed) -> None:
    """Write a story, to be looked at and found."""
    rows.write(packed)
    rows.make_findable(packed)


def rows_as_they_are() -> dict[str, list[dict[str, Any]]]:
    """Every row of the history in a form in which two histories can be compared: ids by their place."""
    places: dict[type[Model], dict[int, int]] = {}
    for model in MODELS:
        ids = model.objects.order_by("pk").values_list("pk", flat=True)
        places[model] = {pk: place for place, pk in enumerate(ids, start=1)}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for model in MODELS:
        for row in model.objects.order_by("pk"):
            found[model.__name__].append(_comparable(row, places))
    found["Event"].sort(key=lambda event: (event["happened_at"], event["name"]))
    return found


def _comparable(row: Model, places: dict[type[Model], dict[int, int]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.name in _LEFT_OUT or field.name == "id":
            continue
        if field.related_model in places and value is not None:
            value = places[field.related_model][value]
        elif field.name in {"body", "sha256"}:
            value = _TOKEN.sub("…", row.content.decode("utf-8", "replace"))
        elif field.name == "data":
            value = {name: _place(name, each, places) for name, each in value.items()}
        elif field.name == "last_message_id":
            value = places[Message].get(value, 0)
        elif field.name == "customer_id":
            value = places[Customer].get(value)
        elif isinstance(value, str | list):
            value = _TOKEN.sub("…", str(value))
        values[field.name] = value
    return values


def _place(name: str, value: Any, places: dict[type[Model], dict[int, int]]) -> Any:
    models = {
        "conversation_id": Conversation, "message_id": Message, "delivery_id": Delivery, "raw_id": Raw,
    }  # fmt: skip
    return places[models[name]][value] if name in models else value
