"""What the desk's own templates show: plain values, made by queries.py."""

from dataclasses import dataclass
from datetime import datetime

from dangol.desk.playbooks import PlaybookView
from dangol.kernel.timeline import TimelineLine
from dangol.orders.queries import OrderRow


@dataclass(frozen=True)
class NavEntry:
    """An entry of the menu. `count_says` is what the number means, for those who hear it."""

    key: str
    url: str
    label: str
    icon: str
    is_current: bool
    count: str = ""
    count_says: str = ""


@dataclass(frozen=True)
class IdentityView:
    """An address of the customer."""

    kind: str
    address: str
    is_verified: bool
    id: int = 0
    kind_words: str = ""
    source: str = ""  # where it is from, in words
    may_be_removed: bool = False


@dataclass(frozen=True)
class OtherConversation:
    """Another matter of the same customer."""

    url: str
    subject: str
    state: str
    at: datetime


@dataclass(frozen=True)
class WishView:
    """A wish as pages show it. `may_decide` and `may_take_back` are for the one who looks."""

    id: int
    url: str
    title: str
    amount: str
    kind: str
    what: str
    cause: str
    state: str
    state_words: str
    customer: str
    customer_url: str
    conversation_id: int | None
    conversation_url: str
    order: str
    staff: str
    decided_by: str
    over: str
    at: datetime
    may_decide: bool
    may_take_back: bool
    is_fresh: bool  # given or asked for so shortly before that the one who looks may undo it at once


@dataclass(frozen=True)
class SuggestionView:
    """What is suggested to make good what the customer writes of. `limit` says what it is within or above, `booked` as
    what it is written into the ledger, and why."""

    key: str
    url: str
    other_url: str
    title: str
    amount: str
    limit: str
    booked: str
    is_asked: bool


@dataclass(frozen=True)
class WhoView:
    """The customer beside a conversation."""

    id: int
    talk_id: int
    url: str  # the customer's own page, "" where there is none
    name: str
    language: str
    prefers: str
    tags: tuple[str, ...]
    note: str  # the newest
    so_far: str  # how many conversations, and since when
    identities: tuple[IdentityView, ...]
    others: tuple[OtherConversation, ...]
    orders: tuple[OrderRow, ...]  # the last ones
    timeline: tuple[TimelineLine, ...]
    owed: tuple[WishView, ...]
    suggested: SuggestionView | None
    playbook: PlaybookView
    give_url: str
