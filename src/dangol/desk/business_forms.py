"""The business and its hours as forms; the first visit and the settings share them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from dangol.business.hours import ALL_DAY, Span
from dangol.business.hours_text import HoursUnclear, spans_from, spans_text
from dangol.business.proposals import country_choices, currency_choices, language_choices, zone_choices
from dangol.business.public_holidays import subdivisions
from dangol.business.queries import SpecialDay

DAYS: Final = range(7)
USUAL: Final = ("09:00-18:00",) * 5 + ("", "")
EMPTY_ROWS: Final = 3
MOST_SPECIAL_DAYS: Final = 60


class BusinessForm(forms.Form):
    """Who the business is."""

    name = forms.CharField(
        label=_("Name of the business"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=language_choices())
    country = forms.ChoiceField(label=_("Country"))
    currency = forms.ChoiceField(label=_("Currency"))
    time_zone = forms.ChoiceField(label=_("Time zone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the language of the moment, hence not at import.
        for name, choices in (
            ("country", country_choices()),
            ("currency", currency_choices()),
            ("time_zone", zone_choices()),
        ):
            self.fields[name] = forms.ChoiceField(label=self.fields[name].label, choices=choices)


class DetailsForm(BusinessForm):
    """The same under Settings, with the part of the country where it has holidays of its own."""

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = subdivisions(country) if country else ()
        self.fields["subdivision"] = forms.ChoiceField(
            label=_("State or region"),
            required=False,
            choices=[("", _("the whole country")), *((part, part) for part in self.parts)],
            help_text=_("Some have public holidays of their own."),
            widget=forms.Select if self.parts else forms.HiddenInput,
        )
        self.kept_country = country

    def clean(self) -> dict[str, Any]:
        """Another country has other parts."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("country") != self.kept_country:
            data["subdivision"] = ""
        return data


class HoursForm(forms.Form):
    """A week, a row a day, as people write it: 09:00-12:00, 13:00-18:00; empty is closed."""

    closes_on_holidays = forms.BooleanField(label=_("Closed on public holidays"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day in DAYS:
            self.fields[f"hours_{day}"] = forms.CharField(
                label=WEEKDAYS[day],
                required=False,
                max_length=200,
                widget=forms.TextInput(attrs={"autocomplete": "off", "aria-describedby": "hours-help"}),
            )

    @property
    def days(self) -> list[forms.BoundField]:
        """The seven rows, Monday first."""
        return [self[f"hours_{day}"] for day in DAYS]

    def clean(self) -> dict[str, Any]:
        """Read every row; each that is unclear says so itself."""
        data: dict[str, Any] = super().clean() or {}
        weekly: list[tuple[Span, ...]] = []
        for day in DAYS:
            try:
                weekly.append(spans_from(data.get(f"hours_{day}") or ""))
            except HoursUnclear as unclear:
                self.add_error(f"hours_{day}", str(unclear))
        data["weekly"] = tuple(weekly)
        return data

    @property
    def weekly(self) -> tuple[tuple[Span, ...], ...]:
        """The week of the valid form. Nothing entered at all is the whole week: then every hour counts."""
        week: tuple[tuple[Span, ...], ...] = self.cleaned_data["weekly"]
        return week if any(week) else (ALL_DAY,) * 7


class SpecialDayForm(forms.Form):
    """One day with hours of its own."""

    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    name = forms.CharField(label=_("What for"), required=False, max_length=80)
    hours = forms.CharField(label=_("Hours"), required=False, max_length=200)

    def clean_hours(self) -> tuple[Span, ...]:
        """The hours of that day; none is closed."""
        try:
            return spans_from(self.cleaned_data["hours"])
        except HoursUnclear as unclear:
            raise forms.ValidationError(str(unclear)) from unclear

    @property
    def special_day(self) -> SpecialDay | None:
        """The day, or None for a row that was left empty."""
        data = self.cleaned_data
        return SpecialDay(data["day"], data["hours"], data["name"]) if data.get("day") else None


@dataclass(frozen=True)
class SpecialDays:
    """The rows of special days, with empty ones at the end."""

    rows: list[SpecialDayForm]

    @classmethod
    def of(cls, days: Sequence[SpecialDay], *, today: date) -> "SpecialDays":
        """As they are kept; those that are over are no longer shown, and stay."""
        rows = [
            {"day": each.day, "name": each.name, "hours": spans_text(each.spans)}
            for each in days
            if each.day >= today
        ]
        initials: list[dict[str, Any]] = [*rows, *({} for _ in range(EMPTY_ROWS))]
        return cls([SpecialDayForm(prefix=f"special-{n}", initial=each) for n, each in enumerate(initials)])

    @classmethod
    def typed(cls, data: Mapping[str, Any]) -> "SpecialDays":
        """As they were typed."""
        count = sum(1 for n in range(MOST_SPECIAL_DAYS) if f"special-{n}-day" in data)
        return cls([SpecialDayForm(data, prefix=f"special-{n}") for n in range(count)])

    def is_valid(self) -> bool:
        """Whether every row is."""
        return len([row for row in self.rows if row.is_valid()]) == len(self.rows)

    @property
    def days(self) -> list[SpecialDay]:
        """The days of the valid rows."""
        return [day for row in self.rows if (day := row.special_day)]


def hours_initial(weekly: Sequence[Sequence[Span]]) -> dict[str, str]:
    """The week as the form's rows show it."""
    return {f"hours_{day}": spans_text(spans) for day, spans in enumerate(weekly)}


def copied_hours(data: Mapping[str, Any], days: Sequence[int]) -> dict[str, str]:
    """What was typed, with Monday's hours on these days too."""
    rows = {f"hours_{day}": str(data.get(f"hours_{day}", "")) for day in DAYS}
    return {**rows, **{f"hours_{day}": rows["hours_0"] for day in days}}


def typed_initial(data: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What was typed so far, to show it again before it is complete."""
    return {name: data.get(name, "") for name in names}
