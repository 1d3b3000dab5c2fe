"""What the templates of the inbox show: plain values, made by listing.py and reading.py, decided before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

Tone = Literal["", "good", "warn", "bad", "accent"]


@dataclass(frozen=True)
class Tab:
    """One of the lists. `count` is "" where none is kept, "1,000+" where there are more than anybody counts."""

    key: str
    label: str
    url: str
    count: str
    is_current: bool


@dataclass(frozen=True)
class Clock:
    """How a conversation stands with time. While waiting: since when and until when an answer was promised.

    `waited` is how long it has been, in words ("2 h 5 min"), "" for one that rests.
    """

    state: str
    since: datetime | None
    due_at: datetime
    warn_at: datetime | None
    is_late: bool
    is_near: bool
    is_promised: bool
    waited: str

    @property
    def tone(self) -> Tone:
        """The colour of its chip; the words beside it say the same."""
        return "bad" if self.is_late else "warn" if self.is_near else ""


@dataclass(frozen=True)
class Mark:
    """Something to know about a conversation before it is opened: "first time", "2 files"."""

    words: str
    tone: Tone = ""
    icon: str = ""


@dataclass(frozen=True)
class Item:
    """One line of the list. `key` is the id as text."""

    key: str
    url: str
    name: str
    subject: str
    clock: Clock
    marks: tuple[Mark, ...]
    is_current: bool


@dataclass(frozen=True)
class ListPage:
    """A page of the list. `url` loads the same page again; `next_url` and `first_url` are "" at the ends.

    Where no mail comes in yet, `is_unconnected`, and `connect_url` leads there for who may change that.
    """

    tab: str
    tabs: tuple[Tab, ...]
    items: tuple[Item, ...]
    url: str
    next_url: str
    first_url: str
    is_unconnected: bool
    connect_url: str


@dataclass(frozen=True)
class FileView:
    """A file of a message. A picture may be shown in the page; everything else is only ever saved."""

    id: int
    name: str
    size: int
    is_picture: bool


@dataclass(frozen=True)
class InvitationView:
    """An appointment that came along, in words."""

    tone: Tone
    head: str
    title: str
    when: str
    note: str  # what to know about the time, "" for nothing
    place: str
    organiser: str
    guests: str


@dataclass(frozen=True)
class Fate:
    """What became of a message of ours, or of one of its recipients."""

    tone: Tone
    icon: str
    words: str
    said: str = ""  # what the server said, in its own words
    at: datetime | None = None


@dataclass(frozen=True)
class MessageView:
    """One utterance. `text` is what is new in it; `rest` the quoted history and signature, folded."""

    id: int
    direction: Literal["in", "out", "note"]
    name: str
    address: str
    happened_at: datetime
    opens_day: bool
    text: str
    rest: str
    has_html: bool
    files: tuple[FileView, ...]
    invitations: tuple[InvitationView, ...]
    to: str
    cc: str
    bcc: str
    automatic: str  # in words, "" for a person
    doubt: Literal["", "person", "machine"]  # who may have written it after all, where people can say so
    is_undone: bool
    undo_until: datetime | None
    fates: tuple[Fate, ...]


@dataclass(frozen=True)
class LaterChoice:
    """A time to put a conversation off to, by the name that a form sends."""

    key: str
    label: str
    at: datetime


@dataclass(frozen=True)
class Colleague:
    """Somebody a conversation can be given to."""

    id: int
    name: str
    is_me: bool
    is_assignee: bool


@dataclass(frozen=True)
class ConversationPage:
    """A conversation as one person sees it, without the place to answer."""

    id: int
    subject: str
    channel: str
    address: str
    customer_id: int
    customer_name: str
    clock: Clock
    assignee: str
    colleagues: tuple[Colleague, ...]
    later_choices: tuple[LaterChoice, ...]
    later_earliest: str
    first: MessageView | None  # what it began with, where more lies between it and `messages`
    messages: tuple[MessageView, ...]
    earlier_url: str  # "" when the first message is shown
    later_url: str  # "" when the newest is
    newest_url: str
    since: str  # the place from which the newest are shown, while the page is open; "" for all, or for a page of them
    last_message_id: int

    @property
    def state(self) -> str:
        """waiting, answered, later or done."""
        return self.clock.state


@dataclass(frozen=True)
class ComposerView:
    """The place to answer. `base_message_id` is what the text was written against; `key` makes a click count once."""

    conversation_id: int
    key: str
    text: str
    is_note: bool
    to: str
    cc: str
    bcc: str
    sender: str
    signature: str
    base_message_id: int  # the number of no message on a page that does not show the newest
    version: int
    saved_at: datetime | None
    files: tuple[FileView, ...]
    is_behind: bool  # something came or went since the writing began
    last_message_id: int
    writers: tuple[str, ...]  # colleagues who are writing here now
    why_not: str  # why nothing can be sent, "" when it can
    store_key: str
    draft_url: str  # named by each button that keeps or changes it

    @property
    def to_whom(self) -> str:
        """Everybody who gets it, in words."""
        if not self.to:
            return _("To whom?")
        return ", ".join(filter(None, (_("To %(to)s") % {"to": self.to}, self.cc, self.bcc)))
