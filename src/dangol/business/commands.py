"""What can be changed about the business.

Whoever calls has already made sure that the actor may: rights live with the staff, above this app. `actor` is the
person of the staff, or None for the machine and for the first visit, when nobody exists yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.utils.translation import gettext as _

from dangol.business import rules
from dangol.business.events import BusinessChanged, BusinessSetUp, HoursChanged
from dangol.business.hours import Span
from dangol.business.models import Business, ExchangeRate, OpeningCalendar, Place
from dangol.business.money import CURRENCIES
from dangol.business.public_holidays import public_holidays
from dangol.business.queries import SpecialDay, current_business, version_at
from dangol.business.rates import TRILLION
from dangol.kernel.audit import record_act
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit

PLACES: Final = "places"
"""The name of the lock under which a place gets a name that none has."""


class Details(NamedTuple):
    """What the business says about itself, under the names of the model's fields."""

    name: str
    country: str
    subdivision: str
    language: str
    currency: str
    time_zone: str
    closes_on_holidays: bool


HOURS = ("zone", "weekly", "closed_days", "special_days", "holidays_until")


@transaction.atomic
def set_up_business(
    *,
    actor: models.Model | None,
    name: str,
    country: str,
    language: str,
    currency: str,
    time_zone: str,
    weekly: Sequence[Sequence[Span]],
    closes_on_holidays: bool = True,
    subdivision: str = "",
    special_days: Iterable[SpecialDay] = (),
    at: datetime,
) -> Business:
    """The first step of the first visit: who the business is and when it is open. Done again, it corrects."""
    details = Details(name.strip(), country, subdivision, language, currency, time_zone, closes_on_holidays)
    _change_details(actor, details, at)
    change_opening_hours(actor=actor, weekly=weekly, special_days=special_days, at=at)
    return finish_set_up_step(actor=actor, step=Business.Step.BUSINESS, at=at)


@transaction.atomic
def finish_set_up_step(*, actor: models.Model | None, step: str, at: datetime) -> Business:
    """Go on to the step behind this one, whether it was done or skipped; behind the last one the set-up is over.

    A step that is not the current one changes nothing: somebody came back to correct it.
    """
    business = _business_to_change()
    steps = [*Business.Step.values, ""]
    if business.set_up_step == step and step:
        business.set_up_step = steps[steps.index(step) + 1]
        if not business.set_up_step:
            business.set_up_at = at
            emit(BusinessSetUp(happened_at=at, actor_id=_id(actor)))
        business.save(update_fields=["set_up_step", "set_up_at"])
    return business


@transaction.atomic
def adopt_money_and_zone(
    *, actor: models.Model | None, currency: str, time_zone: str, at: datetime
) -> Business | None:
    """Take the currency and the time zone of what is brought in for the business's own, while nobody has set it up.

    Returns the business when it took anything; the first visit proposes both. None for one that somebody has set up,
    and where they are its own already.
    """
    business = _business_to_change()
    before = {"currency": business.currency, "time_zone": business.time_zone}
    after = {"currency": currency, "time_zone": time_zone}
    if business.set_up_step != Business.Step.BUSINESS or before == after:
        return None
    business.currency, business.time_zone = currency, time_zone
    business.save(update_fields=["currency", "time_zone"])
    _record(actor, at, "adopt_money_and_zone", business, before, after)
    emit(BusinessChanged(happened_at=at, actor_id=_id(actor)))
    return business


@transaction.atomic
def change_business(
    *,
    actor: models.Model | None,
    name: str,
    country: str,
    language: str,
    currency: str,
    time_zone: str,
    closes_on_holidays: bool,
    subdivision: str = "",
    at: datetime,
) -> Business:
    """Give the business these details. Another zone, or other holidays, are other opening hours from now on."""
    details = Details(name.strip(), country, subdivision, language, currency, time_zone, closes_on_holidays)
    business, version = _change_details(actor, details, at), version_at(at)
    if version is not None:
        _add_version(actor, business, version.weekly, version.special_days, at)
    return business


@transaction.atomic
def change_opening_hours(
    *,
    actor: models.Model | None,
    weekly: Sequence[Sequence[Span]],
    special_days: Iterable[SpecialDay] = (),
    closes_on_holidays: bool | None = None,
    at: datetime,
) -> OpeningCalendar:
    """Open at these hours from now on; special days are all of them, not an addition. Returns what is then in force.

    What was measured before keeps the hours of then. Unchanged hours make no new version. Whether public holidays
    are closed stays as it is unless it is said.
    """
    rules.check_hours(weekly)
    if closes_on_holidays is not None:
        kept = Details(**_values(_business_to_change(), Details._fields))
        _change_details(actor, kept._replace(closes_on_holidays=closes_on_holidays), at)
    special = rules.special_days_as_data((day.day, day.name, day.spans) for day in special_days)
    week = [[list(span) for span in spans] for spans in weekly]
    return _add_version(actor, _business_to_change(), week, special, at)


@transaction.atomic
def renew_holidays(*, at: datetime) -> OpeningCalendar | None:
    """Look up the next years' public holidays when those known run out, or None. For the machine, once a day."""
    version = version_at(at)
    business = _business_to_change()
    year = at.astimezone(ZoneInfo(business.time_zone)).year
    if version is None or not rules.needs_holidays(holidays_until=version.holidays_until, year=year):
        return None
    return _add_version(None, business, version.weekly, version.special_days, at)


def recognise_places(names: Iterable[str]) -> Mapping[str, Place]:
    """The place for each name that is one, made when it is met for the first time; in the caller's transaction."""
    wanted = {name: clean for name in names if (clean := " ".join(name.split())[:80])}
    if not wanted:
        return {}
    found = {place.name: place for place in Place.objects.filter(name__in=set(wanted.values()))}
    if missing := set(wanted.values()) - found.keys():
        lock_for_transaction(PLACES)  # of two at once who meet it, one makes it
        found |= {place.name: place for place in Place.objects.filter(name__in=missing)}
        for clean in sorted(missing - found.keys()):
            found[clean] = Place.objects.create(name=clean)
    return {name: found[clean] for name, clean in wanted.items()}


def _change_details(actor: models.Model | None, details: "Details", at: datetime) -> Business:
    rules.check_business(
        name=details.name,
        country=details.country,
        language=details.language,
        currency=details.currency,
        time_zone=details.time_zone,
    )
    business = _business_to_change()
    before, after = _values(business, Details._fields), details._asdict()
    if before != after:
        for name, value in after.items():
            setattr(business, name, value)
        business.save(update_fields=Details._fields)
        _record(actor, at, "change_business", business, before, after)
        emit(BusinessChanged(happened_at=at, actor_id=_id(actor)))
    return business


def _add_version(
    actor: models.Model | None, business: Business, weekly: list[Any], special_days: list[Any], at: datetime
) -> OpeningCalendar:
    current = version_at(at)
    version = OpeningCalendar(
        effective_from=at, zone=business.time_zone, weekly=weekly, special_days=special_days
    )
    if business.closes_on_holidays and business.country:
        years = rules.holiday_years(at.astimezone(business.zone).year)
        found = public_holidays(
            business.country, years, subdivision=business.subdivision, language=business.language
        )
        version.closed_days = [[holiday.day.isoformat(), holiday.name] for holiday in found]
        version.holidays_until = years[-1]
    _must_count = version.calendar  # raises for hours that cannot be, before they are in force
    before = _values(current, HOURS) if current else {}
    after = _values(version, HOURS)
    if current is not None and before == after:
        return current
    version.save(force_insert=True)
    _record(actor, at, "change_opening_hours", version, before, after)
    emit(HoursChanged(happened_at=at, actor_id=_id(actor), calendar_id=version.pk))
    return version


def _business_to_change() -> Business:
    """The one row, made when it is not there, locked until the end of the transaction."""
    business, _is_new = Business.objects.select_for_update().get_or_create(pk=Business.ONLY)
    return business


def _record(
    actor: models.Model | None,
    at: datetime,
    act: str,
    row: models.Model,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    kind = type(row).__name__
    record_act(actor_id=_id(actor), at=at, act=act, thing=kind, thing_id=row.pk, before=before, after=after)


def _values(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _id(actor: models.Model | None) -> int | None:
    return None if actor is None else int(actor.pk)


@transaction.atomic
def add_exchange_rate(
    *, actor: models.Model | None, currency: str, rate: Decimal, since: date, at: datetime
) -> ExchangeRate:
    """From that day on, one unit of the currency is worth so many of the business's own. Refused when it cannot be.

    What was converted before keeps its rate.
    """
    own = current_business().currency
    trillionths = int((rate * TRILLION).to_integral_value())
    if currency not in CURRENCIES or currency == own:
        raise rules.BusinessIncomplete(_("Please choose a currency that is not your own."))
    if not 0 < trillionths < 2**63:
        raise rules.BusinessIncomplete(_("Please enter a rate above 0, like 1390.25."))
    row = ExchangeRate.objects.create(
        currency=currency,
        own_currency=own,
        rate_trillionths=trillionths,
        effective_from=since,
        recorded_at=at,
    )
    _record(actor, at, "add_exchange_rate", row, {}, {"currency": currency, "rate": str(rate)})
    return row
