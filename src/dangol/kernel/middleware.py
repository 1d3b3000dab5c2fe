"""What every request passes through."""

import secrets
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from dangol.kernel import events
from dangol.kernel.errors import Refused
from dangol.kernel.logs import request_id as current_request_id

Handler = Callable[[HttpRequest], HttpResponse]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)


def request_id(get_response: Handler) -> Handler:
    """Give the request an id that its log lines and its answer carry."""

    def handle(request: HttpRequest) -> HttpResponse:
        current_request_id.set(secrets.token_hex(6))
        response = get_response(request)
        response["X-Request-Id"] = current_request_id.get()
        return response

    return handle


def content_security_policy(get_response: Handler) -> Handler:
    """Pages run our own scripts and styles and nothing else; a view may set a policy of its own."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return handle


def parts_apart(get_response: Handler) -> Handler:
    """A page and its parts have one address: say so, or the way back would show a part that the browser kept."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    return handle


def live_cursor(get_response: Handler) -> Handler:
    """Note how far the events had come before the page was read, so that its live stream begins without a gap."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.method == "GET" and "HX-Request" not in request.headers and request.user.is_authenticated:
            request.live_cursor = str(events.latest())  # type: ignore[attr-defined]
        return get_response(request)

    return handle


class Refusals:
    """Turn a refusal into its sentence: a toast for htmx, a page otherwise, with the refusal's own status."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refusals only; anything else is a bug and stays one."""
        if not isinstance(exception, Refused):
            return None
        template = "kernel/refused.html"
        if getattr(request, "htmx", False):
            response = render(
                request, f"{template}#toast", {"message": str(exception)}, status=exception.status
            )
            response["HX-Retarget"] = "#toasts"
            response["HX-Reswap"] = "beforeend"
            return response
        return render(request, template, {"message": str(exception)}, status=exception.status)
