"""What cost how much as a picture: bars for what is booked, pale ones for estimates, and what has come together so far.

Plain numbers that a template writes as SVG, after Juran's Pareto chart (1951). Pure, but for the words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from dangol.worth.statement import Line
from dangol.worth.words import money_words, range_words, share_words

MOST: Final = 10  # bars; the table has all
LEFT, RIGHT, ROW, HEAD = 170, 552, 30, 8
STEPS: Final = (1, 2, 5)
LETTERS: Final = 24


@dataclass(frozen=True)
class Bar:
    """One kind or cause. `booked` and `estimated` are lengths, the whisker goes from the low to the high end."""

    y: int
    label: str
    booked: float
    estimated: float
    whisker: tuple[float, float] | None
    together: float | None  # where the dot of all bars so far stands
    says: str


@dataclass(frozen=True)
class Mark:
    """An amount below the axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Picture:
    """The whole picture; `alternative` says in words what it shows, `line` joins the dots."""

    height: int
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    line: str
    alternative: str
    has_estimates: bool


def pareto_picture(lines: Sequence[tuple[str, Line]], currency: str) -> Picture | None:
    """The lines, each with its name, as they are ordered. None where there is nothing to draw."""
    shown = [(name, line) for name, line in lines if not line.figure.now.is_empty][:MOST]
    booked = sum(max(line.figure.now.booked, 0) for _name, line in shown)
    top = max([booked, *(line.figure.now.high for _name, line in shown)], default=0)
    if top <= 0:
        return None
    bars, so_far = [], 0
    for place, (name, line) in enumerate(shown):
        so_far += line.figure.now.booked
        bars.append(_bar(HEAD + ROW * place, name, line, currency, top=top, so_far=so_far))
    dots = [(bar.together, bar.y + 10) for bar in bars if bar.together is not None]
    return Picture(
        height=HEAD + ROW * len(bars) + 26,
        bars=tuple(bars),
        marks=_marks(top, currency),
        line="M" + " L".join(f"{x:.1f},{y}" for x, y in dots) if len(dots) > 1 else "",
        alternative=_in_words(shown, currency),
        has_estimates=any(bar.whisker for bar in bars),
    )


def _bar(y: int, name: str, line: Line, currency: str, *, top: int, so_far: int) -> Bar:
    now = line.figure.now

    def across(amount: int) -> float:
        return round((RIGHT - LEFT) * min(max(amount, 0), top) / top, 1)

    says = [name]
    if now.entries:
        says.append(money_words(now.booked, currency))
    if now.estimates:
        says.append(_("estimated %(range)s") % {"range": range_words(now, currency)})
    return Bar(
        y=y,
        label=name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…",
        booked=across(now.booked),
        estimated=across(now.middle) if now.estimates else 0.0,
        whisker=(LEFT + across(now.low), LEFT + across(now.high)) if now.estimates else None,
        together=LEFT + across(so_far) if now.entries and line.cumulative is not None else None,
        says=": ".join((says[0], ", ".join(says[1:]))),
    )


def _marks(top: int, currency: str) -> tuple[Mark, ...]:
    step = 1
    while top / step > 4:  # more amounts would stand on each other
        step = next(size for size in _sizes(step))
    return tuple(
        Mark(round(LEFT + (RIGHT - LEFT) * amount / top, 1), money_words(amount, currency))
        for amount in range(0, top + 1, step)
    )


def _sizes(step: int) -> list[int]:
    # 1, 2, 5, 10, 20, 50, …: the next one.
    power = 10 ** (len(str(step)) - 1)
    return [size * power for size in (*STEPS, 10) if size * power > step]


def _in_words(shown: Sequence[tuple[str, Line]], currency: str) -> str:
    said = []
    for name, line in shown:
        now = line.figure.now
        if now.entries:
            said.append(
                _("%(name)s %(amount)s booked, together %(share)s")
                % {
                    "name": name,
                    "amount": money_words(now.booked, currency),
                    "share": share_words(line.cumulative),
                }
            )
        if now.estimates:
            said.append(
                _("%(name)s %(range)s estimated") % {"name": name, "range": range_words(now, currency)}
            )
    return "; ".join(said)
