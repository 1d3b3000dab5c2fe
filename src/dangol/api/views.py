"""Settings › Connections: which programs and shops bring orders in; and the page that explains the API."""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from dangol.api.commands import REQUESTS_A_MINUTE, make_token, revoke_token
from dangol.api.documentation import documented
from dangol.api.models import Token
from dangol.api.queries import token_states
from dangol.api.shops.commands import connect_shop
from dangol.api.shops.queries import shop_states
from dangol.api.shops.views import ShopForm
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.kernel.secrets import lock_secret, unlock_secret
from dangol.staff.rights import actor, needs

SHOWN_ONCE: Final = "new_api_token"
SHOPS_ONCE: Final = "new_shop"


class TokenForm(forms.Form):
    """What a new token is called and may do."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("By which you will know it later: the till, the web shop, the bookkeeping."),
    )
    source = forms.CharField(
        label=gettext_lazy("Where the orders are from"),
        max_length=80,
        required=False,
        help_text=gettext_lazy(
            "Only if several programs bring in orders of the same shop: give all the same name here."
        ),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        choices=Token.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=Token.Scope.values,
    )


@require_safe
@needs("change_connections")
def connections(request: HttpRequest) -> HttpResponse:
    """The tokens and the shops."""
    return _page(request, TokenForm())


@require_POST
@needs("change_connections")
def tokens(request: HttpRequest) -> HttpResponse:
    """Make a token; the page behind shows it, once."""
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            made = make_token(actor=actor(request), at=clock.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            request.session[SHOWN_ONCE] = lock_secret(made.text)
            return see_other("connections")
    return _page(request, form)


@require_POST
@needs("change_connections")
def token_revocation(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revoke a token; it opens nothing from the next request on."""
    token = revoke_token(actor=actor(request), token_id=token_id, at=clock.now())
    messages.success(request, _("%(name)s opens nothing any more.") % {"name": token.name})
    return see_other("connections")


@require_safe
@needs("change_connections")
def api_documentation(request: HttpRequest) -> HttpResponse:
    """All that the API knows, from its own description."""
    return render(
        request,
        "api/documentation.html",
        {"operations": documented(), "base": _base(), "most": REQUESTS_A_MINUTE},
    )


@require_POST
@needs("change_connections")
def shops(request: HttpRequest) -> HttpResponse:
    """Connect a shop; the page behind shows a secret that we made, once."""
    form = ShopForm(request.POST, auto_id="shop_%s")
    if form.is_valid():
        try:
            made = connect_shop(actor=actor(request), at=clock.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if not form.cleaned_data["secret"].strip():
                request.session[SHOPS_ONCE] = lock_secret(made.secret)
            return see_other("connections")
    return _page(request, TokenForm(), form)


def _page(request: HttpRequest, form: forms.Form, shop_form: forms.Form | None = None) -> HttpResponse:
    shop_form = shop_form or ShopForm(auto_id="shop_%s")
    context: dict[str, Any] = {
        "tokens": token_states(),
        "form": form,
        "new_token": unlock_secret(request.session.pop(SHOWN_ONCE, "")),
        "base": _base(),
        "shops": shop_states(settings.DANGOL_URL),
        "shop_form": shop_form,
        "new_secret": unlock_secret(request.session.pop(SHOPS_ONCE, "")),
    }
    is_wrong = form.is_bound or shop_form.is_bound
    return render(request, "api/connections.html", context, status=422 if is_wrong else 200)


def _base() -> str:
    return f"{settings.DANGOL_URL}/api/v1"
