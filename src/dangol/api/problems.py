"""Refusals in the words of programs: problem+json (RFC 9457)."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _


def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """Addresses that the API does not have are told in its own words, too."""
    return problem(
        404, "no_such_address", _("There is nothing at this address. See /api/v1/ for what there is.")
    )


def problem(status: int, code: str, sentence: str) -> HttpResponse:
    """The refusal as problem+json."""
    content = {"type": "about:blank", "title": code, "status": status, "detail": sentence, "code": code}
    return JsonResponse(content, status=status, content_type="application/problem+json")
