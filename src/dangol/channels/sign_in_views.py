"""Signing in to a mailbox with Google or Microsoft: out to the page where somebody consents, and back."""

import hmac
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangol.channels.email.imap import try_receiving
from dangol.channels.email.oauth import SignInFailed
from dangol.channels.email.problems import sentence
from dangol.channels.fetching import server_of
from dangol.channels.forms import OAuthClientForm
from dangol.channels.models import Channel, OAuthClient, SignIn
from dangol.channels.queries import email_channel
from dangol.channels.sign_ins import (
    begin_sign_in,
    client_of,
    finish_sign_in,
    keep_oauth_client,
    provider_for,
)
from dangol.kernel import clock
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.middleware import POLICY
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs

UNDER_WAY: Final = "mailbox_sign_in"
MOST_SECONDS: Final = 30 * 60  # somebody may have to find a phone or a password first
THEN: Final = frozenset({"mailbox", "set_up_ready"})
View = Callable[..., HttpResponse]


def leads_to_providers(view: View) -> View:
    """A page whose form may end at Google or Microsoft: the browser must let it lead there."""

    @wraps(view)
    def leading(*arguments: Any, **names: Any) -> HttpResponse:
        response = view(*arguments, **names)
        origins = " ".join(provider_for(key).origin for key in SignIn.Provider.values)
        policy = POLICY.replace("form-action 'self'", f"form-action 'self' {origins}")
        response.headers["Content-Security-Policy"] = policy
        return response

    return leading


@require_POST
@needs("change_mailboxes")
def mailbox_sign_in(request: HttpRequest, channel_id: int) -> HttpResponse:
    """The button: on to the provider, or first to where its client is entered."""
    return lead_to_sign_in(request, email_channel(channel_id))


def lead_to_sign_in(request: HttpRequest, channel: Channel, *, then: str = "mailbox") -> HttpResponse:
    """The way to the sign-in of this mailbox; afterwards it goes on to `then`."""
    sign_in = SignIn.objects.filter(mailbox_id=channel.pk).first()
    if sign_in is None:
        return see_other("mailbox", channel.pk)
    client = client_of(sign_in.provider)
    if client is None:
        address = reverse("oauth_client", args=[sign_in.provider])
        return see_other(f"{address}?mailbox={channel.pk}&then={then}")
    address, state, verifier = begin_sign_in(
        actor=actor(request), channel=channel, client=client, redirect=return_address(client.provider)
    )
    request.session[UNDER_WAY] = {
        "state": state,
        "verifier": verifier,
        "mailbox": channel.pk,
        "provider": client.provider,
        "then": then,
        "began": int(time.time()),
    }
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


@never_cache
@leads_to_providers
@require_http_methods(["GET", "HEAD", "POST"])
@needs("change_mailboxes")
def oauth_client(request: HttpRequest, provider: str) -> HttpResponse:
    """Where the owner enters what was registered at the provider, with the steps that lead there."""
    if provider not in SignIn.Provider.values:
        raise Http404
    kept = OAuthClient.objects.filter(provider=provider).first()
    asked = request.POST if request.method == "POST" else request.GET
    channel, then = _wanted(asked.get("mailbox", "")), asked.get("then", "")
    initial = {"client_id": kept.client_id, "tenant": kept.tenant} if kept else {}
    form = OAuthClientForm(request.POST or None, provider=provider, has_secret=bool(kept), initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            keep_oauth_client(
                actor=actor(request),
                provider=provider,
                client_id=data["client_id"],
                secret=data["secret"] or None,
                tenant=data.get("tenant", ""),
                at=clock.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if channel:
                return lead_to_sign_in(request, channel, then=then if then in THEN else "mailbox")
            messages.success(request, _("Saved."))
            return see_other("mailboxes")
    context = {
        "form": form,
        "provider": provider_for(provider),
        "redirect": return_address(provider),
        "is_open_to_providers": _is_taken(return_address(provider)),
        "mailbox": channel,
        "then": then if then in THEN else "",
    }
    return render(request, "channels/oauth_client.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_safe
@needs("change_mailboxes")
def oauth_return(request: HttpRequest, provider: str) -> HttpResponse:
    """Back from the consent page. What was not begun in this browser, a moment ago, is of no effect."""
    kept = request.session.pop(UNDER_WAY, None)
    if not isinstance(kept, dict) or not _is_ours(request, provider, kept):
        messages.error(
            request, _("This sign-in was not begun here, or too long ago. Press the button once more.")
        )
        return see_other("mailboxes")
    channel, client = _wanted(str(kept["mailbox"])), client_of(provider)
    if channel is None or client is None or channel.mailbox.sign_in is None:
        raise Gone
    code = request.GET.get("code", "")
    if not code:
        _tell_refusal(request, request.GET.get("error", ""))
        return see_other("mailbox", channel.pk)
    try:
        finish_sign_in(
            actor=actor(request),
            channel=channel,
            client=client,
            code=code,
            verifier=kept["verifier"],
            redirect=return_address(provider),
            at=clock.now(),
        )
    except SignInFailed as failure:
        messages.error(request, sentence(failure.problem, provider_for(provider, client.tenant).host))
        return see_other("mailbox", channel.pk)
    return _after(request, email_channel(channel.pk), kept["then"])


def return_address(provider: str) -> str:
    """The address to which the provider leads back; it must be registered there letter by letter."""
    return settings.DANGOL_URL + reverse("oauth_return", args=[provider])


def _after(request: HttpRequest, channel: Channel, then: str) -> HttpResponse:
    # Whoever chose another account on the way hears it now, and not when no mail comes.
    trial = try_receiving(server_of(channel.mailbox), channel.mailbox.imap_folder)
    if trial.is_fine:
        messages.success(
            request,
            _("Signed in. The mail of %(name)s is being fetched.") % {"name": channel.mailbox.address},
        )
    else:
        messages.warning(request, trial.sentence)
    return see_other("set_up_ready") if then == "set_up_ready" else see_other("mailbox", channel.pk)


def _is_ours(request: HttpRequest, provider: str, kept: dict[str, Any]) -> bool:
    return (
        kept.get("provider") == provider
        and hmac.compare_digest(str(kept.get("state")).encode(), request.GET.get("state", "").encode())
        and 0 <= time.time() - int(kept.get("began", 0)) < MOST_SECONDS
    )


def _tell_refusal(request: HttpRequest, error: str) -> None:
    if error == "access_denied":
        messages.warning(request, _("You did not let Dangol in, so nothing has changed."))
    else:
        said = "".join(letter for letter in error[:60] if letter.isalnum() or letter in "_-")
        messages.error(request, _("The sign-in did not come about (%(error)s).") % {"error": said or "?"})


def _wanted(number: str) -> Channel | None:
    return email_channel(int(number)) if number.isascii() and number.isdigit() and len(number) < 18 else None


def _is_taken(address: str) -> bool:
    # Both providers lead back only by https, or to this very machine.
    return address.startswith(("https://", "http://localhost", "http://127.0.0.1"))
