"""Which conversation a message belongs to.

In this order: our signed token in an address it was sent to; every Message-ID it names, newest first, by our
signed token or by what we have seen; messages that came before it and name it (a late parent joins its
children); Outlook's Thread-Index, for mail whose references were cut, between messages of one person about one
topic; a token in the subject, and that only from somebody who already takes part. Whoever knows a Message-ID
has the mail; whoever knows a subject may be anybody.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import QuerySet

from dangol.channels.email import thread_index, tokens
from dangol.channels.incoming import IncomingMessage
from dangol.inbox.models import Conversation, Message, Reference
from dangol.kernel.db import read_rows
from dangol.kernel.keys import derive_key

SHORTEST_ID = 6  # broken programs send ids such as "1" or "@": they name nothing
MOST_NAMED = 100  # of a References header that was blown up, the newest are enough


@dataclass(frozen=True)
class Place:
    """Where a message belongs: `found` first, and others that it shows to be the same matter."""

    found: Conversation | None
    same_matter: tuple[Conversation, ...]


@dataclass
class Known:
    """What is known of the conversations that some arrivals may belong to; it grows as they are filed.

    `links`: by channel and digest of a Message-ID, who bears it (True) or names it (False), and whose that is;
    digests of hints are among those that are named.
    The conversations are locked until the transaction ends: what is changed on them here is not lost, and what
    people do to them meanwhile waits.
    """

    conversations: dict[int, Conversation] = field(default_factory=dict)
    links: dict[tuple[int, str], list[tuple[bool, Conversation, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def of(cls, arrivals: Sequence[tuple[int, IncomingMessage]], hints: Iterable[str] = ()) -> "Known":
        """All that there is for these (channel, message): two queries, and one for each that was merged."""
        known = cls()
        digests = {digest_of(name) for _, incoming in arrivals for name in ids_of(incoming)} | set(hints)
        rows = _references(digests, {channel for channel, _ in arrivals})
        wanted = {number for *_, number, _sender in rows}
        for _, incoming in arrivals:
            wanted.update(_signed(incoming))
            wanted.update(_in_subject(incoming))
        rows_by_number = {place.pk: place for place in _locked().filter(pk__in=wanted).order_by("pk")}
        alive = {place.pk: place for place in rows_by_number.values() if place.merged_into_id is None}
        for number, place in rows_by_number.items():
            kept = (
                place if place.merged_into_id is None else _locked().get(pk=living(place).pk)
            )  # one object for each conversation, however many numbers lead to it
            if kept.customer.erased_at is not None:
                continue  # our old mail names it still: whoever answers that is somebody new
            known.conversations[number] = alive.setdefault(kept.pk, kept)
        for channel, digest, is_own, number, sender in rows:
            if number not in known.conversations:
                continue
            known.links[channel, digest].append((is_own, known.conversations[number], sender.lower()))
        return known

    def add(
        self, message: Message, conversation: Conversation, named: Iterable[str], hints: Iterable[str] = ()
    ) -> None:
        """The message is filed: what comes after it may name it."""
        for is_own, digest in _digests(message.message_id, named, hints):
            self.links[message.channel_id, digest].append(
                (is_own, conversation, message.from_address.lower())
            )

    def replace(self, old: Conversation, new: Conversation) -> None:
        """A conversation became another one."""
        for rows in self.links.values():
            rows[:] = [(is_own, new if place is old else place, sender) for is_own, place, sender in rows]
        self.conversations = {
            number: new if place is old else place for number, place in self.conversations.items()
        }


def find_place(incoming: IncomingMessage, channel_id: int, known: Known, hints: Iterable[str] = ()) -> Place:
    """The conversation of the message, if there is one among those known. `hints` are its own."""
    by_token = [known.conversations[number] for number in _signed(incoming) if number in known.conversations]
    hinted = [place for hint in hints for _own, place, _sender in known.links.get((channel_id, hint), ())]
    by_link = _linked(incoming, channel_id, known) + hinted
    found = _distinct([*by_token, *by_link])
    if not found:
        for number in _in_subject(incoming):
            place = known.conversations.get(number)
            if place is not None and _takes_part(place, incoming.sender.address):
                return Place(place, ())
        return Place(None, ())
    linked = _distinct(by_link)
    same = [place for place in found[1:] if place in linked and place.channel_id == found[0].channel_id]
    return Place(found[0], tuple(same))


def mail_key() -> bytes:
    """The key that signs conversation tokens in mail."""
    return derive_key(settings.DANGOL_SECRET, "mail")


def is_own_message_id(message_id: str) -> bool:
    """Whether the Message-ID was made and signed here."""
    return tokens.read_message_id(mail_key(), message_id) is not None


def named_ids(incoming: IncomingMessage) -> list[str]:
    """The Message-IDs that the message names, In-Reply-To first, then References from the newest."""
    named = [*([incoming.in_reply_to] if incoming.in_reply_to else []), *reversed(incoming.references)]
    return [name for name in dict.fromkeys(named) if len(name) >= SHORTEST_ID][:MOST_NAMED]


def ids_of(incoming: IncomingMessage) -> list[str]:
    """The ids that it names and the one that it bears."""
    own = incoming.message_id or ""
    return [*named_ids(incoming), *([own] if len(own) >= SHORTEST_ID else [])]


def thread_hints(
    index: str | None, *, topics: Iterable[str | None], people: Iterable[str | None]
) -> list[str]:
    """Digests that two messages share when they are of one thread in Outlook, about one topic, and of one person.

    `people` is who wrote it or, of an answer of ours, to whom it went. So nobody joins what somebody else has
    begun, and which of two messages came first is without effect.
    """
    if not index:
        return []
    root = thread_index.root_of(index).hex()
    about = dict.fromkeys(thread_index.topic_of(topic).casefold() for topic in topics if topic is not None)
    addresses = dict.fromkeys(address.lower() for address in people if address)
    return [
        # A null character is in no Message-ID: nobody can name a hint among their references.
        digest_of("\0".join(("thread", root, topic, address)))
        for address in list(addresses)[:MOST_NAMED]
        for topic in about or ("",)
    ]


def reference_rows(message: Message, named: Iterable[str], hints: Iterable[str] = ()) -> list[Reference]:
    """Unsaved rows by which later messages find this one."""
    return [
        Reference(message=message, channel_id=message.channel_id, digest=digest, is_own_id=is_own)
        for is_own, digest in _digests(message.message_id, named, hints)
    ]


def hints_of(answer: Message) -> list[str]:
    """The hints of an answer of ours: it belongs to those it went to."""
    parties = [*answer.to, *answer.cc]
    return thread_hints(
        answer.thread_index,
        topics=[answer.subject],
        people=[str(party.get("address") or "") for party in parties],
    )


def answering_index(answer: Message, parent: Message | None) -> str:
    """The Thread-Index with which Outlook puts our answer behind `parent`.

    Where the parent has none, behind the newest message that has one; empty where nobody in the conversation
    uses Outlook: a thread of our own would part what Outlook puts together by References.
    """
    index = parent.thread_index if parent else ""
    if not index:
        others = Message.objects.filter(conversation=answer.conversation, undone_at=None).exclude(
            thread_index=""
        )
        newest = others.order_by("-happened_at", "-id").values_list("thread_index", flat=True).first()
        index = newest or ""
    return thread_index.child_of(index, answer.happened_at, answer.message_id) if index else ""


def digest_of(message_id: str) -> str:
    """A short, equally long name for any Message-ID, letter case kept (RFC 5322 compares exactly)."""
    return hashlib.blake2b(message_id.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def living(conversation: Conversation) -> Conversation:
    """The conversation that a merged one became, however many steps that took."""
    while conversation.merged_into_id is not None:
        conversation = Conversation.objects.select_related("customer", "channel__mailbox").get(
            pk=conversation.merged_into_id
        )
    return conversation


def lock_living(conversation_id: int) -> Conversation:
    """The conversation, or the one that it became, locked until the transaction ends.

    Two may be joined while somebody writes on the page of the one: what they do belongs to the other from then on.
    """
    row = living(Conversation.objects.get(pk=conversation_id))
    while True:
        row = Conversation.objects.select_for_update().get(pk=row.pk)
        if row.merged_into_id is None:
            return row
        row = living(row)  # joined between the two looks


def _locked() -> QuerySet[Conversation]:
    rows = Conversation.objects.select_related("customer", "channel__mailbox")
    return rows.select_for_update(of=("self",))


def _references(digests: Iterable[str], channels: Iterable[int]) -> list[tuple[int, str, bool, int, str]]:
    """(channel, digest, is its own, conversation, sender) of each message that bears or names one of these.

    Written out: of the hundreds of digests of a batch Django looks at each, which was a twelfth of all filing.
    """
    named, within = list(digests), list(channels)
    if not named:
        return []
    rows = read_rows(
        "SELECT r.channel_id, r.digest, r.is_own_id, m.conversation_id, m.from_address"  # noqa: S608 (marks alone)
        " FROM inbox_reference r"
        " JOIN inbox_message m ON m.id = r.message_id"
        f" WHERE r.digest IN ({_marks(named)}) AND r.channel_id IN ({_marks(within)}) ORDER BY r.id",
        [*named, *within],
    )
    return [(channel, digest, bool(is_own), place, sender) for channel, digest, is_own, place, sender in rows]


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _digests(own: str, named: Iterable[str], hints: Iterable[str]) -> list[tuple[bool, str]]:
    bears = [(True, digest_of(own))] if len(own) >= SHORTEST_ID else []
    names = [*(digest_of(name) for name in named if name != own), *hints]
    return bears + [(False, digest) for digest in names]


def _signed(incoming: IncomingMessage) -> list[int]:
    key = mail_key()
    addresses = [*incoming.delivered_to, *(party.address or "" for party in (*incoming.to, *incoming.cc))]
    read = [tokens.read_plus_address(key, address) for address in addresses if "+" in address]
    read += [tokens.read_message_id(key, message_id) for message_id in named_ids(incoming)]
    return [number for number in dict.fromkeys(read) if number is not None]


def _in_subject(incoming: IncomingMessage) -> list[int]:
    subject = incoming.subject or ""
    number = tokens.read_subject(mail_key(), subject) if "[#" in subject else None
    return [] if number is None else [number]


def _linked(incoming: IncomingMessage, channel_id: int, known: Known) -> list[Conversation]:
    # Messages that bear an id named here, then those that name this very one, then those that name one named
    # here: of a common parent that we do not have, only when the two know each other. Strangers who answer the
    # same newsletter are two matters.
    parties = (incoming.sender, *incoming.to, *incoming.cc)
    people = {(party.address or "").lower() for party in parties} - {""}
    bearing: list[Conversation] = []
    naming: list[Conversation] = []
    for name in ids_of(incoming):
        for is_own, place, sender in known.links.get((channel_id, digest_of(name)), ()):
            if not is_own:
                if name == incoming.message_id or sender in people:
                    naming.append(place)
            elif name != incoming.message_id:  # some programs give one id to many mails: that joins nothing
                bearing.append(place)
    return bearing + naming


def _distinct(places: Iterable[Conversation]) -> list[Conversation]:
    # By identity for those that are not saved yet: an unsaved model equals nothing but itself.
    return list({place.pk or id(place): place for place in places}.values())


def _takes_part(conversation: Conversation, address: str | None) -> bool:
    if not address:
        return False
    wanted = address.lower()
    if conversation.customer.identities.filter(address=wanted).exists():
        return True
    messages = Message.objects.filter(conversation=conversation).only("from_address", "to", "cc")
    return any(
        wanted == message.from_address.lower()
        or any(wanted == (party.get("address") or "").lower() for party in [*message.to, *message.cc])
        for message in messages
    )
