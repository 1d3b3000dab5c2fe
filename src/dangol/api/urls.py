from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.csrf import csrf_exempt

from dangol.api import documentation, views
from dangol.api.problems import nothing_here
from dangol.api.shops import views as shop_views

View = Callable[..., HttpResponse]


@cache
def _operations() -> Mapping[str, View]:
    # Ninja names an address once for each of its methods.
    from dangol.api.endpoints import api

    return {str(each.name): cast(View, each.callback) for each in api.urls[0] if isinstance(each, URLPattern)}


def _operation(name: str) -> View:
    """What the API does at the address of that name. It is loaded at the first request: most desks have no program
    that asks, and its libraries would be 30 MB of every process that knows the addresses."""

    def view(request: HttpRequest, **given: object) -> HttpResponse:
        return _operations()[name](request, **given)

    return _for_programs(view)


def _for_programs(view: View) -> View:
    return csrf_exempt(login_not_required(view))


class Anything(StringConverter):
    """Also a line feed, which `path` stops at."""

    regex = r"[\s\S]+"


register_converter(Anything, "anything")

urlpatterns = [
    path("api/v1/", views.api_documentation, name="api_documentation"),
    path("api/v1/openapi.json", login_not_required(documentation.openapi), name="api_openapi"),
    path("api/v1/orders", _operation("api_orders"), name="api_orders"),
    path("api/v1/orders/<uuid:order_id>", _operation("api_order"), name="api_order"),
    path("api/v1/orders/<uuid:order_id>/refunds", _operation("api_refunds"), name="api_refunds"),
    path("api/<anything:rest>", _for_programs(nothing_here), name="api_nothing_here"),
    path("settings/connections/", views.connections, name="connections"),
    path("hooks/<slug:token>/", shop_views.hook, name="shop_hook"),
    path("settings/connections/shops/", views.shops, name="shops"),
    path(
        "settings/connections/shops/<int:shop_id>/disconnection/",
        shop_views.shop_disconnection,
        name="shop_disconnection",
    ),
    path("settings/connections/shops/<int:shop_id>/retry/", shop_views.shop_retry, name="shop_retry"),
    path("settings/connections/tokens/", views.tokens, name="api_tokens"),
    path(
        "settings/connections/tokens/<int:token_id>/revocation/",
        views.token_revocation,
        name="api_token_revocation",
    ),
]
