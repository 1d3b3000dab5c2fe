from collections.abc import Callable
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.csrf import csrf_exempt

from dangol.api import documentation, views
from dangol.api.endpoints import api, nothing_here
from dangol.api.shops import views as shop_views

View = Callable[..., HttpResponse]
# The front page of the API is ours; the others are asked with a token in place of a session.
# Ninja names an address once for each of its methods.
_operations = {
    str(each.pattern): each
    for each in api.urls[0]
    if isinstance(each, URLPattern) and each.name != "api-root"
}


def _for_programs(view: View) -> View:
    return csrf_exempt(login_not_required(view))


class Anything(StringConverter):
    """Also a line feed, which `path` stops at."""

    regex = r"[\s\S]+"


register_converter(Anything, "anything")

urlpatterns = [
    path("api/v1/", views.api_documentation, name="api_documentation"),
    path("api/v1/openapi.json", login_not_required(documentation.openapi), name="api_openapi"),
    *(
        path(f"api/v1/{route}", _for_programs(cast(View, each.callback)), name=each.name)
        for route, each in _operations.items()
    ),
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
