"""What the commands would have written, made in memory: the showcase's past in seconds instead of minutes.

Each method is one thing that happened, called in order of time; `rows` are then written in bulk. The
rules are those of the inbox itself wherever they can be asked without a database. A test plays the same scenes
through the commands and compares the rows.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from dangol.channels.events import DeliveryBounced, DeliverySent, MailSetAside
from dangol.channels.models import Channel, Delivery, DeliveryRecipient, Raw
from dangol.customers.commands import normal_address
from dangol.customers.models import Customer, Identity
from dangol.inbox import events
from dangol.inbox.arrivals import dedupe_key, message_from
from dangol.inbox.commands.replies import UNDO_SECONDS, mail_of, reply_from
from dangol.inbox.models import Attachment, Conversation, Draft, Message
from dangol.inbox.preview import preview_of
from dangol.inbox.threading import named_ids, reference_rows
from dangol.kernel.events import Happened
from dangol.showcase.letters import Letter
from dangol.showcase.press import HandPress, Press
from dangol.showcase.rows import Rows
from dangol.showcase.shop import Shop
from dangol.showcase.waits import Waits
from dangol.staff.models import Staff

_SECOND = timedelta(seconds=1)


class Recorder:
    """The past of one shop. Ids are given in order of time, from 1 on: it belongs into an empty database."""

    def __init__(self, shop: Shop, random: Random, press: Press | None = None) -> None:
        self.shop = shop
        self.press = press or HandPress()
        self.rows = Rows(random)
        self._random = random
        self._draft = Draft()  # used up by each reply, and written nowhere
        self._identities: dict[str, Identity] = {}
        self._waits = Waits(shop, self.rows)
        self._heard: dict[int, list[Message]] = defaultdict(list)  # what both sides have, by conversation

    def arrive(
        self, letter: Letter, *, channel: Channel, at: datetime, source: str, into: Conversation | None = None
    ) -> Message:
        """A mail came in and was filed, in a conversation of its own or in that one."""
        incoming, taken_at = letter.incoming, at + 2 * _SECOND
        raw = self.store(letter.content, channel=channel, at=at, source=source)
        raw.state, raw.tries = Raw.State.TAKEN, 1
        message = message_from(raw, incoming, channel, dedupe_key(raw, incoming))
        identity = self._recognise(incoming.sender.address or "", incoming.sender.name or "", taken_at)
        message.identity = identity
        opens = into is None
        conversation = into or self._open_conversation(message, identity, taken_at)
        message.conversation = conversation
        self.rows.add(message)
        self.rows.add_all(reference_rows(message, named_ids(incoming)))
        files = [Attachment.of(file) for file in incoming.attachments]
        for file in files:
            file.message = message
        self.rows.add_all(files)
        conversation.file_count += sum(not file.is_inline for file in files)
        self.rows.texts["message"].append((message.pk, f"{message.subject} {message.text_new}"))
        self._advance(conversation, message)
        self._heard[conversation.pk].append(message)
        self.rows.tell(
            events.MessageArrived(
                happened_at=at,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                message_id=message.pk,
                channel_id=channel.pk,
                opens=opens,
                automatic=bool(message.automatic),
            )
        )
        return message

    def reply(
        self, conversation: Conversation, *, staff: Staff, text: str, opened_at: datetime, at: datetime
    ) -> Message:
        """Somebody wrote an answer, pressed Send, and ten seconds later it left."""
        parent = self._parent(conversation)
        party = {"name": parent.from_name, "address": parent.from_address}
        self._draft.text, self._draft.to, self._draft.opened_at = text, [party], opened_at
        message = reply_from(
            self._draft, actor=staff, conversation=conversation, parent=parent, key=self.rows.uid(), at=at
        )
        message.delivery = self._deliver(message, at)
        mail = mail_of(message, parent=parent, business=self.shop.business)
        self.press.print(message.delivery, mail)
        self.rows.add_message(message)
        self.rows.add_all(reference_rows(message, ()))
        self.rows.texts["message"].append((message.pk, f"{message.subject} {message.text}"))
        conversation.state = Conversation.State.ANSWERED
        conversation.due_at = at
        conversation.last_message_id = message.pk
        conversation.last_message_at = at
        conversation.preview = preview_of(message.text)
        conversation.message_count += 1
        conversation.is_machine = False
        self._heard[conversation.pk].append(message)
        self._settle(message, opened_at)
        return message

    def add_note(self, conversation: Conversation, *, staff: Staff, text: str, at: datetime) -> Message:
        """A note for the team."""
        note = Message(
            conversation=conversation,
            channel=conversation.channel,
            direction=Message.Direction.NOTE,
            happened_at=at,
            staff=staff,
            text=text,
        )
        self.rows.add(note)
        self.rows.texts["message"].append((note.pk, text))
        self._tell(events.NoteAdded, conversation, staff, at, message_id=note.pk)
        return note

    def assign(self, conversation: Conversation, *, staff: Staff, to: Staff, at: datetime) -> None:
        """The conversation became somebody's."""
        conversation.assignee = to
        self._tell(events.ConversationAssigned, conversation, staff, at, assignee_id=to.pk)

    def postpone(self, conversation: Conversation, *, staff: Staff, until: datetime, at: datetime) -> None:
        """Put off until a time."""
        conversation.state, conversation.due_at = Conversation.State.LATER, until
        self._tell(events.ConversationPostponed, conversation, staff, at)

    def bring_back(self, conversation: Conversation, *, at: datetime) -> None:
        """The time of what was put off has come."""
        wait = self._waits.open_in(conversation)
        conversation.state = Conversation.State.WAITING
        conversation.waiting_since = wait.started_at if wait else conversation.due_at
        conversation.due_at = wait.due_at if wait else conversation.due_at
        self._tell(events.ConversationReturned, conversation, None, at)

    def close(self, conversation: Conversation, *, staff: Staff, at: datetime) -> None:
        """The matter is done; who still waited counts as not answered."""
        self._waits.drop(conversation, at)
        conversation.state, conversation.due_at = Conversation.State.DONE, at
        conversation.waiting_since = None
        self._tell(events.ConversationClosed, conversation, staff, at)

    def bounce(self, message: Message, letter: Letter, *, at: datetime) -> None:
        """A report came: the reply did not reach the customer, who waits again."""
        delivery, bounce = message.delivery, letter.incoming.bounce
        assert delivery is not None
        assert bounce is not None
        taken_at = at + 2 * _SECOND
        for row in self.rows.of(DeliveryRecipient):
            if row.delivery_id == delivery.pk:
                row.state, row.status = DeliveryRecipient.State.BOUNCED, bounce.status or ""
                row.changed_at = taken_at
        self.rows.tell(
            DeliveryBounced(happened_at=taken_at, delivery_id=delivery.pk, channel_id=delivery.channel_id)
        )
        conversation = message.conversation
        self.arrive(letter, channel=conversation.channel, at=at, source="showcase bounce", into=conversation)
        settled_at = taken_at + _SECOND
        wait = self._waits.resume(message)
        conversation.state = Conversation.State.WAITING
        conversation.due_at = wait.due_at if wait else settled_at
        conversation.waiting_since = wait.started_at if wait else settled_at
        self.rows.tell(
            events.ReplyFailed(
                happened_at=settled_at,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                message_id=message.pk,
            )
        )

    def set_aside(self, content: bytes, *, channel: Channel, reason: str, at: datetime) -> Raw:
        """A mail that could not be read waits in quarantine."""
        raw = self.store(content, channel=channel, at=at, source="showcase")
        raw.state, raw.tries, raw.reason = Raw.State.QUARANTINED, 1, reason
        self.rows.tell(MailSetAside(happened_at=at + 2 * _SECOND, raw_id=raw.pk, channel_id=channel.pk))
        return raw

    def store(self, content: bytes, *, channel: Channel, at: datetime, source: str) -> Raw:
        """The bytes as the fetcher stores them."""
        raw = Raw(
            channel=channel,
            key=hashlib.sha256(content).hexdigest(),
            source=source,
            received_at=at,
            stored_at=at + _SECOND,
            **Raw.fields_for(content),
        )
        return self.rows.add(raw)

    def _recognise(self, address: str, name: str, at: datetime) -> Identity:
        normal = normal_address(address)
        found = self._identities.get(normal)
        if found is None:
            customer = self.rows.add(Customer(name=name, created_at=at))
            found = self.rows.add(
                Identity(kind="email", address=normal, shown=address, customer=customer, created_at=at)
            )
            self._identities[normal] = found
            self.rows.texts["customer"].append((customer.pk, " ".join(filter(None, (name, normal)))))
        return found

    def _open_conversation(self, message: Message, identity: Identity, at: datetime) -> Conversation:
        conversation = Conversation(
            channel=message.channel,
            customer=identity.customer,
            subject=message.subject,
            state=Conversation.State.DONE,
            due_at=message.happened_at,
            is_machine=bool(message.automatic),
            last_message_at=message.happened_at,
            created_at=at,
        )
        self.rows.add(conversation)
        self.rows.texts["conversation"].append((conversation.pk, conversation.subject))
        return conversation

    def _advance(self, conversation: Conversation, message: Message) -> None:
        conversation.message_count += 1
        conversation.last_message_at = message.happened_at
        conversation.preview = preview_of(message.text_new or message.text)
        if message.automatic:
            return
        conversation.is_machine = False
        conversation.last_message_id = message.pk
        wait = self._waits.begin(conversation, message)
        conversation.state = Conversation.State.WAITING
        conversation.due_at, conversation.waiting_since = wait.due_at, wait.started_at

    def _deliver(self, message: Message, at: datetime) -> Delivery:
        due_at = at + timedelta(seconds=UNDO_SECONDS)
        delivery = Delivery(
            channel=message.channel,
            kind=Delivery.Kind.REPLY,
            message_id=message.message_id,
            envelope_from=message.from_address,
            state=Delivery.State.SENT,
            created_at=at,
            due_at=due_at,
            tries=1,
            sent_at=due_at + self._random.random() * _SECOND / 2,
        )
        self.rows.add(delivery)
        for party in message.to:
            self.rows.add(
                DeliveryRecipient(
                    delivery=delivery,
                    address=party["address"],
                    role=DeliveryRecipient.Role.TO,
                    state=DeliveryRecipient.State.ACCEPTED,
                    changed_at=delivery.sent_at,
                )
            )
        return delivery

    def _settle(self, message: Message, opened_at: datetime) -> None:
        conversation, delivery = message.conversation, message.delivery
        assert delivery is not None
        assert delivery.sent_at is not None
        self._tell(events.DraftOpened, conversation, message.staff, opened_at)
        self._tell(
            events.ReplyQueued, conversation, message.staff, message.happened_at, message_id=message.pk
        )
        self.rows.tell(
            DeliverySent(
                happened_at=delivery.sent_at, delivery_id=delivery.pk, channel_id=delivery.channel_id
            )
        )
        wait = self._waits.end(message, delivery.sent_at)
        self._tell(
            events.ReplySent,
            conversation,
            message.staff,
            delivery.sent_at,
            message_id=message.pk,
            waited_wall_seconds=wait.wall_seconds if wait else None,
            waited_opening_seconds=wait.opening_seconds if wait else None,
        )

    def _parent(self, conversation: Conversation) -> Message:
        heard = self._heard[conversation.pk]
        return next((one for one in reversed(heard) if not one.automatic), heard[-1])

    def _tell(
        self,
        event: Callable[..., Happened],
        conversation: Conversation,
        staff: Staff | None,
        at: datetime,
        **more: object,
    ) -> None:
        self.rows.tell(
            event(
                happened_at=at,
                actor_id=staff.pk if staff else None,
                customer_id=conversation.customer_id,
                conversation_id=conversation.pk,
                **more,
            )
        )
