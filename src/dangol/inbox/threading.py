"""Which conversation a message belongs to.

In this order: our signed token in an address it was sent to; every Message-ID it names, newest first, by our
signed token or by what we have seen; messages that came before it and name it (a late parent joins its
children); a token in the subject, and that only from somebody who already takes part. Whoever knows a
Message-ID has the mail; whoever knows a subject may be anybody.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from dangol.channels.email import tokens
from dangol.channels.incoming import IncomingMessage
from dangol.channels.models import Channel
from dangol.inbox.models import Conversation, Message, Reference
from dangol.kernel.keys import derive_key

SHORTEST_ID = 6  # broken programs send ids such as "1" or "@": they name nothing
MOST_NAMED = 100  # of a References header that was blown up, the newest are enough


@dataclass(frozen=True)
class Place:
    """Where a message belongs: `found` first, and others that it shows to be the same matter."""

    found: Conversation | None
    same_matter: tuple[Conversation, ...]


def mail_key() -> bytes:
    """The key that signs conversation tokens in mail."""
    return derive_key(settings.DANGOL_SECRET, "mail")


def is_own_message_id(message_id: str) -> bool:
    """Whether the Message-ID was made and signed here."""
    return tokens.read_message_id(mail_key(), message_id) is not None


def find_place(incoming: IncomingMessage, channel: Channel) -> Place:
    """The conversation of the message, if there is one. Reads only; at most four queries."""
    key = mail_key()
    addresses = [*incoming.delivered_to, *(party.address or "" for party in (*incoming.to, *incoming.cc))]
    signed = [tokens.read_plus_address(key, address) for address in addresses]
    signed += [tokens.read_message_id(key, message_id) for message_id in named_ids(incoming)]
    by_token = list(dict.fromkeys(number for number in signed if number is not None))
    by_link = _linked(incoming, channel)
    subject = tokens.read_subject(key, incoming.subject or "") if not (by_token or by_link) else None
    wanted = [*by_token, *by_link, *([subject] if subject else [])]
    if not wanted:
        return Place(None, ())
    rows = Conversation.objects.select_related("customer", "channel").in_bulk(wanted)
    if subject is not None and subject in rows and not _takes_part(rows[subject], incoming.sender.address):
        return Place(None, ())
    found = list(
        {place.pk: place for number in wanted if number in rows for place in [living(rows[number])]}.values()
    )
    if not found:
        return Place(None, ())
    linked = {living(rows[number]).pk for number in by_link if number in rows}
    same = tuple(
        place for place in found[1:] if place.pk in linked and place.channel_id == found[0].channel_id
    )
    return Place(found[0], same)


def named_ids(incoming: IncomingMessage) -> list[str]:
    """The Message-IDs that the message names, In-Reply-To first, then References from the newest."""
    named = [*([incoming.in_reply_to] if incoming.in_reply_to else []), *reversed(incoming.references)]
    return [name for name in dict.fromkeys(named) if len(name) >= SHORTEST_ID][:MOST_NAMED]


def reference_rows(message: Message, incoming_ids: Iterable[str]) -> list[Reference]:
    """Unsaved rows by which later messages find this one."""
    own = [message.message_id] if len(message.message_id) >= SHORTEST_ID else []
    named = [name for name in incoming_ids if name not in own]
    return [
        Reference(
            message=message, channel_id=message.channel_id, digest=digest_of(name), is_own_id=name in own
        )
        for name in [*own, *named]
    ]


def digest_of(message_id: str) -> str:
    """A short, equally long name for any Message-ID, letter case kept (RFC 5322 compares exactly)."""
    return hashlib.blake2b(message_id.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def living(conversation: Conversation) -> Conversation:
    """The conversation that a merged one became, however many steps that took."""
    while conversation.merged_into_id is not None:
        conversation = Conversation.objects.select_related("customer", "channel").get(
            pk=conversation.merged_into_id
        )
    return conversation


def _linked(incoming: IncomingMessage, channel: Channel) -> list[int]:
    # Messages that bear an id named here, that name one named here (their common parent may come later, or
    # never), or that name this very one.
    named = {digest_of(name): place for place, name in enumerate(named_ids(incoming), start=1)}
    if incoming.message_id and len(incoming.message_id) >= SHORTEST_ID:
        named.setdefault(digest_of(incoming.message_id), 0)
    if not named:
        return []
    rows = Reference.objects.filter(channel=channel, digest__in=named).values_list(
        "digest", "is_own_id", "message__conversation_id"
    )
    ranked = sorted(rows, key=lambda row: (not row[1], named[row[0]], row[2]))
    return list(dict.fromkeys(conversation_id for _, _, conversation_id in ranked))


def _takes_part(conversation: Conversation, address: str | None) -> bool:
    if not address:
        return False
    wanted = address.lower()
    if living(conversation).customer.identities.filter(address=wanted).exists():
        return True
    messages = Message.objects.filter(conversation=living(conversation)).only("from_address", "to", "cc")
    return any(
        wanted == message.from_address.lower()
        or any(wanted == (party.get("address") or "").lower() for party in [*message.to, *message.cc])
        for message in messages
    )
