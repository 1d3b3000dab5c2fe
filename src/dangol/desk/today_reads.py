"""What Today says: one honest sentence, what only this person can do, and how the week went."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from dangol.business.hours import is_open, opening_seconds
from dangol.business.models import Business
from dangol.business.queries import calendar_at, current_business
from dangol.desk.alarms.queries import AlarmView, alarms_for
from dangol.desk.times_reads import list_url
from dangol.desk.today_jobs import Job, jobs_of
from dangol.inbox.duties import Talk, duties_of
from dangol.inbox.models import Wait
from dangol.inbox.wait_figures import Glance, read_glances
from dangol.inbox.waits import Waits, unanswered_count
from dangol.kernel.addresses import address
from dangol.kernel.db import read_rows
from dangol.kernel.durations import long_duration, short_duration
from dangol.kernel.timeline import Tone
from dangol.staff.models import Staff
from dangol.staff.rights import may

WEEK: Final = 7
# Small numbers of people are said as words; Korean counts people in its own.
NUMBERS: Final = (
    pgettext_lazy("so many people", "Two"),
    pgettext_lazy("so many people", "Three"),
    pgettext_lazy("so many people", "Four"),
    pgettext_lazy("so many people", "Five"),
    pgettext_lazy("so many people", "Six"),
    pgettext_lazy("so many people", "Seven"),
    pgettext_lazy("so many people", "Eight"),
    pgettext_lazy("so many people", "Nine"),
    pgettext_lazy("so many people", "Ten"),
)


@dataclass(frozen=True)
class Waiting:
    """Who waits. `how_long` is the longest wait in opening time, "" when it is all from closed hours."""

    count: int
    number: str
    longest: Talk | None
    how_long: str


@dataclass(frozen=True)
class AnsweredToday:
    """The first answers that left today: how many, how quick, how many in time; "" and None where there is nothing."""

    count: int
    median: str
    url: str
    in_time: int | None  # None where nothing is promised


@dataclass(frozen=True)
class Fact:
    """One figure of the week beside that of the week before. `change` is short for the eye, `says` for the ear."""

    label: str
    value: str
    range: str
    url: str
    change: str = ""
    says: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class TodayPage:
    """The whole page."""

    day_part: Literal["morning", "afternoon", "evening"]
    now: datetime
    is_new: bool  # no mailbox yet: nobody can write
    can_connect: bool
    waiting: Waiting
    answered: AnsweredToday
    alarms: tuple[AlarmView, ...]
    jobs: tuple[Job, ...]
    facts: tuple[Fact, ...]

    @property
    def loud_alarms(self) -> tuple[AlarmView, ...]:
        """Those that nobody said to know of: they come first on the page."""
        return tuple(alarm for alarm in self.alarms if not alarm.is_known)

    @property
    def known_alarms(self) -> tuple[AlarmView, ...]:
        """Those that somebody knows of."""
        return tuple(alarm for alarm in self.alarms if alarm.is_known)


def today_page(person: Staff, *, at: datetime, business: Business | None = None) -> TodayPage:
    """The page as this person sees it. The number of queries does not grow with what there is.

    With `business`, where it is known already.
    """
    local = timezone.localtime(at)
    business = business or current_business()
    day = at.astimezone(business.zone).date()
    today = Waits(day, day, business.zone)
    tomorrow = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    duties = duties_of(person, until=tomorrow, at=at)
    firsts, (week, before) = replace(today, kind=Wait.Kind.FIRST, by_answer=True), _weeks(today)
    answered, now, past = read_glances([firsts, week, before], at=at)
    return TodayPage(
        day_part="morning" if 4 <= local.hour < 12 else "afternoon" if 12 <= local.hour < 18 else "evening",
        now=local,
        is_new=not read_rows("SELECT 1 FROM channels_mailbox LIMIT 1"),
        can_connect=may(person, "change_mailboxes"),
        waiting=_waiting(duties.waiting_count, duties.longest, business, at),
        answered=_answered(answered, list_url(firsts)),
        alarms=alarms_for(person, at=at),
        jobs=jobs_of(person, duties, at=at),
        facts=tuple(_facts(week, now, past, duties.waiting_count, at)),
    )


def _weeks(today: Waits) -> tuple[Waits, Waits]:
    week = replace(today, first_day=today.last_day - timedelta(days=WEEK - 1))
    day_before = week.first_day - timedelta(days=1)
    return week, replace(week, first_day=day_before - timedelta(days=WEEK - 1), last_day=day_before)


def _waiting(count: int, longest: Talk | None, business: Business, at: datetime) -> Waiting:
    if longest is None:
        return Waiting(0, "", None, "")
    calendar = calendar_at(at, zone=business.time_zone)
    seconds = opening_seconds(calendar, longest.since, at)
    how_long = long_duration(seconds) if seconds >= 60 or is_open(calendar, at) else ""
    if how_long and (at - longest.since).total_seconds() - seconds >= 60:
        how_long = _("%(duration)s of opening time") % {"duration": how_long}
    number = str(NUMBERS[count - 2]) if 2 <= count < len(NUMBERS) + 2 else str(count)
    return Waiting(count, number, longest, how_long)


def _answered(figures: Glance, url: str) -> AnsweredToday:
    return AnsweredToday(
        count=figures.answered,
        median="" if figures.first_median is None else long_duration(figures.first_median),
        url=url,
        in_time=None if figures.unpromised == figures.answered else figures.kept,
    )


def _facts(week: Waits, now: Glance, past: Glance, waiting: int, at: datetime) -> Iterator[Fact]:
    if now.is_empty and past.is_empty and not waiting:
        return
    yield _median_fact(now, past, list_url(replace(week, kind=Wait.Kind.FIRST), "answered"))
    yield _promise_fact(now, past, list_url(week, "decided"))
    yield _count_fact(_("Answered"), now.answered, past.answered, list_url(week, "answered"))
    yield _waiting_fact(waiting, at)


def _median_fact(now: Glance, past: Glance, url: str) -> Fact:
    label = _("First answer, half within")
    if now.first_median is None:
        return Fact(label, "–", "", "")
    around = "" if now.first_middle is None else _span(now.first_middle)
    value = short_duration(now.first_median)
    if past.first_median is None:
        return Fact(label, value, around, url)
    less = past.first_median - now.first_median
    if abs(less) < 60:
        return Fact(label, value, around, url, "±0", _("as in the week before"))
    is_sure = bool(now.first_middle and past.first_middle and _are_apart(now.first_middle, past.first_middle))
    words = {"duration": long_duration(abs(less))}
    says = (
        _("%(duration)s less than in the week before")
        if less > 0
        else _("%(duration)s more than in the week before")
    )
    change = f"{'−' if less > 0 else '+'}{short_duration(abs(less))}"
    return Fact(label, value, around, url, change, says % words, _tone(less > 0) if is_sure else "")


def _promise_fact(now: Glance, past: Glance, url: str) -> Fact:
    label = _("Answered within the promise")
    if now.within is None:
        return Fact(label, "–", "", "")
    value, around = (
        f"{now.within.share * 100:.0f} %",
        f"{now.within.low * 100:.0f}–{now.within.high * 100:.0f}",
    )
    if past.within is None:
        return Fact(label, value, around, url)
    points = round(now.within.share * 100) - round(past.within.share * 100)
    is_sure = _are_apart((now.within.low, now.within.high), (past.within.low, past.within.high))
    change, says = _difference(points)
    return Fact(label, value, around, url, change, says, _tone(points > 0) if is_sure and points else "")


def _count_fact(label: str, now: int, past: int, url: str) -> Fact:
    change, says = _difference(now - past)
    return Fact(label, str(now), "", url, change, says)


def _waiting_fact(now: int, at: datetime) -> Fact:
    # What state a conversation was in a week ago is not kept; who had no answer then can be read off the waits.
    then = at - timedelta(days=WEEK)
    past = unanswered_count(then, since=then - timedelta(days=WEEK * 52))
    says = ngettext("%(n)s person waited a week ago", "%(n)s people waited a week ago", past) % {"n": past}
    change, _says = _difference(now - past)
    return Fact(
        _("Waiting now"),
        str(now),
        "",
        address("inbox"),
        change,
        says,
        _tone(now < past) if now != past else "",
    )


def _difference(points: int) -> tuple[str, str]:
    if not points:
        return "±0", _("as in the week before")
    if points > 0:
        return f"+{points}", _("%(n)s more than in the week before") % {"n": points}
    return f"−{-points}", _("%(n)s less than in the week before") % {"n": -points}


def _are_apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    # While the intervals overlap, the difference may be chance: it is said, but not in a colour.
    return one[1] < other[0] or other[1] < one[0]


def _span(ends: tuple[float, float]) -> str:
    low, high = ends
    if high < 3600:
        words = {"low": max(1, int(low // 60)), "high": max(1, int(high // 60))}
        return _("%(low)s–%(high)s min") % words
    return f"{short_duration(low)} – {short_duration(high)}"


def _tone(is_better: bool) -> Tone:
    return "good" if is_better else "warn"
