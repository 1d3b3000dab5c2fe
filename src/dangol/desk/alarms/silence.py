"""When a mailbox is silent for unusually long: unusual for this mailbox, by its own last weeks.

Pure. Hours are numbered since 1970, and each belongs to a *cell*, its hour of the week on the wall (0 to 167), or to
none on a day that is closed out of turn, such as a public holiday.

**The rule.** Of the `weeks` (W, 4 to 8) before the last mail, k(c) mails came in cell c, K in all. The silence covers
cell c for m(c) hours. Were mail to come as before, independently, the chance of none is

    P = product over c of (W / (W + m(c))) ^ k(c)

which is the predictive chance of no event of a Poisson process whose rate in c was learned from k(c) events in W hours
(gamma posterior; Gelman and others, Bayesian Data Analysis, 3rd ed. 2013, section 2.6). Mail comes in bursts: three of
a party write at once. So -ln P is divided by the spread s of those weeks, 1 for Poisson and more for bursts (Pearson's
chi-squared of the hours over its degrees of freedom; McCullagh and Nelder, Generalized Linear Models, 2nd ed. 1989,
section 4.5). That is the *surprise*. An alarm is due when

1. K is at least `FEWEST`, so that three mails a month never raise one;
2. the silence is at least `SHORTEST` long;
3. the surprise is at least ln(52 K / W / `FALSE_A_YEAR`): each mail begins a silence, there are 52 K / W of them in a
   year, so that chance alone raises an alarm once in ten years a mailbox; and at least ln(1 / `CHANCE`);
4. the surprise is at least `MARGIN` times that of the longest silence of those weeks.

A shop that is closed on Sundays has k = 0 in those cells: they add nothing, and Monday morning begins where Saturday
evening ended. So do nights.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

HOURS_A_WEEK: Final = 168
FEWEST_WEEKS: Final = 4
MOST_WEEKS: Final = 8
FEWEST: Final = 20
SHORTEST: Final = timedelta(minutes=30)
FALSE_A_YEAR: Final = 0.1
CHANCE: Final = 0.001
MARGIN: Final = 1.5
LONGEST_HOURS: Final = 26 * HOURS_A_WEEK  # a silence of half a year is judged like a longer one

Cell = Callable[[int], int | None]
"""The hour of the week on the wall of an hour since 1970, None where nothing is expected."""


@dataclass(frozen=True)
class Past:
    """How mail came in the weeks before the silence: mails a cell, how much it came in bursts (1: not at all), and
    the surprise of the longest silence then."""

    weeks: int
    mails: Mapping[int, int]
    spread: float
    longest: float

    @property
    def count(self) -> int:
        """All mails of those weeks."""
        return sum(self.mails.values())


@dataclass(frozen=True)
class Judgement:
    """How unusual a silence is. `expected` is how many mails its hours would have brought."""

    expected: float
    surprise: float
    limit: float

    @property
    def is_unusual(self) -> bool:
        """Whether the mailbox should be looked at."""
        return self.surprise >= self.limit


def weeks_of(known_since: datetime, last: datetime) -> int:
    """How many whole weeks of the past can be used, at most `MOST_WEEKS`; 0 where they are too few."""
    weeks = min((last - known_since) // timedelta(weeks=1), MOST_WEEKS)
    return weeks if weeks >= FEWEST_WEEKS else 0


def past_of(counts: Mapping[int, int], *, last: datetime, weeks: int, cell: Cell) -> Past:
    """The weeks up to the last mail, from the number of mails in each hour."""
    end = hour_of(last)
    hours = range(end - weeks * HOURS_A_WEEK + 1, end + 1)
    mails: Counter[int] = Counter()
    for hour in hours:
        if (place := cell(hour)) is not None and counts.get(hour):
            mails[place] += counts[hour]
    spread = _spread(counts, hours, mails, weeks, cell)
    longest = max((_surprise(run, mails, weeks) for run in _silences(counts, hours, cell)), default=0.0)
    return Past(weeks, mails, spread, longest / spread)


def judge(past: Past, *, last: datetime, at: datetime, cell: Cell) -> Judgement:
    """How unusual it is that nothing came since `last`."""
    covered: dict[int, float] = {}
    for hour, share in _hours_between(last, at):
        if (place := cell(hour)) is not None:
            covered[place] = covered.get(place, 0) + share
    limit = math.inf
    if past.weeks and past.count >= FEWEST and at - last >= SHORTEST:
        silences_a_year = 52 * past.count / past.weeks
        limit = max(math.log(silences_a_year / FALSE_A_YEAR), -math.log(CHANCE), MARGIN * past.longest)
    expected = sum(past.mails.get(place, 0) * share for place, share in covered.items())
    weeks = max(past.weeks, 1)
    return Judgement(expected / weeks, _surprise(covered, past.mails, weeks) / past.spread, limit)


def hour_of(at: datetime) -> int:
    """The number of the hour since 1970."""
    return int(at.timestamp() // 3600)


def _surprise(covered: Mapping[int, float], mails: Mapping[int, int], weeks: int) -> float:
    return sum(mails.get(place, 0) * math.log1p(share / weeks) for place, share in covered.items())


def _spread(
    counts: Mapping[int, int], hours: range, mails: Mapping[int, int], weeks: int, cell: Cell
) -> float:
    squares, seen = 0.0, 0
    for hour in hours:
        place = cell(hour)
        if place is not None and (usual := mails.get(place, 0) / weeks):
            squares += (counts.get(hour, 0) - usual) ** 2 / usual
            seen += 1
    free = seen - len(mails)
    return max(squares / free, 1.0) if free > 0 else 1.0


def _hours_between(start: datetime, end: datetime) -> Iterator[tuple[int, float]]:
    """Each hour that the stretch touches, with the share of it that lies in the stretch."""
    begin, stop = start.timestamp() / 3600, end.timestamp() / 3600
    for hour in range(int(begin), min(int(stop) + 1, int(begin) + LONGEST_HOURS)):
        share = min(stop, hour + 1) - max(begin, hour)
        if share > 0:
            yield hour, share


def _silences(counts: Mapping[int, int], hours: range, cell: Cell) -> Iterator[Mapping[int, float]]:
    """What each silence of the past covered. It began and ended somewhere in the hours beside it: in their middle."""
    run: dict[int, float] = {}
    before: int | None = None
    for hour in hours:
        place = cell(hour)
        if counts.get(hour):
            if run:
                yield _with_ends(run, before, place)
            run, before = {}, place
        elif place is not None:
            run[place] = run.get(place, 0) + 1
    if run:
        yield _with_ends(run, before, None)


def _with_ends(run: Mapping[int, float], before: int | None, after: int | None) -> Mapping[int, float]:
    whole: dict[int, float] = dict(run)
    for place in (before, after):
        if place is not None:
            whole[place] = whole.get(place, 0) + 0.5
    return whole
