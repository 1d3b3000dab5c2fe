"""The list of subjects beside every page of the settings; each person sees the subjects they may change."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from dangol.staff.models import Staff
from dangol.staff.rights import actor, may, needs


class Subject(NamedTuple):
    """A page of the settings: its URL's name, words, picture, and the right it takes (empty: everybody)."""

    name: str
    label: str | Promise
    icon: str
    right: str = ""


SUBJECTS: Final = (
    Subject("business_settings", _("Business"), "shop", "change_business"),
    Subject("hours_settings", _("Opening hours"), "times", "change_business"),
    Subject("places_settings", _("Places"), "shop", "change_business"),
    Subject("rates_settings", _("Exchange rates"), "worth", "change_business"),
    Subject("goodwill_settings", _("Goodwill"), "people", "change_goodwill"),
    Subject("mailboxes", _("Mailboxes"), "mail", "change_mailboxes"),
    Subject("connections", _("Connections"), "link", "change_connections"),
    Subject("staff", _("Staff"), "team", "invite_staff"),
    Subject("backups", _("Backups"), "backup", "back_up"),
    Subject("your_data", _("Your data"), "download", "export_everything"),
    Subject("stuck_work", _("Stuck work"), "stuck", "see_stuck_work"),
    Subject("profile", _("My account"), "person"),
    Subject("mfa_index", _("Sign-in"), "shield"),
)


class SettingsEntry(NamedTuple):
    """A subject as it stands in the list."""

    url: str
    label: str
    icon: str
    is_current: bool


def settings_menu(request: HttpRequest) -> dict[str, Callable[[], Any]]:
    """For every page: `settings_nav`, made only where a page shows it."""
    return {"settings_nav": lambda: settings_entries(request)}


def settings_entries(request: HttpRequest) -> tuple[SettingsEntry, ...]:
    """The subjects that the person may see."""
    person = request.user
    if not isinstance(person, Staff):
        return ()
    subjects = [(reverse(row.name), row) for row in SUBJECTS if not row.right or may(person, row.right)]
    return tuple(
        SettingsEntry(url, str(row.label), row.icon, request.path.startswith(url)) for url, row in subjects
    )


@require_safe
@needs("answer")
def settings_index(request: HttpRequest) -> HttpResponse:
    """To the first subject that the person may change."""
    person = actor(request)
    return redirect(next(row.name for row in SUBJECTS if not row.right or may(person, row.right)))
