"""An arrival as a message of ours: pure, but for the words of the models."""

import hashlib
from datetime import datetime
from typing import Any, Final

from dangol.channels.incoming import IncomingMessage, Party
from dangol.channels.models import Channel, Raw
from dangol.inbox.models import Invitation, Message
from dangol.inbox.threading import thread_hints

NOBODY: Final = "unknown@unknown.invalid"  # mail without any readable sender belongs to this one customer
MOST_REFERENCES: Final = 100
LONGEST_TEXT: Final = 500_000  # characters that are kept to read and to search; the raw mail keeps all


def dedupe_key(raw: Raw, incoming: IncomingMessage) -> str:
    """By what an arrival is the same as one before.

    The same mail by two ways differs in Received lines and list footers, not in these. Programs that give one
    Message-ID to many mails do not give them one date and subject as well.
    """
    if not incoming.message_id:
        return raw.key
    named = (incoming.message_id, incoming.sender.address, incoming.date, incoming.subject)
    return hashlib.sha256(repr(named).encode("utf-8", "surrogateescape")).hexdigest()


def message_from(raw: Raw, incoming: IncomingMessage, channel: Channel, key: str) -> Message:
    """The arrival as an unsaved message, without its conversation and identity."""
    return Message(
        channel=channel,
        direction=Message.Direction.OUT if is_sent_copy(raw, incoming) else Message.Direction.IN,
        happened_at=happened_at(raw, incoming),
        from_name=_one_line(incoming.sender.name, 200),
        from_address=_one_line(incoming.sender.address, 320),
        to=_parties(incoming.to),
        cc=_parties(incoming.cc),
        reply_to=_parties(incoming.reply_to),
        subject=_one_line(incoming.subject, 300),
        text=_storable(incoming.text),
        text_new=_storable(incoming.text_new),
        html=_storable(incoming.html, 4 * LONGEST_TEXT),
        message_id=(incoming.message_id or "")[:998],
        references=_chain(incoming),
        thread_index=incoming.thread_index or "",
        automatic=incoming.automatic or "",
        no_answer=(incoming.no_answer or "")[:40],
        dedupe_key=key,
        raw=raw,
    )


def invitations_of(message: Message, incoming: IncomingMessage) -> list[Invitation]:
    """The message's appointments as unsaved rows."""
    return [
        Invitation(
            message=message,
            method=each.method,
            title=_one_line(each.title, 300),
            place=_one_line(each.place, 300),
            organiser=next(iter(_parties((each.organiser,))), None) if each.organiser else None,
            guests=[
                {**party, "answer": guest.answer}
                for guest in each.guests
                for party in _parties((guest.party,))
            ],
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            is_all_day=each.is_all_day,
            is_local=each.is_local,
            is_changed=each.is_changed,
            repeats=each.repeats,
        )
        for each in incoming.appointments
    ]


def is_sent_copy(raw: Raw, incoming: IncomingMessage) -> bool:
    """Whether it is our own answer, written in another program.

    Only in an import, which the owner chose: on the way in, anybody can write our address as sender.
    """
    return raw.is_silent and (incoming.sender.address or "").lower() in raw.channel.mailbox.addresses


def hints_in(raw: Raw, incoming: IncomingMessage) -> list[str]:
    """By what else than a Message-ID the arrival is known to belong somewhere, see threading.thread_hints."""
    ours = is_sent_copy(raw, incoming)
    return thread_hints(
        incoming.thread_index,
        topics=(incoming.thread_topic, incoming.subject),
        people=[party.address for party in ((*incoming.to, *incoming.cc) if ours else (incoming.sender,))],
    )


def other_side(raw: Raw, incoming: IncomingMessage) -> Party:
    """The customer: who wrote it or, of our own answer, to whom it went. Always with an address."""
    party = incoming.sender
    if is_sent_copy(raw, incoming):
        party = next((to for to in incoming.to if to.address), Party(None, None))
    return party if party.address else Party(None, NOBODY)


def _chain(incoming: IncomingMessage) -> list[str]:
    """What an answer's References begin with (RFC 5322, 3.6.4); of a long chain the first and the newest."""
    ids = list(incoming.references or filter(None, [incoming.in_reply_to]))
    return ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[1 - MOST_REFERENCES :]]


def happened_at(raw: Raw, incoming: IncomingMessage) -> datetime:
    """When it was written or, of mail that just came, when the server had it."""
    # Live mail counts from when the server had it; a Date header is whatever the sender's clock said.
    if raw.is_silent and incoming.date is not None:
        return min(incoming.date, raw.stored_at)
    return raw.received_at


def _parties(parties: tuple[Party, ...]) -> list[dict[str, Any]]:
    return [
        {"name": _one_line(party.name, 200), "address": _one_line(party.address, 320)}
        for party in parties[:200]
    ]


def _one_line(text: str | None, most: int) -> str:
    return " ".join(_storable(text).split())[:most]


def _storable(text: str | None, most: int = LONGEST_TEXT) -> str:
    # PostgreSQL stores neither a null character nor half of a surrogate pair.
    return (text or "")[:most].replace("\x00", "").encode("utf-8", "replace").decode()
