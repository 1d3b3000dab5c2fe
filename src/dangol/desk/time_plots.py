"""The two pictures of Answer times as plain numbers that a template writes as SVG. Pure, but for the words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dangol.inbox.wait_figures import Figures
from dangol.kernel.durations import short_duration
from dangol.kernel.shares import percent

WIDTH: Final = 560
HEIGHT: Final = 200
LEFT, RIGHT, TOP, BOTTOM = 56, 552, 12, 172
STEPS: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 345600, 864000)

Days = Sequence[tuple[date, Figures]]
Point = tuple[date, float, tuple[float, float] | None]


@dataclass(frozen=True)
class Dot:
    """A value of one day; the ends of its whisker are where the low and the high end of its interval stand."""

    x: float
    y: float
    says: str
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True)
class Mark:
    """A word beside an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """A picture. `alternative` says in words what it shows; `bands` are polygons over days that have an interval."""

    title: str
    note: str
    alternative: str
    line: str
    bands: tuple[str, ...]
    dots: tuple[Dot, ...]
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    promise: Mark | None = None


def median_plot(label: str, days: Days, promises: tuple[int, int] | None = None) -> Plot | None:
    """The median of each day as a line, and as a band where the true one lies; None where too few days have one.

    `promises` are the shortest and the longest of what these customers were promised, in seconds. Where all were
    promised the same it is drawn as a line of its own; else the note says between what they were.
    """
    shortest, longest = promises or (None, None)
    promised = shortest if shortest == longest else None
    points = [(day, figures.median, figures.middle) for day, figures in days if figures.median is not None]
    if len(points) < 2:
        return None
    highest = max(median for _day, median, _range in points)
    top = _top(highest, [around[1] for *_rest, around in points if around])
    if promised and promised <= 3 * top:
        top = max(top, promised * 1.1)
    step = _step(top)
    x = _across([day for day, *_rest in points])
    bands, alone = _bands(points, x, top)
    return Plot(
        title=_("Half were answered within"),
        note=_median_note(promises if promised is None else None),
        alternative=_medians_in_words(label, points),
        line=_path([(x(day), _down(median / top)) for day, median, _range in points]),
        bands=bands,
        dots=tuple(
            Dot(
                round(x(day), 1),
                round(_down(median / top), 1),
                f"{_short(day)}: {short_duration(median)}",
                alone.get(day),
            )
            for day, median, _range in points
        ),
        rows=tuple(
            Mark(round(_down(at * step / top), 1), short_duration(at * step) if at else "0")
            for at in range(int(top // step) + 1)
        ),
        columns=_columns([day for day, *_rest in points], x),
        promise=Mark(round(_down(promised / top), 1), _("promised"))
        if promised and promised <= top
        else None,
    )


def _median_note(promises: tuple[int, int] | None) -> str:
    note = _("Opening time. The band is where the true middle of the day lies, in 95 of 100 cases.")
    if promises is None:
        return note
    differed = _(
        "Promised was between %(shortest)s and %(longest)s, depending on the customer and the day."
    ) % {
        "shortest": short_duration(promises[0]),
        "longest": short_duration(promises[1]),
    }
    return f"{note} {differed}"


def _medians_in_words(label: str, points: Sequence[Point]) -> str:
    low_day, low, _range = min(points, key=lambda point: point[1])
    high_day, high, _range = max(points, key=lambda point: point[1])
    last_day, last, _range = points[-1]
    return _(
        "%(label)s, the middle of each day: shortest %(low)s on %(low_day)s, longest %(high)s on %(high_day)s, "
        "last %(last)s on %(last_day)s."
    ) % {
        "label": label,
        "low": short_duration(low),
        "low_day": _short(low_day),
        "high": short_duration(high),
        "high_day": _short(high_day),
        "last": short_duration(last),
        "last_day": _short(last_day),
    }


def promise_plot(label: str, days: Days) -> Plot | None:
    """The share of each day that was answered in time, with its 95 % interval as a whisker."""
    points = [(day, figures.within) for day, figures in days if figures.within]
    if len(points) < 2:
        return None
    x = _across([day for day, _within in points])
    worst_day, worst = min(points, key=lambda point: point[1].share)
    best_day, best = max(points, key=lambda point: point[1].share)
    return Plot(
        title=_("Answered within the promise"),
        note=_("Each line says how far chance alone could have moved the day, in 95 of 100 cases."),
        alternative=_(
            "%(label)s within the promise: best %(best)s on %(best_day)s, worst %(worst)s on %(worst_day)s, "
            "last %(last)s on %(last_day)s."
        )
        % {
            "label": label,
            "best": str(best),
            "best_day": _short(best_day),
            "worst": str(worst),
            "worst_day": _short(worst_day),
            "last": str(points[-1][1]),
            "last_day": _short(points[-1][0]),
        },
        line="",
        bands=(),
        dots=tuple(
            Dot(
                round(x(day), 1),
                round(_down(within.share), 1),
                f"{_short(day)}: {within}",
                (round(_down(within.low), 1), round(_down(within.high), 1)),
            )
            for day, within in points
        ),
        rows=tuple(Mark(_down(share / 100), percent(str(share))) for share in (0, 25, 50, 75, 100)),
        columns=_columns([day for day, _within in points], x),
    )


def _bands(
    points: Sequence[Point], x: Callable[[date], float], top: float
) -> tuple[tuple[str, ...], dict[date, tuple[float, float]]]:
    """A polygon for each row of days with an interval; the ends of the whisker of a day that stands alone."""
    bands: list[str] = []
    alone: dict[date, tuple[float, float]] = {}
    for has_range, group in groupby(points, key=lambda point: point[2] is not None):
        ends = [(day, around) for day, _median, around in group if around]
        drawn = [(day, _down(min(low, top) / top), _down(min(high, top) / top)) for day, (low, high) in ends]
        if has_range and len(drawn) == 1:
            alone[drawn[0][0]] = (round(drawn[0][1], 1), round(drawn[0][2], 1))
        elif has_range:
            upper = [(x(day), high) for day, _low, high in drawn]
            lower = [(x(day), low) for day, low, _high in reversed(drawn)]
            bands.append(" ".join(f"{at:.1f},{y:.1f}" for at, y in [*upper, *lower]))
    return tuple(bands), alone


def _across(days: Sequence[date]) -> Callable[[date], float]:
    """Where a day stands between the left and the right."""
    first, length = days[0], max((days[-1] - days[0]).days, 1)
    return lambda day: LEFT + 6 + (RIGHT - LEFT - 12) * (day - first).days / length


def _down(share: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * share


def _top(highest: float, ends: Sequence[float]) -> float:
    # The interval of a day with few answers may reach far: it is cut rather than that it flattens all else.
    return max(60.0, highest * 1.1, min(max(ends, default=0.0), highest * 1.8))


def _step(top: float) -> int:
    return next((step for step in STEPS if top / step <= 5), STEPS[-1])


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _columns(days: Sequence[date], x: Callable[[date], float]) -> tuple[Mark, ...]:
    shown = dict.fromkeys([days[0], days[len(days) // 2], days[-1]])
    return tuple(Mark(round(x(day), 1), _short(day)) for day in shown)


def _short(day: date) -> str:
    return date_format(day, pgettext("date format", "j M"))
