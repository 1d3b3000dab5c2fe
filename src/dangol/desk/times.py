"""Answer times: how long customers waited, every figure with the conversations behind it."""

import csv
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dangol.desk.times_reads import (
    TimesPage,
    choice_query,
    heading_of,
    read_choice,
    spelled_day,
    times_page,
)
from dangol.inbox.wait_figures import Figures
from dangol.inbox.waits import wait_page
from dangol.kernel import clock
from dangol.kernel.spreadsheets import MARK, harmless
from dangol.staff.rights import needs

COLUMNS = (
    "answers", "by", "name", "answered",
    "median_opening_seconds", "median_wall_seconds", "ninetieth_opening_seconds", "ninetieth_wall_seconds",
    "within_promise", "within_promise_low", "within_promise_high",
    "late", "late_and_still_waiting", "waiting_and_not_late", "closed_without_answer", "without_promise",
)  # fmt: skip


@require_safe
@needs("see_answer_times")
def answer_times(request: HttpRequest) -> HttpResponse:
    """The figures of a stretch of days."""
    at = clock.now()
    page = times_page(read_choice(request.GET, at=at), at=at)
    return render(request, "desk/times.html", {"page": page, "figures": page.current.figures})


@require_safe
@needs("see_answer_times")
def answer_times_list(request: HttpRequest) -> HttpResponse:
    """Exactly the waits that a figure counts."""
    at = clock.now()
    chosen = read_choice(request.GET, at=at)
    waits = wait_page(chosen, after=request.GET.get("after", ""), at=at)
    here = reverse("answer_times_list")
    back = choice_query(chosen, outcome="", by="")
    context = {
        "waits": waits,
        "chosen": chosen,
        "heading": heading_of(chosen),
        "first_day": spelled_day(chosen.first_day),
        "last_day": spelled_day(chosen.last_day),
        "times_url": reverse("answer_times") + back,
        "first_url": here + choice_query(chosen) if request.GET.get("after") else "",
        "next_url": here + choice_query(chosen, after=waits.next) if waits.next else "",
    }
    return render(request, "desk/times_list.html", context)


@require_safe
@needs("see_answer_times")
def answer_times_csv(request: HttpRequest) -> HttpResponse:
    """The tables of the page for a spreadsheet: seconds and shares, a line a group."""
    at = clock.now()
    chosen = read_choice(request.GET, at=at)
    name = f"answer-times-{chosen.first_day}-{chosen.last_day}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    response.write(MARK)
    table = csv.writer(response)
    table.writerow(COLUMNS)
    table.writerows(_rows(times_page(chosen, at=at)))
    return response


def _rows(page: TimesPage) -> Iterator[list[Any]]:
    for kind in page.kinds:
        yield [kind.waits.kind, "all", "", *_cells(kind.figures)]
    for line in page.days:
        yield [page.waits.kind, "day", line.key, *_cells(line.figures)]
    for line in page.mailboxes:
        yield [page.waits.kind, "mailbox", harmless(line.key), *_cells(line.figures)]


def _cells(figures: Figures) -> list[Any]:
    within = figures.within
    return [
        figures.answered,
        figures.median,
        figures.median_wall,
        figures.ninetieth,
        figures.ninetieth_wall,
        *((f"{value:.4f}" for value in (within.share, within.low, within.high)) if within else ("", "", "")),
        figures.late,
        figures.overdue,
        figures.undecided,
        figures.dropped,
        figures.unpromised,
    ]
