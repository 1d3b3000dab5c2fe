"""The promise clock: what starts a customer's wait, what ends it, when an answer is due and how long it took.

Pure. The calendar is the one in force; hours that change while a customer waits move what is due, and rewrite
nothing that was answered before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dangol.business.hours import Calendar, after_opening, opening_seconds

WITHOUT_PROMISE = 24 * 3600
"""Opening seconds after which an answer is due where nothing is promised: every wait has a place in the list."""

Direction = Literal["in", "out", "note"]


@dataclass(frozen=True)
class Waited:
    """How long a customer waited, in seconds on the clock on the wall and in seconds in which the business was open."""

    wall_seconds: int
    opening_seconds: int


@dataclass(frozen=True)
class Remaining:
    """Opening seconds until an answer is due or, if it is overdue, since it was."""

    seconds: int
    is_overdue: bool


def starts_wait(*, direction: Direction, is_automatic: bool, is_waiting: bool) -> bool:
    """Whether a message starts the clock: a customer's own words, unless the customer waits already.

    A second message does not start it again, or a customer who asks twice would seem to have waited less.
    """
    return direction == "in" and not is_automatic and not is_waiting


def counts_as_answer(*, direction: Direction, by_staff: bool, is_automatic: bool, to_customer: bool) -> bool:
    """Whether a message ends the wait: a person of the staff writes to the customer.

    Never an automatic one, never a note, never one that goes to somebody else only (a supplier, a colleague).
    It counts when it leaves, not when it is clicked: what is undone or cannot be sent answered nobody.
    """
    return direction == "out" and by_staff and not is_automatic and to_customer


def due_at(calendar: Calendar, started_at: datetime, promised_seconds: int | None) -> datetime:
    """The instant, in UTC, by which an answer has to leave: so many opening seconds after the wait began.

    Without a promise it is 24 opening hours. A business that never opens is held to the wall clock.
    """
    seconds = WITHOUT_PROMISE if promised_seconds is None else promised_seconds
    return after_opening(calendar, started_at, seconds)


def waited(calendar: Calendar, started_at: datetime, answered_at: datetime) -> Waited:
    """How long it took, in whole seconds; nothing when the answer came before the question (clocks differ)."""
    # Not answered_at - started_at: two local times of one zone subtract as the hands of the clock stand.
    wall = int(answered_at.timestamp() // 1) - int(started_at.timestamp() // 1)
    return Waited(max(wall, 0), opening_seconds(calendar, started_at, answered_at))


def is_kept(due: datetime, answered_at: datetime) -> bool:
    """Whether the answer left by the instant at which it was due, that instant included.

    An instant, not a number of seconds, decides: it is what the page showed, and an answer that was due at
    closing time is late at night although the business was closed since.
    """
    return answered_at <= due


def remaining(calendar: Calendar, at: datetime, due: datetime) -> Remaining:
    """How long is left, or how long it is overdue, in opening seconds: what is shown beside a conversation."""
    if at <= due:
        return Remaining(opening_seconds(calendar, at, due), is_overdue=False)
    return Remaining(opening_seconds(calendar, due, at), is_overdue=True)
