"""Messages that arrived become parts of conversations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from dangol.business.hours import Calendar
from dangol.business.queries import calendar_finder
from dangol.channels.commands import record_bounce
from dangol.channels.incoming import IncomingMessage
from dangol.channels.models import Channel, Delivery, Raw
from dangol.customers.commands import normal_address, recognise_customers
from dangol.customers.models import Identity
from dangol.inbox.arrivals import dedupe_key, hints_in, invitations_of, message_from, other_side
from dangol.inbox.commands.authorship import is_known, known_people
from dangol.inbox.commands.joining import join_conversations
from dangol.inbox.events import MessageArrived
from dangol.inbox.forgetting import let_go, of_the_erased
from dangol.inbox.models import (
    MISTAKABLE,
    Attachment,
    Conversation,
    Invitation,
    Message,
    Reference,
    Wait,
)
from dangol.inbox.preview import preview_of
from dangol.inbox.promised import promised_to
from dangol.inbox.threading import Known, Place, find_place, living, named_ids, reference_rows
from dangol.inbox.waiting import new_wait
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.kernel.rows import insert_rows, update_rows
from dangol.search import index

MOVED: Final = [
    "subject", "state", "due_at", "waiting_since", "is_machine", "preview",
    "file_count", "message_count", "last_message_at",
]  # fmt: skip
Arrived = tuple[Raw, IncomingMessage]


@dataclass(frozen=True)
class TakenIn:
    """What became of an arrival. `message` is None when it had arrived before."""

    message: Message | None
    conversation: Conversation | None
    opens: bool = False


def take_in(*, arrivals: Sequence[Arrived], at: datetime) -> list[TakenIn]:
    """File the messages: each once, with its customer, in its conversation, and start the customer's clock.

    Silent ones (imports) start no clock and change no state. Machine mail is filed and marked, waits for
    nobody. What would bring back somebody who was erased is emptied. All in one transaction, in which the raw messages
    are marked as taken in; the number of queries does not grow with the number of arrivals, but with that of late
    messages that join two conversations.
    """
    gone = of_the_erased(arrivals)  # before their files are written
    files = [
        [] if raw.pk in gone else [Attachment.of(file) for file in incoming.attachments]
        for raw, incoming in arrivals
    ]
    with transaction.atomic():
        lock_for_transaction("inbox.take_in")
        gone |= of_the_erased(arrivals)  # somebody may just have been
        batch = _Batch([each for each in arrivals if each[0].pk not in gone], at)
        taken = [
            TakenIn(None, None) if raw.pk in gone else batch.file(raw, incoming, attachments)
            for (raw, incoming), attachments in zip(arrivals, files, strict=True)
        ]
        batch.write()
        let_go([each for each in arrivals if each[0].pk in gone])
        _mark(arrivals, taken)
        return taken


class _Batch:
    """Messages on their way into conversations: read at once, filed one by one in memory, written at once."""

    def __init__(self, arrivals: Sequence[Arrived], at: datetime) -> None:
        self.at = at
        self.known = Known.of(
            [(raw.channel_id, incoming) for raw, incoming in arrivals],
            hints=[hint for raw, incoming in arrivals for hint in hints_in(raw, incoming)],
        )
        self.people = _people(arrivals, at)
        self.known_people = known_people(
            (raw.channel_id, incoming.sender.address)
            for raw, incoming in arrivals
            if incoming.automatic in MISTAKABLE and incoming.sender.address
        )
        self.calendar_at: Callable[[datetime], Calendar] = calendar_finder()
        ids = [incoming.message_id for _, incoming in arrivals if incoming.message_id]
        self.ours = set(Delivery.objects.filter(message_id__in=ids).values_list("message_id", flat=True))
        keys = [dedupe_key(raw, incoming) for raw, incoming in arrivals]
        # Every channel is named: without them no index leads to the keys.
        channels = Channel.objects.values_list("pk", flat=True)
        filed = Message.objects.filter(channel__in=list(channels), dedupe_key__in=keys)
        self.filed = set(filed.values_list("channel_id", "dedupe_key"))
        places = {place.pk for place in self.known.conversations.values()}
        waits = Wait.objects.filter(conversation__in=places, dropped_at=None)
        self.open_waits = {wait.conversation_id: wait for wait in waits.filter(answered_at=None)}
        self.answered = set(waits.exclude(answered_at=None).values_list("conversation_id", flat=True))
        whose = {place.customer_id for place in self.known.conversations.values()}
        self.promised = promised_to(whose | {each.customer_id for each in self.people.values()})
        self._clear()

    def _clear(self) -> None:
        self.conversations: dict[int, Conversation] = {}  # by identity: those that were touched
        self.messages: list[Message] = []
        self.attachments: list[Attachment] = []
        self.invitations: list[Invitation] = []
        self.references: list[Reference] = []
        self.waits: list[Wait] = []
        self.opened: set[int] = set()
        self.waiting_new: dict[int, Wait] = {}

    def file(self, raw: Raw, incoming: IncomingMessage, attachments: list[Attachment]) -> TakenIn:
        """Find the place of one arrival and put it there, in memory."""
        if incoming.message_id in self.ours:
            return TakenIn(None, None)  # our own mail came back to us
        place = self._place_of(raw, incoming)
        channel = place.found.channel if place.found else raw.channel
        key = dedupe_key(raw, incoming)
        if (channel.pk, key) in self.filed:
            return TakenIn(None, place.found)
        self.filed.add((channel.pk, key))
        message = message_from(raw, incoming, channel, key)
        if message.automatic in MISTAKABLE and is_known(message, self.known_people):
            message.automatic = ""
        identity = self.people[normal_address(other_side(raw, incoming).address or "")]
        if message.direction == Message.Direction.IN:
            message.identity = identity
        conversation = place.found or self._open(message, identity)
        for other in place.same_matter:
            conversation = self._join(conversation, other, raw.is_silent)
        message.conversation = conversation
        self.invitations += invitations_of(message, incoming)
        self._add(message, named_ids(incoming), hints_in(raw, incoming), attachments)
        self._advance(conversation, message, attachments, raw.is_silent, is_root=not named_ids(incoming))
        return TakenIn(message, conversation, opens=place.found is None)

    def write(self) -> None:
        """Write what was filed since the last time."""
        touched = list(self.conversations.values())
        insert_rows([place for place in touched if place.pk is None])
        update_rows([place for place in touched if id(place) not in self.opened], MOVED)
        insert_rows(self.messages)
        for rows in (self.references, self.attachments, self.invitations, self.waits):
            insert_rows(rows, with_ids=False)
        _note_last_messages(touched)
        index.put(
            "conversation", [(place.pk, place.subject) for place in touched if id(place) in self.opened]
        )
        index.put("message", [(each.pk, f"{each.subject} {each.text_new}") for each in self.messages])
        emit(*map(self._event, self.messages))
        self.open_waits.update({wait.conversation_id: wait for wait in self.waits})
        self._clear()

    def _place_of(self, raw: Raw, incoming: IncomingMessage) -> Place:
        if incoming.bounce is not None:
            delivery = record_bounce(bounce=incoming.bounce, at=self.at)
            message = Message.objects.filter(delivery=delivery).first() if delivery else None
            if message is not None:
                place = living(message.conversation)
                locked = Conversation.objects.select_for_update(of=("self",)).select_related(
                    "customer", "channel__mailbox"
                )
                return Place(self._same_object(locked.get(pk=place.pk)), ())
        return find_place(incoming, raw.channel_id, self.known, hints_in(raw, incoming))

    def _same_object(self, conversation: Conversation) -> Conversation:
        # Two objects for one row would overwrite each other's counts.
        return self.known.conversations.setdefault(conversation.pk, conversation)

    def _open(self, message: Message, identity: Identity) -> Conversation:
        conversation = Conversation(
            channel=message.channel,
            customer=identity.customer,
            subject=message.subject,
            state=Conversation.State.DONE,
            due_at=message.happened_at,
            is_machine=bool(message.automatic),
            last_message_at=message.happened_at,
            created_at=self.at,
        )
        self.opened.add(id(conversation))
        self.conversations[id(conversation)] = conversation
        return conversation

    def _join(self, one: Conversation, other: Conversation, silent: bool) -> Conversation:
        self.write()
        kept = join_conversations(
            kept=Conversation.objects.select_for_update().get(pk=one.pk),
            joined=Conversation.objects.select_for_update().get(pk=other.pk),
            at=self.at,
            silent=silent,
        )
        kept = Conversation.objects.select_related("customer", "channel__mailbox").get(pk=kept.pk)
        for old in (one, other):
            self.known.replace(old, kept)
        self.known.conversations[kept.pk] = kept
        if {one.pk, other.pk} & self.answered:
            self.answered.add(kept.pk)
        wait = Wait.objects.filter(conversation=kept, answered_at=None, dropped_at=None).first()
        if wait:
            self.open_waits[kept.pk] = wait
        return kept

    def _add(
        self, message: Message, named: list[str], hints: list[str], attachments: list[Attachment]
    ) -> None:
        self.messages.append(message)
        self.references += reference_rows(message, named, hints)
        for attachment in attachments:
            attachment.message = message
        self.attachments += attachments
        self.known.add(message, message.conversation, named, hints)
        self.conversations[id(message.conversation)] = message.conversation

    def _advance(
        self,
        conversation: Conversation,
        message: Message,
        attachments: list[Attachment],
        silent: bool,
        *,
        is_root: bool,
    ) -> None:
        conversation.message_count += 1
        conversation.file_count += sum(not file.is_inline for file in attachments)
        if message.happened_at >= conversation.last_message_at or conversation.message_count == 1:
            conversation.last_message_at = message.happened_at
            conversation.preview = preview_of(message.text_new or message.text)
        elif is_root and message.subject:
            # The message that began the matter came late: it says what the matter is called.
            conversation.subject = message.subject
            if conversation.pk:
                index.put("conversation", [(conversation.pk, conversation.subject)])
        if message.automatic:
            return
        conversation.is_machine = False
        if not silent and message.direction == Message.Direction.IN:
            wait = self._wait(conversation, message)
            conversation.state = Conversation.State.WAITING
            conversation.due_at = wait.due_at
            conversation.waiting_since = wait.started_at

    def _wait(self, conversation: Conversation, message: Message) -> Wait:
        found = self.open_waits.get(conversation.pk) or self.waiting_new.get(id(conversation))
        if found:
            return found
        wait = new_wait(
            conversation,
            message,
            self.calendar_at(message.happened_at),
            answered_before=conversation.pk in self.answered,
            theirs=self.promised.get(conversation.customer_id),
        )
        self.waits.append(wait)
        self.waiting_new[id(conversation)] = wait
        return wait

    def _event(self, message: Message) -> MessageArrived:
        conversation = message.conversation
        return MessageArrived(
            happened_at=message.happened_at,
            customer_id=conversation.customer_id,
            silent=bool(message.raw and message.raw.is_silent),
            conversation_id=conversation.pk,
            message_id=message.pk,
            channel_id=message.channel_id,
            opens=id(conversation) in self.opened and self._is_first(message),
            automatic=bool(message.automatic),
        )

    def _is_first(self, message: Message) -> bool:
        return next(each for each in self.messages if each.conversation is message.conversation) is message


def _people(arrivals: Sequence[Arrived], at: datetime) -> Mapping[str, Identity]:
    parties = [other_side(raw, incoming) for raw, incoming in arrivals]
    return recognise_customers(
        kind="email", parties=[(party.address or "", party.name) for party in parties], at=at
    )


def _note_last_messages(conversations: Sequence[Conversation]) -> None:
    """The last message of a person, against which replies are checked. Its number is known only now."""
    spoken = Message.objects.filter(
        Q(direction=Message.Direction.IN) | Q(direction=Message.Direction.OUT),
        conversation=OuterRef("pk"),
        automatic="",
        undone_at=None,
    )
    newest = spoken.order_by().values("conversation").annotate(newest=Max("pk")).values("newest")
    Conversation.objects.filter(pk__in=[place.pk for place in conversations]).update(
        last_message_id=Coalesce(Subquery(newest), 0)
    )
    numbers = dict(
        Conversation.objects.filter(pk__in=[place.pk for place in conversations]).values_list(
            "pk", "last_message_id"
        )
    )
    for place in conversations:
        place.last_message_id = numbers[place.pk]


def _mark(arrivals: Sequence[Arrived], taken: Sequence[TakenIn]) -> None:
    for state, had_message in ((Raw.State.TAKEN, True), (Raw.State.DOUBLE, False)):
        ids = [
            raw.pk
            for (raw, _), each in zip(arrivals, taken, strict=True)
            if (each.message is not None) is had_message
        ]
        if ids:
            Raw.objects.filter(pk__in=ids, state=Raw.State.NEW).update(
                state=state, reason="", claimed_until=None, claimed_by=None
            )
