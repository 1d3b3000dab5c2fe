"""Each person's own language and time zone on every page."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from dangol.business.queries import current_business
from dangol.staff.models import Staff

Handler = Callable[[HttpRequest], HttpResponse]


def language_and_zone(get_response: Handler) -> Handler:
    """The person's language and zone, else the business's; before sign-in the language of the browser."""

    def handle(request: HttpRequest) -> HttpResponse:
        business = current_business()
        request.business = business  # type: ignore[attr-defined]  # read once a request, shown on every page
        person = request.user if isinstance(request.user, Staff) else None
        language = (person.language if person else "") or (
            business.language if person else translation.get_language_from_request(request)
        )
        with (
            translation.override(language if language in dict(settings.LANGUAGES) else "en"),
            timezone.override(ZoneInfo((person.time_zone if person else "") or business.time_zone)),
        ):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        return response

    return handle
