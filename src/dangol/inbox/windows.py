"""Which messages of a conversation a page shows: the newest, or those around a place, never all of a thousand.

Each is read by the index of the conversation's messages from a place on, so that no step costs more for what lies
between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet
from django.urls import reverse

from dangol.inbox.models import Conversation, Message
from dangol.inbox.spoken import messages_of, newest_messages
from dangol.kernel.places import Place, read_id

SHOWN: Final = 40
AROUND: Final = SHOWN // 2  # before the message that a link leads to
MOST: Final = 400  # that a page may grow to which stays open while many write


@dataclass(frozen=True)
class Window:
    """What an address asks for; nothing is the newest.

    `before` and `start` are the page that ends before a place and that begins with it, `around` the one that holds a
    message. `since` is everything from a place on: what a page shows that was opened with the newest and stays open.
    """

    before: Place | None = None
    start: Place | None = None
    since: Place | None = None
    around: int | None = None
    is_below_first: bool = False  # it is put into a page that shows what the conversation began with

    @classmethod
    def read(cls, query: Mapping[str, str], *, is_below_first: bool = False) -> "Window":
        """The window that the address names; what cannot be read there is as if it were not there."""
        return cls(
            before=Place.read(query.get("before", "")),
            start=Place.read(query.get("from", "")),
            since=Place.read(query.get("since", "")),
            around=read_id(query.get("message", "")),
            is_below_first=is_below_first,
        )


@dataclass(frozen=True)
class Seen:
    """The messages in a window, oldest first. `first` is what the conversation began with, where more lies between."""

    rows: list[Message]
    first: Message | None = None
    has_later: bool = False


def seen_through(window: Window, conversation: Conversation) -> Seen:
    """What the window shows of the conversation's messages: one query, and up to four for a page in the middle."""
    if window == Window():
        return _newest(conversation)
    messages = messages_of(conversation.pk)
    if window.since:
        return _since(window.since, messages)
    if window.before:
        return _before(window.before, messages, below_first=window.is_below_first)
    if window.start:
        return _from(window.start, messages)
    if window.around is not None and (seen := _around(window.around, messages)):
        return seen
    return _newest(conversation)


def message_url(conversation_id: int, message_id: int) -> str:
    """The page of the conversation that holds the message, opened at it."""
    return f"{reverse('conversation', args=[conversation_id])}?message={message_id}#message-{message_id}"


def place_of(row: Message) -> Place:
    """Where the message stands in its conversation."""
    return Place(row.happened_at, row.pk)


def _newest(conversation: Conversation) -> Seen:
    rows = newest_messages(conversation, most=SHOWN + 2)
    if len(rows) < SHOWN + 2:  # with the page and the first message nothing would lie between
        return Seen(rows[::-1])
    return Seen(rows[:SHOWN][::-1], first=_first(messages_of(conversation.pk)))


def _since(place: Place, messages: "QuerySet[Message]") -> Seen:
    rows = list(_backwards(messages.filter(*_on(place)))[:MOST])[::-1]
    first = _first(messages)
    return Seen(rows, first=first if first and rows and first.pk != rows[0].pk else None)


def _before(place: Place, messages: "QuerySet[Message]", *, below_first: bool) -> Seen:
    rows = list(_backwards(messages.filter(*_ahead(place)))[: SHOWN + 2])
    if len(rows) < SHOWN + 2:
        return Seen(rows[::-1][1 if below_first else 0 :], has_later=True)
    return Seen(rows[:SHOWN][::-1], first=_first(messages), has_later=True)


def _from(place: Place, messages: "QuerySet[Message]") -> Seen:
    rows = list(messages.filter(*_on(place)).order_by("happened_at", "id")[: SHOWN + 1])
    return _after(list(_backwards(messages.filter(*_ahead(place)))[:2]), rows, 0, messages)


def _around(message_id: int, messages: "QuerySet[Message]") -> Seen | None:
    """None where the message is none of this conversation, or one of the newest."""
    found = messages.filter(pk=message_id).values_list("happened_at", "id").first()
    if found is None:
        return None
    place = Place(*found)
    rows = list(messages.filter(*_on(place)).order_by("happened_at", "id")[: SHOWN + 1])
    if len(rows) <= SHOWN:
        return None
    return _after(list(_backwards(messages.filter(*_ahead(place)))[: AROUND + 2]), rows, AROUND, messages)


def _after(ahead: list[Message], rows: list[Message], most: int, messages: "QuerySet[Message]") -> Seen:
    """The rows behind up to `most` of those ahead of them, which come the last first and two more than are shown."""
    has_later, rows = len(rows) > SHOWN, rows[:SHOWN]
    if len(ahead) < most + 2:
        return Seen(ahead[::-1] + rows, has_later=has_later)
    return Seen(ahead[:most][::-1] + rows, first=_first(messages) if rows else None, has_later=has_later)


def _first(messages: "QuerySet[Message]") -> Message | None:
    return messages.order_by("happened_at", "id").first()


def _backwards(messages: "QuerySet[Message]") -> "QuerySet[Message]":
    return messages.order_by("-happened_at", "-id")


def _ahead(place: Place) -> tuple[Q, Q]:
    at: datetime = place.at
    return Q(happened_at__lte=at), Q(happened_at__lt=at) | Q(happened_at=at, id__lt=place.id)


def _on(place: Place) -> tuple[Q, Q]:
    at: datetime = place.at
    return Q(happened_at__gte=at), Q(happened_at__gt=at) | Q(happened_at=at, id__gte=place.id)
