"""One message from outside, whatever channel brought it. Adapters make it; the inbox takes it in."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

Automatic = Literal["auto-reply", "bulk", "bounce", "own"]
Method = Literal["request", "cancel", "reply", "counter", "publish"]
Answer = Literal["yes", "no", "maybe", ""]


@dataclass(frozen=True)
class Party:
    """Somebody named on a message. `address` has its domain in lower case; None where none could be read."""

    name: str | None
    address: str | None


@dataclass(frozen=True)
class PutAt:
    """A file that holds bytes, with what is known of them. `path` is "" where they are stored already."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class IncomingAttachment:
    """A file that came along, decoded. `filename` is as the sender wrote it, without any folder.

    The bytes are `content` or, of a mail that was read in another process, a file on this machine (`put_at`).
    """

    filename: str | None
    content_type: str
    content: bytes
    is_inline: bool
    content_id: str | None
    put_at: PutAt | None = None

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the decoded bytes."""
        return self.put_at.sha256 if self.put_at else hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Length of the decoded bytes."""
        return self.put_at.size if self.put_at else len(self.content)


@dataclass(frozen=True)
class Bounce:
    """What a delivery report says. `status` is an RFC 3463 code such as 5.1.1; None where it was not said.

    `is_given_up`: what stood in the way may pass, but the server tries no more: the mail did not arrive and will not.
    """

    recipient: str | None
    status: str | None
    is_permanent: bool | None
    original_message_id: str | None
    is_given_up: bool = False


@dataclass(frozen=True)
class Guest:
    """Somebody invited, with the answer so far; "" for none."""

    party: Party
    answer: Answer


@dataclass(frozen=True)
class Appointment:
    """What a calendar file asks for, changes, calls off or answers.

    Times are instants in UTC. Of a whole day (`is_all_day`), and of a time in no zone (`is_local`), they are days
    and times of the clock written as if they were UTC; `ends_at` of days is the day after the last. `is_changed`: it
    was asked for before, and is otherwise now. `repeats` is daily, weekly, monthly, yearly or "".
    """

    method: Method
    uid: str
    title: str
    place: str
    organiser: Party | None
    guests: tuple[Guest, ...]
    starts_at: datetime
    ends_at: datetime | None
    is_all_day: bool
    is_local: bool
    is_changed: bool
    repeats: str


@dataclass(frozen=True)
class IncomingMessage:
    """A message in words that every channel shares. Missing things are None or empty, never invented.

    Message ids stand without angle brackets. `references` is oldest first, as in the header, without
    `in_reply_to`. `text_new` is `text` without quoted history and signature. `html` is sanitised.
    `no_answer` says why nothing automatic may ever answer this message, None when it may. `thread_index` and
    `thread_topic` are what Outlook calls the thread, see channels.email.thread_index.
    """

    subject: str | None
    sender: Party
    reply_to: tuple[Party, ...]
    to: tuple[Party, ...]
    cc: tuple[Party, ...]
    delivered_to: tuple[str, ...]
    date: datetime | None
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    text: str | None
    text_new: str | None
    html: str | None
    attachments: tuple[IncomingAttachment, ...]
    automatic: Automatic | None
    bounce: Bounce | None
    no_answer: str | None
    warnings: tuple[str, ...]
    thread_index: str | None = None
    thread_topic: str | None = None
    appointments: tuple[Appointment, ...] = ()
