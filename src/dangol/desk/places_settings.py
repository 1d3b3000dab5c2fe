"""Places under Settings: shops, branches and tills."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dangol.business.models import Place
from dangol.business.places import add_place, close_place, rename_place, reopen_place
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.kernel.redirects import see_other
from dangol.staff.rights import actor, needs


@require_http_methods(["GET", "HEAD", "POST"])
@needs("change_business")
def places_settings(request: HttpRequest) -> HttpResponse:
    """All places, and a new one."""
    refused = name = ""
    if request.method == "POST":
        name = request.POST.get("name", "")
        try:
            add_place(actor=actor(request), name=name, at=clock.now())
        except Refused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, _("Saved."))
            return see_other("places_settings")
    context = {
        "open_places": Place.objects.filter(closed_at=None).order_by("name"),
        "closed_places": Place.objects.exclude(closed_at=None).order_by("name"),
        "refused": refused,
        "name": name,
    }
    return render(request, "desk/settings/places.html", context, status=422 if refused else 200)


@require_POST
@needs("change_business")
def place_settings(request: HttpRequest, place_id: int) -> HttpResponse:
    """Rename, close or open one place again."""
    person, now, act = actor(request), clock.now(), request.POST.get("do", "")
    if act == "close":
        close_place(actor=person, place_id=place_id, at=now)
    elif act == "reopen":
        reopen_place(actor=person, place_id=place_id, at=now)
    else:
        rename_place(actor=person, place_id=place_id, name=request.POST.get("name", ""), at=now)
    messages.success(request, _("Saved."))
    return see_other("places_settings")
