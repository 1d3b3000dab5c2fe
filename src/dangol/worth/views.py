"""Worth › Statement: what service cost, and the entries behind every figure of it."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dangol.business.queries import current_business
from dangol.kernel import clock
from dangol.kernel.spreadsheets import table_response
from dangol.staff.rights import actor, may, needs
from dangol.worth.entries import read_entries, read_where
from dangol.worth.lists import COLUMNS, entry_page, entry_sheet, table_rows
from dangol.worth.pages import choice_query, statement_page, title_of
from dangol.worth.periods import Period, read_period
from dangol.worth.queries import ask, choices, has_entries, has_orders
from dangol.worth.table import STATEMENT_COLUMNS, statement_rows
from dangol.worth.tightrope_page import tightrope_page, wish_page
from dangol.worth.wishes import has_wishes, read_wishes, walk


class _Looked(NamedTuple):
    """The period that is asked for, as the business counts days and money."""

    period: Period
    today: date
    currency: str


@require_safe
@needs("see_worth")
def worth_statement(request: HttpRequest) -> HttpResponse:
    """What service cost in a period, against the one before."""
    looked = _look(request)
    asked = ask(looked.period, read_where(request.GET), currency=looked.currency)
    page = statement_page(asked, today=looked.today)
    places, segments = choices()
    context = {
        "page": page,
        "title": title_of(page),
        "places": places,
        "segments": segments,
        "has_orders": bool(asked.statement.sales.orders) or has_orders(),
        "rates_url": reverse("rates_settings") if may(actor(request), "change_business") else "",
        "has_entries": not asked.statement.is_empty or has_entries(),
    }
    return render(request, "worth/statement.html", context)


@require_safe
@needs("see_worth")
def worth_statement_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The tables of the page for a spreadsheet."""
    looked = _look(request)
    asked = ask(looked.period, read_where(request.GET), currency=looked.currency)
    return table_response(_file("statement", asked.period), STATEMENT_COLUMNS, statement_rows(asked))


@require_safe
@needs("see_worth")
def worth_entries(request: HttpRequest) -> HttpResponse:
    """Exactly the entries that a figure counts, and their sum."""
    which = read_entries(request.GET, _look(request).period)
    after = request.GET.get("after", "")
    page = entry_page(which, after=after)
    here = reverse("worth_entries")
    context = {
        "page": page,
        "back_url": reverse("worth_statement") + choice_query(which.period, which.where),
        "csv_url": reverse("worth_entries_csv") + which.query,
        "first_url": here + which.query if after else "",
        "next_url": f"{here}{which.query}&after={page.next}" if page.next else "",
    }
    return render(request, "worth/entries.html", context)


@require_safe
@needs("see_worth")
def worth_entries_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same entries, all of them, for a spreadsheet."""
    which = read_entries(request.GET, _look(request).period)
    rows: Iterator[Any] = table_rows(which)
    return table_response(_file("entries", which.period), COLUMNS, rows)


@require_safe
@needs("see_worth")
def worth_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One entry: what it came from, and whether it was taken back."""
    return render(request, "worth/entry.html", {"sheet": entry_sheet(entry_id)})


@require_safe
@needs("see_worth")
def worth_tightrope(request: HttpRequest) -> HttpResponse:
    """Whether the house refuses too much or caves to everything, and what the customers did next."""
    looked = _look(request)
    page = tightrope_page(walk(looked.period, read_where(request.GET), at=clock.now()), today=looked.today)
    places, segments = choices()
    context = {"page": page, "places": places, "segments": segments, "has_wishes": has_wishes()}
    return render(request, "worth/tightrope.html", context)


@require_safe
@needs("see_worth")
def worth_wishes(request: HttpRequest) -> HttpResponse:
    """Exactly the wishes that a figure of the tightrope counts."""
    which = read_wishes(request.GET, _look(request).period, read_where(request.GET))
    after = request.GET.get("after", "")
    page = wish_page(which, after=after, at=clock.now())
    here = reverse("worth_wishes") + which.query
    context = {
        "page": page,
        "back_url": reverse("worth_tightrope") + choice_query(which.period, which.where),
        "first_url": here if after else "",
        "next_url": f"{here}&after={page.next}" if page.next else "",
    }
    return render(request, "worth/wishes.html", context)


def _look(request: HttpRequest) -> _Looked:
    query = request.GET
    business = current_business()
    today = clock.now().astimezone(business.zone).date()
    period = read_period(
        month=query.get("month", ""),
        first=query.get("from", ""),
        last=query.get("to", ""),
        zone=business.zone,
        today=today,
    )
    return _Looked(period, today, business.currency)


def _file(what: str, period: Period) -> str:
    return f"{what}-{period.first_day}-{period.last_day}.csv"
