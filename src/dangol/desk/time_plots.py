"""The two pictures of Answer times as plain numbers that a template writes as SVG. Pure, but for the words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dangol.inbox.wait_figures import Figures
from dangol.kernel.durations import short_duration

WIDTH: Final = 560
HEIGHT: Final = 200
LEFT, RIGHT, TOP, BOTTOM = 56, 552, 12, 172
STEPS: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 345600, 864000)

Days = Sequence[tuple[date, Figures]]


@dataclass(frozen=True)
class Dot:
    """A value of one day; `low` and `high` are the ends of its whisker, None where it has none."""

    x: float
    y: float
    low: float | None
    high: float | None
    says: str


@dataclass(frozen=True)
class Mark:
    """A word beside an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """A picture. `alternative` says in words what it shows; `band` is a polygon, "" where no day has an interval."""

    title: str
    note: str
    alternative: str
    line: str
    band: str
    dots: tuple[Dot, ...]
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    promise: Mark | None = None


def median_plot(label: str, days: Days, promised: int | None = None) -> Plot | None:
    """The median of each day as a line, and as a band where the true one lies; None where too few days have one.

    `promised` seconds are drawn as a line of their own.
    """
    points = [(day, figures.median, figures.middle) for day, figures in days if figures.median is not None]
    if len(points) < 2:
        return None
    highest = max(median for _day, median, _range in points)
    top = _top(highest, [around[1] for *_rest, around in points if around])
    if promised and promised <= 3 * top:
        top = max(top, promised * 1.1)
    step = _step(top)
    x = _across([day for day, *_rest in points])
    low_day, lowest, _r = min(points, key=lambda point: point[1])
    high_day, _highest, _r = max(points, key=lambda point: point[1])
    edges = [(x(day), around) for day, _median, around in points if around]
    upper = [(at, _down(min(high, top) / top)) for at, (_low, high) in edges]
    lower = [(at, _down(min(low, top) / top)) for at, (low, _high) in edges]
    return Plot(
        title=_("Half were answered within"),
        note=_("Opening time. The band is where the true middle of the day lies, in 95 of 100 cases."),
        alternative=_(
            "%(label)s, the middle of each day: shortest %(low)s on %(low_day)s, longest %(high)s on %(high_day)s, "
            "last %(last)s on %(last_day)s."
        )
        % {
            "label": label,
            "low": short_duration(lowest),
            "low_day": _short(low_day),
            "high": short_duration(highest),
            "high_day": _short(high_day),
            "last": short_duration(points[-1][1]),
            "last_day": _short(points[-1][0]),
        },
        line=_path([(x(day), _down(median / top)) for day, median, _range in points]),
        band=" ".join(f"{at:.1f},{y:.1f}" for at, y in [*upper, *lower[::-1]]) if len(edges) > 1 else "",
        dots=tuple(
            Dot(
                round(x(day), 1),
                round(_down(median / top), 1),
                None,
                None,
                f"{_short(day)}: {short_duration(median)}",
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
        band="",
        dots=tuple(
            Dot(
                round(x(day), 1),
                round(_down(within.share), 1),
                round(_down(within.low), 1),
                round(_down(within.high), 1),
                f"{_short(day)}: {within}",
            )
            for day, within in points
        ),
        rows=tuple(Mark(_down(share / 100), f"{share} %") for share in (0, 25, 50, 75, 100)),
        columns=_columns([day for day, _within in points], x),
    )


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
