"""Customers › Segments › Compare: the segments side by side."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from dangol.business.money import money_text
from dangol.business.queries import current_business
from dangol.kernel import clock
from dangol.segments.comparing import (
    FEW,
    HORIZONS,
    MOST_COMPARED,
    MOST_TOGETHER,
    Column,
    compare_segments,
)
from dangol.segments.queries import is_everybody_counted
from dangol.staff.rights import needs


@require_safe
@needs("see_worth")
def segments_compared(request: HttpRequest) -> HttpResponse:
    """Waiting, complaints, who came back, and what they brought, of each segment and of everybody."""
    business = current_business()
    compared = compare_segments(business=business, at=clock.now())
    context = {
        "columns": compared.columns,
        "money": [_money(column, business.currency) for column in compared.columns],
        "complaints": [(column.each(column.complaints), column.complaints) for column in compared.columns],
        "horizons": [
            (days, [column.came[place].back for column in compared.columns])
            for place, days in enumerate(HORIZONS)
        ],
        "since": compared.since,
        "few": FEW,
        "too_large": compared.too_large,
        "most": f"{MOST_COMPARED:,}",
        "left": compared.left,
        "together": f"{MOST_TOGETHER:,}",
        "is_counted": is_everybody_counted(),
    }
    return render(request, "desk/segments_compared.html", context)


def _money(column: Column, currency: str) -> tuple[str, str, str]:
    """What one customer spent, cost and left on average."""
    language = (get_language() or "en")[:2]
    averages = map(column.each, (column.spent, column.cost, column.left))
    spent, cost, left = (
        "" if each is None else money_text(round(each), currency, language) for each in averages
    )
    return spent, cost, left
