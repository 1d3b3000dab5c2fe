"""The first visit to a new installation leads to its set-up."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from dangol.business.models import Business
from dangol.business.queries import current_business
from dangol.channels.models import Mailbox
from dangol.staff.models import Staff
from dangol.staff.queries import has_staff

Handler = Callable[[HttpRequest], HttpResponse]
SET_UP: Final = "/setup/"


def first_visit(get_response: Handler) -> Handler:
    """Until there is an owner, every page is the set-up; then the front page leads the owner to what is left of it.

    Whoever is signed in was let in by an owner, so that only strangers cost a look into the database.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        person = request.user
        if not request.path.startswith(SET_UP):
            if not isinstance(person, Staff):
                if not has_staff():
                    return redirect("set_up")
            elif request.path == "/" and person.is_owner and _mailbox_is_left(request):
                return redirect("set_up_mailbox")
        return get_response(request)

    return handle


def _mailbox_is_left(request: HttpRequest) -> bool:
    business: Business = getattr(request, "business", None) or current_business()
    return business.set_up_step == Business.Step.MAILBOX and not Mailbox.objects.exists()
