"""What the page Answer times shows: the chosen waits as figures, by day and by mailbox, each with its list."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from dangol.business.queries import current_business
from dangol.channels.models import Channel
from dangol.desk.time_plots import Plot, median_plot, promise_plot
from dangol.inbox.models import Wait
from dangol.inbox.wait_figures import Cell, Figures, by_day, by_mailbox, figures_of, read_cells
from dangol.inbox.waits import OUTCOMES, Outcome, Waits
from dangol.kernel.addresses import address
from dangol.kernel.places import read_id

SHOWN_DAYS: Final = 28
MOST_DAYS: Final = 400
KINDS: Final = {
    Wait.Kind.FIRST: gettext_lazy("First answers"),
    Wait.Kind.NEXT: gettext_lazy("Next answers"),
}
OUTCOME_WORDS: Final[dict[Outcome, str | Promise]] = {
    "": gettext_lazy("everybody who waited"),
    "answered": gettext_lazy("those who were answered"),
    "kept": gettext_lazy("answered within the promise"),
    "late": gettext_lazy("later than promised"),
    "decided": gettext_lazy("answered, or waiting longer than promised"),
    "open": gettext_lazy("those without an answer"),
    "undecided": gettext_lazy("waiting, and not late yet"),
    "dropped": gettext_lazy("closed without an answer"),
}


@dataclass(frozen=True)
class Line:
    """The figures of a day or of a mailbox; `waits` are those behind them, `key` what a spreadsheet calls it."""

    key: str
    label: str
    waits: Waits
    figures: Figures


@dataclass(frozen=True)
class KindFigures:
    """First or next answers, all together."""

    label: str
    waits: Waits
    figures: Figures
    url: str
    is_current: bool


@dataclass(frozen=True)
class TimesPage:
    """The whole page. `kinds` holds first and next answers, `current` the one whose days and mailboxes are shown."""

    waits: Waits
    kinds: tuple[KindFigures, ...]
    current: KindFigures
    days: tuple[Line, ...]
    mailboxes: tuple[Line, ...]
    channels: tuple[tuple[int, str], ...]
    plots: tuple[Plot, ...]
    csv_url: str
    today: date

    @property
    def is_empty(self) -> bool:
        """Whether nobody waited in this time."""
        return all(kind.figures.is_empty for kind in self.kinds)


def read_choice(query: QueryDict, *, at: datetime) -> Waits:
    """The waits that an address asks for; what cannot be read there is as if it were not there."""
    zone = current_business().zone
    today = at.astimezone(zone).date()
    last = min(_day(query.get("to", "")) or today, today)
    first = min(_day(query.get("from", "")) or last - timedelta(days=SHOWN_DAYS - 1), last)
    mailbox, kind, outcome = query.get("mailbox", ""), query.get("kind", ""), query.get("outcome", "")
    return Waits(
        first_day=max(first, last - timedelta(days=MOST_DAYS - 1)),
        last_day=last,
        zone=zone,
        kind=kind if kind in Wait.Kind.values else "",
        mailbox_id=read_id(mailbox),
        outcome=next((word for word in OUTCOMES if word == outcome), ""),
        by_answer=query.get("by") == "answer",
    )


def choice_query(waits: Waits, **others: str) -> str:
    """The choice as the query of an address; what is usual is left out."""
    said = {
        "from": waits.first_day.isoformat(),
        "to": waits.last_day.isoformat(),
        "mailbox": "" if waits.mailbox_id is None else str(waits.mailbox_id),
        "kind": waits.kind,
        "outcome": waits.outcome,
        "by": "answer" if waits.by_answer else "",
        **others,
    }
    return "?" + urlencode({name: value for name, value in said.items() if value})


def list_url(waits: Waits, outcome: Outcome = "") -> str:
    """The page that lists exactly these waits."""
    return address("answer_times_list") + _list_query(waits, outcome)


@lru_cache(maxsize=4096)
def _list_query(waits: Waits, outcome: Outcome) -> str:
    # A page names forty of them, the same ones all day.
    return choice_query(replace(waits, outcome=outcome))


def times_page(chosen: Waits, *, at: datetime) -> TimesPage:
    """The page of the chosen days and mailbox; without a kind it is about first answers. Two queries."""
    chosen = replace(chosen, outcome="", by_answer=False, kind=chosen.kind or Wait.Kind.FIRST)
    cells = read_cells(replace(chosen, kind=""), at=at)
    channels = tuple(Channel.objects.order_by("name", "id").values_list("pk", "name"))
    kinds = tuple(
        KindFigures(
            label=str(words),
            waits=replace(chosen, kind=kind),
            figures=figures_of(cell for cell in cells if cell.kind == kind),
            url=reverse("answer_times") + choice_query(replace(chosen, kind=kind)),
            is_current=kind == chosen.kind,
        )
        for kind, words in KINDS.items()
    )
    current = next(kind for kind in kinds if kind.is_current)
    shown = [cell for cell in cells if cell.kind == chosen.kind]
    days = _days(shown, chosen)
    return TimesPage(
        waits=chosen,
        kinds=kinds,
        current=current,
        days=days,
        mailboxes=_mailboxes(shown, chosen, dict(channels)),
        channels=channels,
        plots=tuple(_plots(current, days)),
        csv_url=reverse("answer_times_csv") + choice_query(chosen),
        today=at.astimezone(chosen.zone).date(),
    )


def spelled_day(day: date) -> str:
    """The day with its weekday: Sat, 21 Nov 2026."""
    return date_format(day, pgettext("date format", "D, j M Y"))


def _days(cells: Iterable[Cell], chosen: Waits) -> tuple[Line, ...]:
    return tuple(
        Line(day.isoformat(), spelled_day(day), replace(chosen, first_day=day, last_day=day), figures)
        for day, figures in by_day(cells).items()
    )


def _mailboxes(cells: Iterable[Cell], chosen: Waits, names: dict[int, str]) -> tuple[Line, ...]:
    return tuple(
        Line(names.get(pk, f"#{pk}"), names.get(pk, f"#{pk}"), replace(chosen, mailbox_id=pk), figures)
        for pk, figures in by_mailbox(cells).items()
    )


def _plots(kind: KindFigures, lines: tuple[Line, ...]) -> Iterable[Plot]:
    days = [(line.waits.first_day, line.figures) for line in reversed(lines)]
    if len(days) > 1:
        median = median_plot(kind.label, days, kind.figures.promised)
        yield from filter(None, (median, promise_plot(kind.label, days)))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= 1990 else None


def heading_of(waits: Waits) -> str:
    """What the list is about: "First answers later than promised"."""
    kind = str(KINDS[Wait.Kind(waits.kind)]) if waits.kind else _("All answers")
    return f"{kind}: {OUTCOME_WORDS[waits.outcome]}"
