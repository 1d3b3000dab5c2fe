"""Where shops report, and their part of Settings › Connections."""

from allauth.core.internal import ratelimit
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from dangol.api.front import MOST_HOOK_BYTES
from dangol.api.models import Shop
from dangol.api.shops.commands import (
    disconnect_shop,
    keep_report,
    note_ping,
    note_wrong_signature,
    retry_reports,
)
from dangol.api.shops.dialects import DIALECTS, SHOPIFYS_TEST, WOOCOMMERCES_TEST
from dangol.kernel import clock
from dangol.kernel.redirects import see_other
from dangol.kernel.secrets import unlock_secret
from dangol.staff.rights import actor, needs


class ShopForm(forms.Form):
    """Which shop, and its secret."""

    kind = forms.ChoiceField(label=gettext_lazy("System"), choices=Shop.Kind.choices)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Only if you have several shops of one system."),
    )
    secret = forms.CharField(
        label=gettext_lazy("Secret"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Shopify shows it below its webhooks. For WooCommerce leave it empty: we make one that you enter there."
        ),
    )


# The signature is all the right that is needed.
@csrf_exempt
@login_not_required
@require_POST
def hook(request: HttpRequest, token: str) -> HttpResponse:
    """A shop reports. It is acknowledged when it is kept, which takes milliseconds; what follows is for the worker."""
    shop = Shop.objects.filter(token=token, closed_at=None).first()
    if shop is None:
        if not ratelimit.consume(request, app="allauth.account", action="api_sign_in"):
            return HttpResponse(status=429, headers={"Retry-After": "60"})
        return HttpResponse(status=404)
    body, now = request.body, clock.now()
    if len(body) > MOST_HOOK_BYTES:
        return HttpResponse(status=413)
    dialect = DIALECTS[shop.kind]
    if shop.kind == Shop.Kind.WOOCOMMERCE and body.startswith(WOOCOMMERCES_TEST):
        note_ping(shop=shop, at=now)
        return HttpResponse(status=200)
    secret = unlock_secret(shop.locked_secret)  # None with another key than then: nothing is signed with that
    if not secret or not dialect.is_signed(secret, body, request.headers):
        note_wrong_signature(shop=shop, at=now)
        return HttpResponse(status=401)
    if request.headers.get(SHOPIFYS_TEST, "").lower() == "true":
        note_ping(shop=shop, at=now)
        return HttpResponse(status=200)
    delivery, topic = request.headers.get(dialect.delivery, ""), request.headers.get(dialect.topic, "")
    keep_report(shop=shop, delivery=delivery, topic=topic, body=body, at=now)
    return HttpResponse(status=200)


@require_POST
@needs("change_connections")
def shop_disconnection(request: HttpRequest, shop_id: int) -> HttpResponse:
    """Its address takes nothing any more."""
    shop = disconnect_shop(actor=actor(request), shop_id=shop_id, at=clock.now())
    messages.success(request, _("%(name)s is disconnected. Its orders stay.") % {"name": shop.source.name})
    return see_other("connections")


@require_POST
@needs("change_connections")
def shop_retry(request: HttpRequest, shop_id: int) -> HttpResponse:
    """Try again what could not be read."""
    retry_reports(actor=actor(request), shop_id=shop_id, at=clock.now())
    messages.success(request, _("It is tried again within seconds."))
    return see_other("stuck_work" if request.POST.get("from") == "stuck" else "connections")
