"""The business and its opening hours under Settings."""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dangol.business import hours_text
from dangol.business.commands import change_business, change_opening_hours
from dangol.business.hours import Span
from dangol.business.public_holidays import HolidaysUnknown
from dangol.business.queries import current_business, newest_versions, opening_hours
from dangol.desk.business_forms import (
    DetailsForm,
    HoursForm,
    SpecialDays,
    copied_hours,
    hours_initial,
)
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs

METHODS: Final = ["GET", "HEAD", "POST"]
DETAILS: Final = ("name", "language", "country", "currency", "time_zone", "subdivision")
COPIES: Final = {"weekdays": range(1, 5), "every-day": range(1, 7)}


@require_http_methods(METHODS)
@needs("change_business")
def business_settings(request: HttpRequest) -> HttpResponse:
    """Name, language, country, currency and time zone."""
    business = current_business()
    if request.method != "POST":
        form = DetailsForm(
            initial={name: getattr(business, name) for name in DETAILS}, country=business.country
        )
        return render(request, "desk/settings/business.html", {"form": form})
    form = DetailsForm(request.POST, country=business.country)
    if form.is_valid():
        try:
            change_business(
                actor=actor(request),
                closes_on_holidays=business.closes_on_holidays,
                at=clock.now(),
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return see_other("business_settings")
    return render(request, "desk/settings/business.html", {"form": form}, status=422)


@require_http_methods(METHODS)
@needs("change_business")
def hours_settings(request: HttpRequest) -> HttpResponse:
    """The week, days with hours of their own, and public holidays."""
    at, business = clock.now(), current_business()
    kept = opening_hours(at)
    today = timezone.localtime(at, business.zone).date()
    if request.method != "POST":
        initial = {**hours_initial(kept.weekly), "closes_on_holidays": business.closes_on_holidays}
        return _hours_page(
            request, HoursForm(initial=initial), SpecialDays.of(kept.special_days, today=today)
        )
    special = SpecialDays.typed(request.POST)
    if request.POST.get("do") in COPIES:
        rows = copied_hours(request.POST, COPIES[request.POST["do"]])
        closes = "closes_on_holidays" in request.POST
        return _hours_page(
            request, HoursForm(initial={**rows, "closes_on_holidays": closes}), special, part="hours"
        )
    form = HoursForm(request.POST)
    if all([form.is_valid(), special.is_valid()]):
        past = [each for each in kept.special_days if each.day < today]
        try:
            change_opening_hours(
                actor=actor(request),
                weekly=form.weekly,
                special_days=[*past, *special.days],
                closes_on_holidays=form.cleaned_data["closes_on_holidays"],
                at=clock.now(),
            )
        except HolidaysUnknown as unknown:
            form.add_error("closes_on_holidays", str(unknown))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved. What waits is counted by the new hours from now on."))
            return see_other("hours_settings")
    return _hours_page(request, form, special, status=422)


def _hours_page(
    request: HttpRequest, form: HoursForm, special: SpecialDays, *, part: str = "", status: int = 200
) -> HttpResponse:
    at, business = clock.now(), current_business()
    today = timezone.localtime(at, business.zone).date()
    holidays = [(day, name) for day, name in opening_hours(at).holidays if day >= today]
    context: dict[str, Any] = {
        "hours": form,
        "special": special.rows,
        "holidays": holidays,
        "versions": [(row, _week_in_words(row.calendar.weekly)) for row in newest_versions()],
    }
    template = "desk/settings/hours.html"
    is_part = part and getattr(request, "htmx", False)
    return render(request, f"{template}#{part}" if is_part else template, context, status=status)


def _week_in_words(weekly: Sequence[Sequence[Span]]) -> list[tuple[str, str]]:
    lines = hours_text.weeks_lines(weekly)
    return [
        (
            str(WEEKDAYS_ABBR[first]) if first == last else f"{WEEKDAYS_ABBR[first]}–{WEEKDAYS_ABBR[last]}",
            shown,
        )
        for first, last, shown in lines
    ]
