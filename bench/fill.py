"""A desk with many conversations, written in bulk in the shape that the program itself would write.

    python bench/fill.py FOLDER --conversations 200000          a data folder; `dangol --data FOLDER up` serves it

The conversations go back in time at a pace (`--a-day`), as those of a shop do: a million of them are many years. A
hundredth of them waits (60 at least), a customer has four, a fifth of all is Korean. 150,000 messages are made one by
one; what is wanted beyond that are copies of those, some years later, by other people. From 100,000 conversations on
one customer has 10,000 of them, and one conversation has 1,000 messages.
"""

import argparse
import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import Corpus

BATCH = 2_000
MADE = 50_000  # conversations that are made one by one
A_DAY = 200
GIANTS_FROM = 100_000
GIANT_CUSTOMER = 10_000  # conversations
GIANT_CONVERSATION = 1_000  # messages
STAFF = 5
BENCH = "bench@moonburger.test"


@dataclass(frozen=True)
class Person:
    """A customer, with the identity that they write from."""

    id: int
    identity: int
    name: str
    address: str
    is_korean: bool


def fill(conversations: int, *, a_day: int = A_DAY, seed: int = 7, search: bool = False) -> None:
    """Write so many conversations of three messages each into a database that is set up and has none.

    With their customers, raw mails, deliveries, references, waits and events; the search index if wanted.
    """
    from bulk import in_bulk
    from copies import copy_rows, give_one_customer
    from django.db import transaction

    made = min(MADE, conversations)
    times = conversations // made
    if made * times != conversations:
        raise ValueError(f"more than {MADE:,} conversations are a multiple of that")
    writer = _Writer(conversations, made, a_day, seed)
    with in_bulk([sheet.model for sheet in writer.sheets]):
        numbers = iter(range(made))
        while batch := list(islice(numbers, BATCH)):
            with transaction.atomic():
                writer.write(batch)
            _say(f"{batch[-1] + 1:,} of {conversations:,} conversations")
        for number in range(1, times):
            with transaction.atomic():
                copy_rows(writer.sheets, number, shift=made * writer.step)
            _say(f"{(number + 1) * made:,} of {conversations:,} conversations")
        if conversations >= GIANTS_FROM:
            with transaction.atomic():
                give_one_customer(conversations // GIANT_CUSTOMER)
                writer.write_long_conversation()
        _say("indexes")
    if search:
        make_findable()
    _say("")


def make_findable() -> None:
    """Put all messages, subjects and people into the search index."""
    from django.db import transaction
    from django.db.models import F, Value
    from django.db.models.functions import Concat

    from dangol.customers.models import Identity
    from dangol.inbox.models import Conversation, Message
    from dangol.search import index

    for kind, rows in (
        (
            "customer",
            Identity.objects.values_list("customer_id", Concat("customer__name", Value(" "), "address")),
        ),
        ("conversation", Conversation.objects.values_list("id", "subject")),
        ("message", Message.objects.values_list("id", Concat("subject", Value(" "), F("text_new")))),
    ):
        last = 0
        while texts := list(rows.filter(id__gt=last).order_by("id")[:BATCH]):
            with transaction.atomic():
                index.put(kind, texts)
            last = texts[-1][0]
            _say(f"searchable: {kind} {last:,}")


class _Writer:
    def __init__(self, conversations: int, made: int, a_day: int, seed: int) -> None:
        from bulk import Sheet

        from dangol.channels.models import Channel, Delivery, DeliveryRecipient, Mailbox, Raw
        from dangol.customers.models import Customer, Identity
        from dangol.inbox.models import Conversation, Message, Reference, Wait
        from dangol.kernel import clock
        from dangol.kernel.models import Event
        from dangol.staff.models import Staff

        self.chance = random.Random(seed)
        self.corpus = Corpus(self.chance, 0.2, sentences=50_000)
        self.now = clock.now()
        self.total, self.made, self.step = conversations, made, timedelta(days=1) / a_day
        self.waits_each = min(100, made // 60)  # enough for a full page of the list in the smallest desk too
        self.channel = Channel.objects.create(
            name="bench", created_at=self.now, promised_first_seconds=1800, promised_next_seconds=3600
        )
        Mailbox.objects.create(channel=self.channel, address=BENCH, outgoing=Mailbox.Outgoing.KEPT)
        self.staff = [
            Staff.objects.create_user(
                f"bench{number}@moonburger.test", "a long enough word", name=f"Bench {number}", role="owner"
            )
            for number in range(STAFF)
        ]
        at, channel = self.now - conversations * self.step, self.channel  # copies are later
        self.customers = Sheet(Customer, "id", "uid", "name", created_at=at)
        self.identities = Sheet(
            Identity, "id", "address", "shown", "customer_id", kind="email", created_at=at
        )
        self.conversations = Sheet(
            Conversation,
            *("id", "uid", "customer_id", "subject", "state", "assignee_id", "due_at", "waiting_since"),
            *("preview", "message_count", "last_message_at", "last_message_id", "created_at"),
            channel=channel,
        )
        self.messages = Sheet(
            Message,
            *("id", "uid", "conversation_id", "direction", "happened_at", "staff_id", "identity_id"),
            *("from_name", "from_address", "to", "subject", "text", "text_new", "html", "message_id"),
            *("references", "dedupe_key", "raw_id", "delivery_id"),
            channel=channel,
        )
        self.references = Sheet(Reference, "id", "message_id", "digest", "is_own_id", channel=channel)
        self.raws = Sheet(
            *(Raw, "id", "key", "body", "received_at", "stored_at"),
            size=900, source="imap", state="taken", channel=channel,
        )  # fmt: skip
        self.deliveries = Sheet(
            *(Delivery, "id", "uid", "message_id", "body", "created_at", "due_at", "sent_at"),
            size=900, kind="reply", state="sent", tries=1, envelope_from=BENCH, channel=channel,
        )  # fmt: skip
        self.recipients = Sheet(
            *(DeliveryRecipient, "id", "delivery_id", "address", "changed_at"), role="to", state="accepted"
        )
        self.waits = Sheet(
            *(
                Wait,
                "id",
                "conversation_id",
                "kind",
                "message_id",
                "started_at",
                "promised_seconds",
                "due_at",
            ),
            *("answered_at", "answer_id", "answered_by_id", "wall_seconds", "opening_seconds", "is_kept"),
            "dropped_at",
            channel=channel,
        )
        self.events = Sheet(
            Event, "id", "name", "happened_at", "recorded_at", "actor_id", "customer_id", "data"
        )
        self.sheets = [
            *(
                self.customers,
                self.identities,
                self.conversations,
                self.raws,
                self.deliveries,
                self.recipients,
            ),
            *(self.messages, self.references, self.waits, self.events),
        ]
        self.bodies = [
            Raw.fields_for(f"Subject: x\n\n{text}".encode())["body"]
            for text in islice(self.corpus.mails(), 500)
        ]
        self.people: list[Person] = []

    def write(self, numbers: list[int]) -> None:
        """Write a batch of conversations, their messages in the order in which they came."""
        messages = []
        for number in numbers:
            messages += self._conversation(number)
        messages.sort(key=lambda each: (each[0], each[1].id, each[2]))
        self._finish(messages)

    def write_long_conversation(self) -> None:
        """A thousand messages between two people who never come to an end."""
        person = self._person()
        began = self.now - timedelta(days=40)
        at = [
            began + timedelta(hours=number // 2, minutes=9 * (number % 2))
            for number in range(GIANT_CONVERSATION)
        ]
        place = self._place(person, began, at[-1], "answered", "A long story", GIANT_CONVERSATION, None)
        self._finish([(each, place, number, number % 2 == 1, person, None) for number, each in enumerate(at)])

    def _conversation(self, number: int) -> Iterator[tuple]:  # type: ignore[type-arg]
        chance = self.chance
        person = self._person()
        began = self.now - (self.total - number) * self.step
        waits = number % self.waits_each == 0
        state = "waiting" if waits else chance.choices(("answered", "done", "later"), (30, 66, 4))[0]
        staff = None if waits and chance.random() < 0.5 else chance.choice(self.staff)
        # What is over before the next copy begins lies in nobody's future.
        most = int((self.made - number) * self.step.total_seconds() / 3)
        answered = began + timedelta(seconds=min(int(chance.lognormvariate(6.5, 1)), most))
        # Either both of theirs come before the answer, or one comes behind it.
        other = answered + timedelta(seconds=min(chance.randrange(60, 50_000), most))
        if not waits and chance.random() < 0.5:
            other = began + (answered - began) / 2
        at = sorted([(began, False), (answered, True), (other, False)])
        subject = self.corpus.subject(person.is_korean)
        place = self._place(person, began, at[-1][0], state, subject, 3, staff if waits else None)
        for position, (each, is_ours) in enumerate(at):
            yield each, place, position, is_ours, person, staff

    def _place(self, person, began, last_at, state, subject, count, assignee):  # type: ignore[no-untyped-def]
        # The row is made when the number of its last message is known.
        pk = self.conversations.next_id
        self.conversations.next_id += 1
        return _Place(pk, person, began, last_at, state, subject, count, assignee, self._uid())

    def _finish(self, messages: list) -> None:  # type: ignore[type-arg]
        places: dict[int, _Place] = {}
        for at, place, position, is_ours, person, staff in messages:
            places[place.id] = place
            self._message(at, place, position, is_ours, person, staff or self.staff[0])
        from bulk import instant

        for place in places.values():
            self._waits(place)
            waiting = place.state == "waiting"
            due = place.open_since + timedelta(minutes=30) if waiting else place.last_at
            self.conversations.rows.append(
                (
                    *(place.id, place.uid, place.person.id, place.subject, place.state),
                    place.assignee.pk if place.assignee else None,
                    instant(due),
                    instant(place.open_since) if waiting else None,
                    " ".join(place.text[:160].split()),
                    place.count,
                    instant(place.last_at),
                    place.last_id,
                    instant(place.began),
                    *self.conversations.constants,
                )
            )
        for sheet in self.sheets:
            sheet.write()

    def _message(self, at, place, position, is_ours, person, staff):  # type: ignore[no-untyped-def]
        from bulk import instant

        said = instant(at)
        new = self.corpus.mail(person.is_korean, self.messages.next_id)
        quoted = place.text[:300].replace("\n", "\n> ")
        text = f"{new}\n\n> {quoted}" if quoted else new
        message_id = f"<{place.id}.{position}@{'moonburger' if is_ours else 'customers'}.test>"
        raw_id = delivery_id = None
        if is_ours:
            delivery_id = self.deliveries.add(
                self._uid(), message_id, self.chance.choice(self.bodies), said, said, said
            )
            self.recipients.add(delivery_id, person.address, said)
        else:
            key = hashlib.sha256(message_id.encode()).hexdigest()
            raw_id = self.raws.add(key, self.chance.choice(self.bodies), said, said)
        html = "" if is_ours or position else f"<html><body><p>{text}</p></body></html>"
        pk = self.messages.add(
            *(self._uid(), place.id, "out" if is_ours else "in", said, staff.pk if is_ours else None),
            *(None if is_ours else person.identity, staff.name if is_ours else person.name),
            BENCH if is_ours else person.address,
            f'[{{"name": "", "address": "{person.address if is_ours else BENCH}"}}]',
            *(place.subject, text, new, html, message_id, json.dumps(place.message_ids[-10:])),
            None if is_ours else hashlib.sha256(f"dedupe{message_id}".encode()).hexdigest(),
            *(raw_id, delivery_id),
        )
        for name in (message_id, *place.message_ids[-10:]):
            digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
            self.references.add(pk, digest, name is message_id)
        data = {"conversation_id": place.id, "message_id": pk}
        if is_ours:
            first = place.heard[0][0] if place.heard else at
            seconds = int((at - first).total_seconds())
            data |= {"waited_wall_seconds": seconds, "waited_opening_seconds": seconds}
            name = "ReplySent"
        else:
            data |= {"channel_id": self.channel.pk, "opens": position == 0, "automatic": False}
            name = "MessageArrived"
        self.events.add(name, said, said, staff.pk if is_ours else None, person.id, json.dumps(data))
        place.message_ids.append(message_id)
        place.text, place.last_id = new, pk
        if is_ours:
            if place.heard:
                place.answers.append((place.heard[0], (at, pk, staff)))
            place.heard = []
        else:
            place.heard.append((at, pk))

    def _waits(self, place):  # type: ignore[no-untyped-def]
        from bulk import instant

        for number, ((began, message), (at, answer, staff)) in enumerate(place.answers):
            promised, seconds = (3600, "next") if number else (1800, "first")
            due = began + timedelta(seconds=promised)
            waited = int((at - began).total_seconds())
            self.waits.add(
                *(place.id, seconds, message, instant(began), promised, instant(due), instant(at), answer),
                *(staff.pk, waited, waited, at <= due, None),
            )
        if place.heard:
            began, message = place.heard[0]
            place.open_since = began
            due = began + timedelta(minutes=30)
            dropped = None if place.state == "waiting" else instant(place.last_at)
            self.waits.add(
                *(
                    place.id,
                    "next" if place.answers else "first",
                    message,
                    instant(began),
                    1800,
                    instant(due),
                ),
                *(None, None, None, None, None, None, dropped),
            )
        if place.state == "done":
            closed = instant(place.last_at + timedelta(minutes=1))
            data = json.dumps({"conversation_id": place.id})
            self.events.add("ConversationClosed", closed, closed, self.staff[0].pk, place.person.id, data)

    def _person(self) -> Person:
        if self.people and self.chance.random() < 0.75:
            # Regulars: mostly among those that came lately, as people do.
            return self.people[-1 - int(self.chance.expovariate(1 / 2000)) % len(self.people)]
        is_korean = self.chance.random() < 0.2
        name = self.corpus.person(is_korean)
        number = self.customers.next_id
        word = self.chance.choice(self.corpus.english_rare)
        address = f"{word}{number}@{self.chance.choice(('example.com', 'naver.test', 'gmail.test'))}"
        pk = self.customers.add(self._uid(), name)
        person = Person(pk, self.identities.add(address, address, pk), name, address, is_korean)
        self.people.append(person)
        return person

    def _uid(self) -> str:
        return f"{self.chance.getrandbits(128):032x}"


class _Place:
    """A conversation that is being written."""

    def __init__(self, pk, person, began, last_at, state, subject, count, assignee, uid):  # type: ignore[no-untyped-def]
        self.id, self.person, self.began, self.last_at, self.state = pk, person, began, last_at, state
        self.subject, self.count, self.assignee, self.uid = subject, count, assignee, uid
        self.text, self.last_id = "", 0
        self.message_ids: list[str] = []
        self.heard: list[tuple[datetime, int]] = []  # of theirs, not answered yet
        self.answers: list = []  # type: ignore[type-arg]
        self.open_since = began


def set_up() -> None:
    """The business, as if somebody had been through the first visit."""
    from dangol.business.models import Business
    from dangol.kernel import clock

    Business.objects.create(
        name="Bench", time_zone="Asia/Seoul", set_up_step="", set_up_at=clock.now(), country="KR"
    )


def _say(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{words:<60}", end="", file=sys.stderr)


def main() -> None:
    """Fill a data folder and say how long it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--conversations", type=int, default=20_000)
    parser.add_argument("--a-day", type=int, default=A_DAY)
    parser.add_argument("--search", action="store_true", help="fill the search index as well")
    wanted = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
    os.environ["DANGOL_DATA"] = str(wanted.folder)
    from dangol.running import prepare

    prepare(quiet=True)
    set_up()
    began, busy = time.perf_counter(), time.process_time()
    fill(wanted.conversations, a_day=wanted.a_day, search=wanted.search)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    print(f"{wanted.conversations:,} conversations in {seconds:,.0f} s ({busy:,.0f} s of processor)")


if __name__ == "__main__":
    main()
