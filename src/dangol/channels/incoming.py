"""One message from outside, whatever channel brought it. Adapters make it; the inbox takes it in."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

Automatic = Literal["auto-reply", "bulk", "bounce", "own"]


@dataclass(frozen=True)
class Party:
    """Somebody named on a message. `address` has its domain in lower case; None where none could be read."""

    name: str | None
    address: str | None


@dataclass(frozen=True)
class IncomingAttachment:
    """A file that came along, decoded. `filename` is as the sender wrote it, without any folder."""

    filename: str | None
    content_type: str
    content: bytes
    is_inline: bool
    content_id: str | None

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the decoded bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Length of the decoded bytes."""
        return len(self.content)


@dataclass(frozen=True)
class Bounce:
    """What a delivery report says. `status` is an RFC 3463 code such as 5.1.1; None where it was not said."""

    recipient: str | None
    status: str | None
    is_permanent: bool | None
    original_message_id: str | None


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
