"""How long customers waited, as figures. Pure: plain rows in, dataclasses out, each with the rows behind it.

A share never stands alone: `Share` carries its interval, and has no text without it.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import exp, floor, lgamma, log, sqrt
from typing import TypeVar
from zoneinfo import ZoneInfo

from dangol.kernel.shares import percent

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution: 95 % lie within this many deviations of the mean."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class WaitRow:
    """One wait. The last four are None while nobody has answered."""

    conversation_id: int
    mailbox_id: int
    started_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    wall_seconds: int | None = None
    opening_seconds: int | None = None
    is_kept: bool | None = None


@dataclass(frozen=True)
class Share:
    """So many of so many, and where the true share lies with 95 % confidence (Wilson's score interval)."""

    count: int
    total: int
    share: float
    low: float
    high: float

    def __str__(self) -> str:
        share, low, high = (percent(f"{each * 100:.0f}") for each in (self.share, self.low, self.high))
        return f"{share} ({low}–{high})"


@dataclass(frozen=True)
class Measures:
    """The figures of a group of waits. None where there is nothing to measure.

    Seconds are of those that were answered; `median_wall` and `ninetieth_wall` on the clock on the wall, the
    others in opening hours. `within` is of all whose time has come: those still waiting past their due time are
    broken promises, or leaving the worst unanswered would better the figure. `undecided` are in no share yet.
    """

    answered: int
    median: float | None
    ninetieth: float | None
    median_wall: float | None
    ninetieth_wall: float | None
    within: Share | None
    kept: tuple[int, ...]
    late: tuple[int, ...]
    undecided: tuple[int, ...]
    """The conversations, by id, in the order of the rows."""


def median(values: Iterable[float]) -> float | None:
    """The middle value, or half-way between the two in the middle; None of nothing."""
    return percentile(values, 50)


def percentile(values: Iterable[float], percent: float) -> float | None:
    """The value below which `percent` (0 to 100) of the values lie; None of nothing.

    Definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996)
    361-365: with the n values in order, position (n - 1) · percent / 100 counted from 0, linear in between. It is what
    spreadsheets (PERCENTILE.INC), NumPy, R and PostgreSQL (percentile_cont) give, so that a reader gets our figure.
    """
    if not 0 <= percent <= 100:
        raise ValueError("a percentile is between 0 and 100")
    ordered = sorted(values)
    if not ordered:
        return None
    position = (len(ordered) - 1) * percent / 100
    below = floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def median_range(values: Iterable[float]) -> tuple[float, float] | None:
    """Where the true median lies with at least 95 % confidence; None of fewer than six values, which can't tell.

    Two of the values themselves, whatever their distribution: W. R. Thompson, "On confidence ranges for the median
    and other expectation distributions for populations of unknown distribution form", Annals of Mathematical
    Statistics 7 (1936) 122-128.
    """
    ordered = sorted(values)
    size = len(ordered)
    trimmed = _most_trimmed(size)
    return (ordered[trimmed - 1], ordered[size - trimmed]) if trimmed > 0 else None


def _most_trimmed(size: int) -> int:
    # So many, counted from either end, that more than that many lie beyond the median in 2.5 of 100 cases at most:
    # the lower tail of the binomial distribution, walked up from a place that the normal one says is a little too low.
    def chance(count: int) -> float:
        return exp(lgamma(size + 1) - lgamma(count + 1) - lgamma(size - count + 1) - size * log(2))

    trimmed = max(floor((size - Z_95 * sqrt(size)) / 2) - 3, 0)
    below = 0.0
    for count in range(trimmed, -1, -1):
        term = chance(count)
        below += term
        if term < below * 1e-12:
            break
    while below <= 0.025:
        trimmed += 1
        below += chance(trimmed)
    return trimmed


def share_of(count: int, total: int) -> Share | None:
    """The share with its 95 % interval; None of nothing. Raises ValueError unless 0 <= count <= total.

    Score interval without continuity correction: E. B. Wilson, "Probable inference, the law of succession, and
    statistical inference", Journal of the American Statistical Association 22 (1927) 209-212.
    """
    if not 0 <= count <= total:
        raise ValueError("a share is of its total")
    if total == 0:
        return None
    share, z2 = count / total, Z_95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z_95 / (1 + z2 / total) * sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    # The formula gives 0 and 1 exactly at the ends; rounding must not push the interval off the share.
    low = 0.0 if count == 0 else min(max(middle - half, 0.0), share)
    high = 1.0 if count == total else max(min(middle + half, 1.0), share)
    return Share(count, total, share, low, high)


def measure(rows: Iterable[WaitRow], *, at: datetime) -> Measures:
    """The figures of these waits as they stand at the instant."""
    opening: list[int] = []
    wall: list[int] = []
    kept: list[int] = []
    late: list[int] = []
    undecided: list[int] = []
    for row in rows:
        if row.answered_at is not None:
            opening.append(_known(row.opening_seconds))
            wall.append(_known(row.wall_seconds))
            (kept if row.is_kept else late).append(row.conversation_id)
        else:
            (late if row.due_at < at else undecided).append(row.conversation_id)
    return Measures(
        answered=len(opening),
        median=median(opening),
        ninetieth=percentile(opening, 90),
        median_wall=median(wall),
        ninetieth_wall=percentile(wall, 90),
        within=share_of(len(kept), len(kept) + len(late)),
        kept=tuple(kept),
        late=tuple(late),
        undecided=tuple(undecided),
    )


def by_day(rows: Iterable[WaitRow], zone: str, *, at: datetime) -> dict[date, Measures]:
    """The figures of each day of the business, newest first; a wait belongs to the local day on which it began."""
    place = ZoneInfo(zone)
    groups = _grouped(rows, lambda row: row.started_at.astimezone(place).date())
    return {day: measure(groups[day], at=at) for day in sorted(groups, reverse=True)}


def by_mailbox(rows: Iterable[WaitRow], *, at: datetime) -> dict[int, Measures]:
    """The figures of each mailbox, by its id."""
    groups = _grouped(rows, lambda row: row.mailbox_id)
    return {mailbox: measure(groups[mailbox], at=at) for mailbox in sorted(groups)}


def _grouped(rows: Iterable[WaitRow], key: Callable[[WaitRow], Key]) -> dict[Key, Sequence[WaitRow]]:
    groups: dict[Key, list[WaitRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return dict(groups)


def _known(seconds: int | None) -> int:
    if seconds is None:
        raise ValueError("an answered wait has its seconds")
    return seconds
