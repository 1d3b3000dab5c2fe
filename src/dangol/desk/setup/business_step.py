"""The first step of the first visit: who the business is and when it is open, most of it proposed."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from dangol.business.commands import set_up_business
from dangol.business.country_list import COUNTRIES
from dangol.business.models import Business
from dangol.business.proposals import propose_from_browser
from dangol.business.public_holidays import HolidaysUnknown, public_holidays
from dangol.business.queries import current_business, opening_hours
from dangol.desk.business_forms import (
    DAYS,
    USUAL,
    BusinessForm,
    HoursForm,
    copied_hours,
    hours_initial,
    typed_initial,
)
from dangol.desk.setup.views import before_owner
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.orders.models import Order

TEMPLATE: Final = "desk/setup/business.html"
FIELDS: Final = ("name", "language", "country", "currency", "time_zone")
COPIES: Final = {"weekdays": range(1, 5), "every-day": range(1, 7)}


@before_owner
def business(request: HttpRequest) -> HttpResponse:
    """Ask, propose while one chooses, keep."""
    if request.method != "POST":
        return _page(request, _first_shown(request), part="")
    wish = request.POST.get("do", "")
    if wish in COPIES:
        shown = {**_typed(request), **copied_hours(request.POST, COPIES[wish])}
        return _page(request, shown, part="hours")
    if wish in {"country", "zone"}:
        return _page(request, {**_typed(request), **_proposed(request, wish)}, part="place")
    about, hours = BusinessForm(request.POST), HoursForm(request.POST)
    if about.is_valid() and hours.is_valid():
        try:
            set_up_business(
                actor=None,
                weekly=hours.weekly,
                closes_on_holidays=hours.cleaned_data["closes_on_holidays"],
                at=clock.now(),
                **about.cleaned_data,
            )
        except HolidaysUnknown as unknown:
            hours.add_error("closes_on_holidays", str(unknown))
        except Refused as refused:
            about.add_error(None, str(refused))
        else:
            return see_other("set_up_owner")
    return _render(request, about, hours, request.POST.get("country", ""), part="", status=422)


def _first_shown(request: HttpRequest) -> dict[str, Any]:
    kept = current_business()
    if kept.name:
        at = clock.now()
        values = {name: getattr(kept, name) for name in (*FIELDS, "closes_on_holidays")}
        return {**values, **hours_initial(opening_hours(at).weekly)}
    found = propose_from_browser(request.headers.get("Accept-Language", ""))
    # Orders that were brought in before anybody came have said which money and which clock it is.
    is_known = Order.objects.exists()
    return {
        "language": found.language,
        "country": found.country,
        "currency": kept.currency if is_known else found.currency,
        "time_zone": kept.time_zone if is_known else found.time_zone,
        "closes_on_holidays": True,
        **{f"hours_{day}": USUAL[day] for day in DAYS},
    }


def _typed(request: HttpRequest) -> dict[str, Any]:
    rows = [f"hours_{day}" for day in DAYS]
    return {
        **typed_initial(request.POST, (*FIELDS, *rows)),
        "closes_on_holidays": "closes_on_holidays" in request.POST,
    }


def _proposed(request: HttpRequest, wish: str) -> dict[str, str]:
    country = COUNTRIES.get(request.POST.get("country", ""))
    if wish == "country":
        return {"currency": country.currency, "time_zone": country.time_zone} if country else {}
    accepted = request.headers.get("Accept-Language", "")
    found = propose_from_browser(accepted, time_zone=request.POST.get("browser_zone", ""))
    return {"country": found.country, "currency": found.currency, "time_zone": found.time_zone}


def _page(request: HttpRequest, shown: dict[str, Any], *, part: str) -> HttpResponse:
    return _render(
        request, BusinessForm(initial=shown), HoursForm(initial=shown), shown["country"], part=part
    )


def _render(
    request: HttpRequest, about: BusinessForm, hours: HoursForm, country: str, *, part: str, status: int = 200
) -> HttpResponse:
    context = {
        "form": about,
        "hours": hours,
        "step": Business.Step.BUSINESS,
        "holidays": _coming_holidays(country),
        "is_new": request.method != "POST" and not current_business().name,
    }
    template = f"{TEMPLATE}#{part}" if part and getattr(request, "htmx", False) else TEMPLATE
    return render(request, template, context, status=status)


def _coming_holidays(country: str) -> list[Any]:
    if country not in COUNTRIES:
        return []
    today = clock.now().date()
    try:
        found = public_holidays(
            country, [today.year, today.year + 1], language=translation.get_language() or "en"
        )
    except HolidaysUnknown:
        return []
    return [
        each
        for each in found
        if today <= each.day < today.replace(year=today.year + 1, day=min(today.day, 28))
    ]
