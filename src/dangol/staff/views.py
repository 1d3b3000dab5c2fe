"""People: the staff page, and what everybody says about themselves."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.staff.commands.people import change_profile, change_role, deactivate_staff, reactivate_staff
from dangol.staff.forms import InviteForm, ProfileForm, RoleForm
from dangol.staff.invitation_views import staff_page
from dangol.staff.models import Role, Staff
from dangol.staff.queries import staff_member
from dangol.staff.rights import actor, needs


@require_safe
@needs("invite_staff")
def staff(request: HttpRequest) -> HttpResponse:
    """Everybody who works here, open invitations, and the form to invite."""
    person = actor(request)
    form = InviteForm(person=person, initial={"role": Role.AGENT, "language": translation.get_language()})
    return staff_page(request, form)


@require_POST
@needs("change_roles")
def role(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Give somebody another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Refused
    person = change_role(
        actor=actor(request), person=staff_member(staff_id), role=form.cleaned_data["role"], at=clock.now()
    )
    return _done(request, _("%(name)s is now: %(role)s."), person)


@require_POST
@needs("change_roles")
def deactivation(request: HttpRequest, staff_id: int) -> HttpResponse:
    """End somebody's access."""
    person = deactivate_staff(actor=actor(request), person=staff_member(staff_id), at=clock.now())
    return _done(request, _("%(name)s can no longer sign in and has been signed out everywhere."), person)


@require_POST
@needs("change_roles")
def reactivation(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Let somebody sign in again."""
    person = reactivate_staff(actor=actor(request), person=staff_member(staff_id), at=clock.now())
    return _done(request, _("%(name)s can sign in again."), person)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("answer")
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone and signature of the one who asks."""
    person = actor(request)
    if request.method == "POST":
        form = ProfileForm(request.POST, person=person)
        if form.is_valid():
            changed = change_profile(actor=person, at=clock.now(), **form.cleaned_data)
            with translation.override(changed.language or translation.get_language()):
                messages.success(request, _("Saved."))
            return see_other("profile")
    else:
        form = ProfileForm(
            person=person,
            initial={
                "name": person.name,
                "language": person.language,
                "time_zone": person.time_zone,
                "signature": person.signature,
                "wants_alarms": person.wants_alarms,
            },
        )
    status = 422 if form.is_bound else 200
    return render(request, "staff/profile.html", {"form": form, "person": person}, status=status)


def _done(request: HttpRequest, words: str, person: Staff) -> HttpResponse:
    messages.success(request, words % {"name": person.name, "role": person.get_role_display()})
    return see_other("staff")
