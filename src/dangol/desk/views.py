"""The inbox page: list, conversation, customer. Every part that loads again is a named part of the same page."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dangol.desk.context import counts_of
from dangol.desk.owed import asked_in
from dangol.desk.queries import url_or_nothing, who_view
from dangol.inbox.commands.replies import UNDO_SECONDS
from dangol.inbox.listing import TABS, list_page
from dangol.inbox.reading import composer_view, conversation_page, newest_undoable, open_conversation
from dangol.inbox.windows import Window
from dangol.kernel import clock
from dangol.staff.rights import actor, needs

PARTS: Final = frozenset({"panes", "items", "talk", "earlier", "owed"})


@require_GET
@needs("answer")
def inbox(request: HttpRequest) -> HttpResponse:
    """The list, with nothing opened."""
    part = _part(request)
    if part not in {"panes", "items"}:
        part = ""  # of a conversation, and none is open
    context: dict[str, Any] = {"search_url": url_or_nothing("search")}
    if part != "panes":
        context["list"] = _list(request, None)
    return render(request, _template(part), context)


@require_GET
@needs("answer")
def conversation(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The list, one conversation and its customer. A conversation that became another leads there."""
    row = open_conversation(conversation_id)
    query = request.META.get("QUERY_STRING", "")
    if row.merged_into_id:
        return redirect(reverse("conversation", args=[row.merged_into_id]) + (f"?{query}" if query else ""))
    part, person, at = _part(request), actor(request), clock.now()
    context: dict[str, Any] = {
        "search_url": url_or_nothing("search"),
        "live_url": request.path + (f"?{query}" if query else ""),
        "back_url": reverse("inbox") + (f"?tab={_tab(request)}" if _tab(request) != "waiting" else ""),
    }
    if part in {"", "items"}:
        context["list"] = _list(request, conversation_id)
    if part not in {"items", "owed"}:
        context |= {"bars": "desk/_asked.html", "asked": asked_in(row.pk, person)}
        window = Window.read(request.GET.dict(), is_below_first=part == "earlier")
        context["talk"] = talk = conversation_page(row, person=person, at=at, window=window)
        if talk.since and "since" not in request.GET:
            # The page that stays open goes on from where it began: what was loaded above it stays where it is.
            context["live_url"] = f"{request.path}?{f'{query}&' if query else ''}since={talk.since}"
    if part not in {"items", "earlier"}:
        context["who"] = who_view(row, staff=person, at=at)
    if part not in {"items", "earlier", "owed"}:
        context |= {
            "composer": composer_view(row, person=person, at=at, shows_newest=not talk.later_url),
            "undoable": newest_undoable(talk),
            "undo_seconds": UNDO_SECONDS,
            "beside_composer": "desk/_playbook.html",
        }
    return render(request, _template(part), context)


@require_GET
@needs("answer")
def rail(request: HttpRequest) -> HttpResponse:
    """The menu with its counts, for a page that is open."""
    return render(request, "kernel/_rail_links.html")


def _list(request: HttpRequest, current_id: int | None) -> Any:
    return list_page(
        person=actor(request),
        tab=_tab(request),
        after=request.GET.get("after", ""),
        at=clock.now(),
        counts=counts_of(request),
        current_id=current_id,
    )


def _tab(request: HttpRequest) -> str:
    wanted = request.GET.get("tab", "")
    return wanted if wanted in TABS else "waiting"


def _part(request: HttpRequest) -> str:
    htmx = getattr(request, "htmx", None)
    if not htmx or htmx.history_restore_request:
        return ""
    return htmx.target if htmx.target in PARTS else ""


def _template(part: str) -> str:
    return f"desk/inbox.html#{part}" if part else "desk/inbox.html"
