"""What a person sees when something failed that is nobody's doing: a sentence, never a traceback."""

import sys
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.defaults import server_error

from dangol.kernel.troubles import DATABASE_AWAY, is_want

SECONDS_TO_WAIT: Final = 5


def broken(request: HttpRequest) -> HttpResponse:
    """The answer to a request that failed: what a trouble of the machine means (503), or that a bug is ours (500).

    Asks the database for nothing. A click in a page that is open gets a toast: the page keeps what was written.
    """
    failure = sys.exc_info()[1]
    if not (isinstance(failure, DATABASE_AWAY) or (isinstance(failure, OSError) and is_want(failure))):
        return server_error(request)
    language = translation.get_language()
    if language in {None, settings.LANGUAGE_CODE}:  # it may have failed before anybody knew who asks
        language = translation.get_language_from_request(request)
    with translation.override(language):
        return _toast() if _is_click(request) else _page()


def _is_click(request: HttpRequest) -> bool:
    # A part of a page that only wanted to load again asks once more by itself.
    return "HX-Request" in request.headers and request.method not in {"GET", "HEAD"}


def _toast() -> HttpResponse:
    text = _("Nothing can be kept just now. What you wrote is still in this page; try again in a moment.")
    response = HttpResponse(
        render_to_string("kernel/_toast.html", {"text": text, "tone": "error"}), status=422
    )
    response["HX-Retarget"] = "#toasts"
    response["HX-Reswap"] = "beforeend"
    return response


def _page() -> HttpResponse:
    response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(SECONDS_TO_WAIT)
    return response
