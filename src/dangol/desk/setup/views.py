"""The first visit: the business, its owner, its first mailbox. What was done is kept, so that it can be left."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dangol.business.commands import finish_set_up_step
from dangol.business.models import Business
from dangol.business.queries import current_business
from dangol.channels.forms import MailboxForm
from dangol.channels.mailbox_views import trial_response, wants_trial
from dangol.channels.mailboxes import add_mailbox
from dangol.channels.models import Channel, Mailbox
from dangol.channels.sign_in_views import lead_to_sign_in, leads_to_providers
from dangol.desk.setup.door import may_set_up, open_with
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.staff.commands.people import create_owner
from dangol.staff.errors import OwnerExists, PasswordTooWeak
from dangol.staff.forms import OwnerForm
from dangol.staff.models import Staff
from dangol.staff.queries import has_staff
from dangol.staff.rights import actor, needs

BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"
METHODS: Final = ["GET", "HEAD", "POST"]
View = Callable[..., HttpResponse]


def before_owner(view: View) -> View:
    """A step that is only there until somebody owns the installation, and only for whoever may take it."""

    @login_not_required
    @never_cache
    @require_http_methods(METHODS)
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if has_staff():
            return redirect("set_up")
        if not may_set_up(request):
            return redirect("set_up_code")
        return view(request)

    return guarded


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD"])
def set_up(request: HttpRequest) -> HttpResponse:
    """To the step that comes next, or to the desk."""
    step = current_business().set_up_step
    if not has_staff():
        if not may_set_up(request):
            return redirect("set_up_code")
        return redirect("set_up_business" if step == Business.Step.BUSINESS else "set_up_owner")
    person = request.user
    if isinstance(person, Staff) and person.is_owner and step == Business.Step.MAILBOX:
        return redirect("set_up_mailbox")
    return redirect("today")


@login_not_required
@never_cache
@require_http_methods(METHODS)
def code(request: HttpRequest) -> HttpResponse:
    """Whoever comes from another machine shows that the terminal is theirs."""
    if has_staff() or may_set_up(request):
        return redirect("set_up")
    is_wrong = False
    if request.method == "POST":
        if open_with(request, request.POST.get("code", "")):
            return see_other("set_up")
        is_wrong = True
    return render(request, "desk/setup/code.html", {"is_wrong": is_wrong}, status=422 if is_wrong else 200)


@before_owner
def owner(request: HttpRequest) -> HttpResponse:
    """The second step: the owner's account, signed in at once."""
    business = current_business()
    if business.set_up_step == Business.Step.BUSINESS:
        return redirect("set_up_business")
    with translation.override(business.language):
        form = OwnerForm(request.POST or None)
        if form.is_valid():
            try:
                person = _take(form.cleaned_data)
            except PasswordTooWeak as weak:
                form.add_error("password", str(weak))
            except OwnerExists:
                return see_other("set_up")
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                login(request, person, backend=BACKEND)
                return see_other("set_up_mailbox")
        context = {"form": form, "step": Business.Step.OWNER}
        return render(request, "desk/setup/owner.html", context, status=422 if form.is_bound else 200)


@never_cache
@leads_to_providers
@require_http_methods(METHODS)
@needs("change_business")
def mailbox(request: HttpRequest) -> HttpResponse:
    """The third step: the first mailbox, or later."""
    person, business = actor(request), current_business()
    if business.is_set_up or Mailbox.objects.exists():
        return redirect("set_up_ready")
    context: dict[str, Any] = {"step": Business.Step.MAILBOX}
    template = "desk/setup/mailbox.html"
    if request.method != "POST":
        initial = {"from_name": business.name, "promised_first": 4 * 3600, "promised_next": 8 * 3600}
        form = MailboxForm(person_id=person.pk, initial=initial)
        return render(request, template, {**context, "form": form})
    if request.POST.get("do") == "later":
        finish_set_up_step(actor=person, step=Business.Step.MAILBOX, at=clock.now())
        return see_other("set_up_ready")
    form = MailboxForm(request.POST, person_id=person.pk)
    if wants_trial(request):
        return trial_response(request, form, template, context)
    if form.is_valid():
        try:
            channel = _connect(person, form)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if form.settings.sign_in:
                return lead_to_sign_in(request, channel, then="set_up_ready")
            messages.success(request, _("The mailbox is connected. Its mail is being fetched."))
            return see_other("set_up_ready")
    return render(request, template, {**context, "form": form.filled_in()}, status=422)


@require_http_methods(["GET", "HEAD"])
@needs("change_business")
def ready(request: HttpRequest) -> HttpResponse:
    """The end of the first visit: what to do next."""
    has_mailbox = Mailbox.objects.exists()
    if not has_mailbox and not current_business().is_set_up:
        return redirect("set_up")
    return render(request, "desk/setup/ready.html", {"mailbox": Mailbox.objects.first()})


@transaction.atomic
def _take(data: dict[str, Any]) -> Staff:
    at = clock.now()
    person = create_owner(actor=None, language="", at=at, **data)
    finish_set_up_step(actor=person, step=Business.Step.OWNER, at=at)
    return person


@transaction.atomic
def _connect(person: Staff, form: MailboxForm) -> Channel:
    at = clock.now()
    channel = add_mailbox(actor=person, settings=form.settings, at=at)
    finish_set_up_step(actor=person, step=Business.Step.MAILBOX, at=at)
    return channel
