"""Mailboxes under Settings: the list with how each is, one mailbox with all that can be set, and its trial."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangol.channels.email.autoconfig import Provider, provider_of
from dangol.channels.email.problems import Trial
from dangol.channels.forms import FullMailboxForm, MailboxForm, mailbox_initial
from dangol.channels.mailbox_settings import proposed_connections
from dangol.channels.mailboxes import add_mailbox, change_mailbox, pause_mailbox, resume_mailbox
from dangol.channels.models import Channel
from dangol.channels.queries import email_channel, mailbox_state, mailbox_states
from dangol.channels.sign_in_views import lead_to_sign_in, leads_to_providers
from dangol.channels.trial import MailboxTrial, try_mailbox, try_provider
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs


@require_safe
@needs("change_mailboxes")
def mailboxes(request: HttpRequest) -> HttpResponse:
    """Every mailbox, and what is wrong with it."""
    return render(request, "channels/mailboxes.html", {"mailboxes": mailbox_states()})


@leads_to_providers
@require_http_methods(["GET", "HEAD", "POST"])
@needs("change_mailboxes")
def new_mailbox(request: HttpRequest) -> HttpResponse:
    """Connect a mailbox."""
    person = actor(request)
    initial = {"imap_folder": "INBOX", "plus_addressing": True}
    if request.method != "POST":
        form = FullMailboxForm(person_id=person.pk, initial=initial)
        return render(request, "channels/mailbox.html", {"form": form})
    form = FullMailboxForm(request.POST, person_id=person.pk, initial=initial)
    if wants_trial(request):
        return trial_response(request, form, "channels/mailbox.html", {})
    if request.POST.get("do") == "provider_trial":
        return provider_trial_response(request, form, {})
    if form.is_valid():
        try:
            channel = add_mailbox(actor=person, settings=form.settings, at=clock.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if form.settings.sign_in:
                return lead_to_sign_in(request, channel)
            messages.success(request, _("%(name)s is connected.") % {"name": channel.mailbox.address})
            return see_other("mailboxes")
    return render(request, "channels/mailbox.html", {"form": form.filled_in()}, status=422)


@leads_to_providers
@require_http_methods(["GET", "HEAD", "POST"])
@needs("change_mailboxes")
def mailbox(request: HttpRequest, channel_id: int) -> HttpResponse:
    """All that can be set about one mailbox."""
    person, channel = actor(request), email_channel(channel_id)
    initial = mailbox_initial(channel)
    context = {"channel": channel, "state": mailbox_state(channel), "provider": _provider(channel)}
    if request.method != "POST":
        form = FullMailboxForm(person_id=person.pk, channel=channel, initial=initial)
        return render(request, "channels/mailbox.html", {**context, "form": form})
    form = FullMailboxForm(request.POST, person_id=person.pk, channel=channel, initial=initial)
    if wants_trial(request):
        return trial_response(request, form, "channels/mailbox.html", context)
    if request.POST.get("do") == "provider_trial":
        return provider_trial_response(request, form, context)
    if form.is_valid():
        try:
            change_mailbox(actor=person, channel=channel, settings=form.settings, at=clock.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            fresh = email_channel(channel.pk)
            if fresh.mailbox.sign_in and fresh.mailbox.sign_in.is_lost:
                return lead_to_sign_in(request, fresh)
            messages.success(request, _("Saved."))
            return see_other("mailbox", channel.pk)
    return render(request, "channels/mailbox.html", {**context, "form": form.filled_in()}, status=422)


@require_POST
@needs("change_mailboxes")
def pause(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Stop fetching from a mailbox."""
    pause_mailbox(actor=actor(request), channel=email_channel(channel_id), at=clock.now())
    messages.success(request, _("Paused. Mail stays on the server until you go on."))
    return see_other("mailboxes")


@require_POST
@needs("change_mailboxes")
def resumption(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Fetch from a mailbox again."""
    resume_mailbox(actor=actor(request), channel=email_channel(channel_id), at=clock.now())
    messages.success(request, _("In use again. What came meanwhile is being fetched."))
    return see_other("mailboxes")


@require_safe
@needs("change_mailboxes")
def mailbox_servers(request: HttpRequest) -> HttpResponse:
    """The part of the form with the servers, filled in for an address that was just typed."""
    address = request.GET.get("address", "").strip()
    receiving, sending, _plus = proposed_connections(address)
    provider = provider_of(address)
    initial = {
        "sign_in": _likely_sign_in(provider, request.GET.get("sign_in", "")),
        "imap_host": receiving.host if "@" in address else "",
        "imap_port": receiving.port,
        "imap_security": receiving.security,
        "smtp_host": sending.host if "@" in address else "",
        "smtp_port": sending.port,
        "smtp_security": sending.security,
    }
    form = MailboxForm(person_id=actor(request).pk, initial=initial)
    form.offer_sign_ins(provider)
    return render(
        request,
        "channels/_servers.html",
        {"form": form, "provider": provider, "is_open": True, "with_ways": True},
    )


def wants_trial(request: HttpRequest) -> bool:
    """Whether the button was the one that tests, and not the one that saves."""
    return request.POST.get("do") == "trial"


def trial_response(
    request: HttpRequest, form: MailboxForm, template: str, context: dict[str, Any]
) -> HttpResponse:
    """What a trial of the form's servers showed: its own part for htmx, else the page with the form as typed."""
    trial: MailboxTrial | None = None
    if form.is_valid():
        try:
            trial = try_mailbox(form.settings, channel=form.channel)
        except Refused as refused:
            form.add_error(None, str(refused))
    status = 200 if trial else 422
    if getattr(request, "htmx", False):
        shown = {"form": form, "trial": trial, "complaints": _complaints(form)}
        return render(request, "channels/_trial.html", shown, status=status)
    return render(request, template, {**context, "form": form.filled_in(), "trial": trial}, status=status)


def provider_trial_response(
    request: HttpRequest, form: FullMailboxForm, context: dict[str, Any]
) -> HttpResponse:
    """What the provider answered to a mail that is only a test: a part for htmx, else the page as typed."""
    trial: Trial | None = None
    if form.is_valid() and (choice := form.provider_choice):
        try:
            trial = try_provider(
                choice, channel=form.channel, address=form.cleaned_data["address"], at=clock.now()
            )
        except Refused as refused:
            form.add_error(None, str(refused))
    shown = {"provider_trial": trial, "form": form, "complaints": _complaints(form)}
    status = 200 if trial else 422
    if getattr(request, "htmx", False):
        return render(request, "channels/_provider_trial.html", shown, status=status)
    return render(
        request, "channels/mailbox.html", {**context, **shown, "form": form.filled_in()}, status=status
    )


def _likely_sign_in(provider: Provider, chosen: str) -> str:
    is_possible = chosen == (provider.sign_in or "") or not provider.is_known
    if chosen and is_possible:
        return chosen
    return provider.sign_in or "" if provider.password == "closed" else ""  # noqa: S105


def _complaints(form: MailboxForm) -> list[str]:
    return [str(text) for texts in form.errors.values() for text in texts]


def _provider(channel: Channel) -> Any:
    return provider_of(channel.mailbox.address)
