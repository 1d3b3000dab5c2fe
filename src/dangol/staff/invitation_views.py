"""Invitations: sent from the staff page, accepted on a page of their own by somebody who is not signed in yet."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dangol.business.queries import current_business
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.kernel.secrets import lock_secret, unlock_secret
from dangol.staff.commands.invitations import (
    Invited,
    accept_invitation,
    invite_staff,
    renew_invitation,
    revoke_invitation,
)
from dangol.staff.errors import InvitationGone, PasswordTooWeak
from dangol.staff.forms import AccountForm, InviteForm
from dangol.staff.models import Invitation, Role
from dangol.staff.queries import active_count, all_staff, invitation_of, open_invitation, open_invitations
from dangol.staff.rights import actor, may, needs
from dangol.staff.rules import may_invite_as

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SHOWN_ONCE = "invitation_link"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def staff_page(request: HttpRequest, form: InviteForm) -> HttpResponse:
    """The staff page with this form; a link that was just made is on it, once."""
    person, at = actor(request), clock.now()
    invitations = [(row, row.expires_at <= at, may_invite_as(person, row.role)) for row in open_invitations()]
    context = {
        "people": all_staff(),
        "active_count": active_count(),
        "invitations": invitations,
        "form": form,
        "roles": Role.choices,
        "may_change_roles": may(person, "change_roles"),
        "new_link": unlock_secret(request.session.pop(SHOWN_ONCE, "")),
    }
    return render(request, "staff/staff.html", context, status=422 if form.is_bound else 200)


@require_POST
@needs("invite_staff")
def invitations(request: HttpRequest) -> HttpResponse:
    """Invite somebody."""
    person = actor(request)
    form = InviteForm(request.POST, person=person)
    if not form.is_valid():
        return staff_page(request, form)
    try:
        invited = invite_staff(actor=person, link_to=_link_to(request), at=clock.now(), **form.cleaned_data)
    except Refused as refused:
        form.add_error("email", str(refused))
        return staff_page(request, form)
    return _invited(request, invited)


@require_POST
@needs("invite_staff")
def renewal(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Send an invitation once more, with a new link."""
    invited = renew_invitation(
        actor=actor(request),
        invitation=open_invitation(invitation_id),
        link_to=_link_to(request),
        at=clock.now(),
    )
    return _invited(request, invited)


@require_POST
@needs("invite_staff")
def revocation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Withdraw an invitation."""
    revoke_invitation(actor=actor(request), invitation=open_invitation(invitation_id), at=clock.now())
    messages.success(request, _("The invitation is withdrawn. Its link no longer opens anything."))
    return see_other("staff")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: a name, a password, and one is in. In the language of the invitation."""
    at = clock.now()
    invitation = invitation_of(token, at=at)
    if invitation is None:
        raise InvitationGone
    with translation.override(invitation.language):
        response = _join(request, invitation, token)
        response.headers["Content-Language"] = invitation.language
    return response


def _join(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    form = AccountForm(request.POST or None)
    if request.user.is_authenticated:
        form = AccountForm()
    elif request.method == "POST" and form.is_valid():
        try:
            person = accept_invitation(actor=None, token=token, at=clock.now(), **form.cleaned_data)
        except PasswordTooWeak as weak:
            form.add_error("password", str(weak))
        else:
            login(request, person, backend=BACKEND)
            messages.success(request, _("Welcome, %(name)s.") % {"name": person.name})
            return see_other("today")
    context = {"form": form, "invitation": invitation, "business": current_business()}
    # The address of this page opens it. SECURE_REFERRER_POLICY keeps it from other sites; a stricter one of its
    # own would make browsers send the form with the origin "null", which is refused.
    return render(request, "staff/join.html", context, status=422 if form.is_bound else 200)


def _invited(request: HttpRequest, invited: Invited) -> HttpResponse:
    # Shown on the next page and nowhere kept in clear; the database has only its digest.
    request.session[SHOWN_ONCE] = lock_secret(invited.link)
    values = {"address": invited.invitation.email}
    if invited.is_mailed:
        messages.success(request, _("The invitation is on its way to %(address)s.") % values)
    else:
        messages.warning(
            request, _("No mailbox can send yet: please hand the link to %(address)s yourself.") % values
        )
    return see_other("staff", fragment="invitations")


def _link_to(request: HttpRequest) -> Callable[[str], str]:
    # The configured address, unless that is only this machine: then the one under which the inviter, who is
    # signed in, sees the desk.
    if urlsplit(settings.DANGOL_URL).hostname in LOOPBACK:
        return lambda token: request.build_absolute_uri(reverse("join", args=[token]))
    return lambda token: settings.DANGOL_URL + reverse("join", args=[token])
