"""The page that one opens in the morning."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dangol.desk.today_reads import today_page
from dangol.kernel import clock
from dangol.staff.rights import actor, needs


@require_safe
@needs("answer")
def today(request: HttpRequest) -> HttpResponse:
    """Who waits, what only this person can do, and how the week went."""
    page = today_page(actor(request), at=clock.now(), business=getattr(request, "business", None))
    template = "desk/today.html#today" if getattr(request, "htmx", False) else "desk/today.html"
    return render(request, template, {"page": page})
