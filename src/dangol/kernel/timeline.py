"""One line of a customer's timeline. Each app words its own events; the desk puts the lines together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

Tone = Literal["", "good", "warn", "bad", "accent"]


class Happened(NamedTuple):
    """What is told of an event, in place of its row: a page reads dozens."""

    pk: int
    name: str
    happened_at: datetime
    actor_id: int | None
    data: Any  # as of the event


@dataclass(frozen=True)
class TimelineLine:
    """What happened, about what, and where it can be seen; `tone` colours its dot, the words say the same."""

    at: datetime
    words: str
    about: str = ""
    tone: Tone = ""
    url: str = ""
    actor_id: int | None = None
