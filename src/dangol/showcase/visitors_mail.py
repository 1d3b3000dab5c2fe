"""What the simulated customers write: a new matter, or an answer to the mail that lies before them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parseaddr
from random import Random

from dangol.channels.incoming import Party
from dangol.channels.models import Channel, Mailbox
from dangol.showcase import odd_letters, people, pictures
from dangol.showcase.letters import Got, write_letter
from dangol.showcase.open_matters import WRITE_BACK
from dangol.showcase.people import Person
from dangol.showcase.voices import VOICES
from dangol.showcase.words import fill, letter_text, pick_matter


@dataclass(frozen=True)
class NewLetter:
    """A mail to one of the shop's mailboxes, and what it is about."""

    content: bytes
    channel: Channel
    topic: str


@dataclass(frozen=True)
class Back:
    """What a customer knows when writing back: the mail, to which address it came, how often before."""

    got: Got
    address: str
    replies_before: int
    topic: str


def new_letter(
    person: Person, channels: list[Channel], *, at: datetime, random: Random, unique: str
) -> NewLetter:
    """A new matter of the person, in the manner of the person's program."""
    voice = VOICES[person.language]
    matter, gaps = pick_matter(voice, random), fill(voice, random)
    channel = channels[-1] if matter.is_catering else channels[0]
    subject = random.choice(matter.subjects).format_map(gaps)
    text = letter_text(voice, random, random.choice(matter.asks), person.name, gaps)
    to = _party(channel.mailbox)
    message_id = f"{unique}@{person.address.rpartition('@')[2]}"
    shows = {"packaging": pictures.torn_box, "cold": pictures.cold_burger}.get(matter.topic)
    if person.program == "naver" and random.random() < 0.4:
        charset = random.choice(("euc-kr", "iso-2022-kr"))
        content = odd_letters.in_charset(
            charset, person, to=to, subject=subject, text=text, at=at, message_id=message_id
        )
    elif person.program == "gmail" or shows:
        content = odd_letters.with_html(
            person,
            to=to,
            subject=subject,
            text=text,
            at=at,
            message_id=message_id,
            has_text=random.random() < 0.8,
            pictures={"photo.png": shows()} if shows else {},
        )
    else:
        content = write_letter(
            person, to=to, subject=subject, text=text, at=at, message_id=message_id
        ).content
    return NewLetter(content, channel, matter.topic)


def newsletter_for(mailbox: Mailbox, at: datetime) -> bytes:
    """What a supplier sends to everybody."""
    return odd_letters.newsletter(
        to=_party(mailbox), at=at, message_id=f"autumn-{at:%Y%m%d%H%M%S}@hangang-packaging.example"
    )


def write_back(back: Back, *, at: datetime, random: Random) -> bytes | None:
    """What the customer answers, some seconds later; None where the customer leaves it at that."""
    got, person = back.got, _recipient(back)
    voice = VOICES[person.language]
    message_id = f"{random.getrandbits(80):020x}@{person.address.rpartition('@')[2]}"
    own = WRITE_BACK.get(person.address, ())
    chance = random.random()
    if back.replies_before < len(own):
        text = own[back.replies_before]
    elif chance < 0.04:
        return odd_letters.out_of_office(person, got, at=at, message_id=message_id)
    elif chance < 0.55 - 0.15 * back.replies_before:
        text = random.choice(voice.thanks)
    elif chance < 0.85 - 0.25 * back.replies_before:
        matter = voice.matter(back.topic)
        asked_on = [more for more, _answer in matter.more] if matter else []
        text = random.choice(asked_on or voice.asked_on).format_map(fill(voice, random))
    else:
        return None
    if person.program == "gmail":
        return odd_letters.with_html(
            person, to=got.sender, subject=got.subject, text=text, at=at, message_id=message_id, answers=got
        )
    return write_letter(
        person, to=got.sender, subject=got.subject, text=text, at=at, message_id=message_id, answers=got
    ).content


def read_mail(content: bytes) -> Got:
    """A mail as a customer's program reads it."""
    mail = message_from_bytes(content, policy=default)
    body = mail.get_body(("plain",))
    name, address = parseaddr(str(mail["From"]))
    to_name, to_address = parseaddr(str(mail["To"] or ""))
    reply_to = parseaddr(str(mail["Reply-To"] or ""))[1]
    date = mail["Date"].datetime if mail["Date"] else datetime.now(UTC)
    return Got(
        sender=Party(name or None, address),
        to=Party(to_name or None, to_address),
        at=date,
        subject=str(mail["Subject"] or ""),
        text=str(body.get_content()) if body else "",
        message_id=str(mail["Message-ID"]).strip("<> "),
        references=[each.strip("<>") for each in str(mail["References"] or "").split()],
        reply_to=reply_to or None,
    )


def _recipient(back: Back) -> Person:
    got = back.got
    known = people.person_at(back.address)
    if known:
        return known
    is_korean = any("가" <= letter <= "힣" for letter in got.text.partition("\n\n")[0] + got.subject)
    name = got.to.name or back.address.partition("@")[0]
    return Person(name, back.address, "ko" if is_korean else "en", "plain")


def _party(mailbox: Mailbox) -> Party:
    return Party(mailbox.from_name or None, mailbox.address)
