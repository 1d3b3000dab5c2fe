from dataclasses import dataclass

from dangol.kernel.events import Happened


@dataclass(frozen=True, kw_only=True)
class BusinessSetUp(Happened):
    """The first visit is over: gone through to its end, or the rest of it skipped."""


@dataclass(frozen=True, kw_only=True)
class BusinessChanged(Happened):
    """Name, country, language, currency or zone are others than before; the audit has the values."""


@dataclass(frozen=True, kw_only=True)
class HoursChanged(Happened):
    """The opening hours are others from now on: what is still open has another due time."""

    calendar_id: int
