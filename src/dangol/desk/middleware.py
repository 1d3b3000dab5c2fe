"""The first visit to a new installation leads to its set-up."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def first_visit(get_response: Handler) -> Handler:
    """Until the business has an owner, every page is the set-up."""

    def handle(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    return handle
