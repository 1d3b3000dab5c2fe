"""What every page of the staff shows around its content. Nothing is asked of the database before a page shows it."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.business.queries import current_business
from dangol.desk.owed import asked_in
from dangol.desk.pages import NavEntry
from dangol.desk.playbooks import playbook_beside
from dangol.desk.queries import url_or_nothing
from dangol.inbox.listing import Counts, count_lists
from dangol.inbox.models import Conversation
from dangol.inbox.reading import open_conversation
from dangol.inbox.threading import living
from dangol.staff.models import Staff
from dangol.staff.rights import actor, may

# (key, name of the URL, words, picture): an entry appears with the page that its name leads to.
ENTRIES: Final = (
    ("today", "today", gettext_lazy("Today"), "today"),
    ("inbox", "inbox", gettext_lazy("Inbox"), "inbox"),
    ("customers", "customers", gettext_lazy("Customers"), "people"),
    ("orders", "orders", gettext_lazy("Orders"), "shop"),
    ("outbox", "showcase_outbox", gettext_lazy("What they got"), "mail"),
    ("search", "search", gettext_lazy("Search"), "search"),
    ("answer_times", "answer_times", gettext_lazy("Answer times"), "times"),
    ("worth", "worth_statement", gettext_lazy("Worth"), "worth"),
    ("settings", "settings", gettext_lazy("Settings"), "settings"),
)
# Whose page not everybody may open.
RIGHTS_OF: Final = {"worth": "see_worth"}
# Where somebody answers: what is refused there is shown again, with all that was typed.
REFUSED_AT: Final = frozenset({"reply", "note", "draft"})
MINE: Final = (
    ("profile", gettext_lazy("My account"), "person"),
    ("mfa_index", gettext_lazy("Sign-in"), "shield"),
)


def rail(request: HttpRequest) -> dict[str, Any]:
    """The business, and the menu with its counts."""
    return {
        "business": getattr(request, "business", None) or SimpleLazyObject(current_business),
        "nav": _lazily(lambda: menu(request)),
        "my_links": _lazily(_my_links),
        "is_demo": settings.DANGOL_DEMO,
        **_beside_a_refusal(request),
    }


def counts_of(request: HttpRequest) -> Counts:
    """The numbers of the lists, read once a request."""
    known: Counts | None = getattr(request, "list_counts", None)
    if known is None:
        known = request.list_counts = count_lists(actor(request))  # type: ignore[attr-defined]
    return known


def menu(request: HttpRequest) -> tuple[NavEntry, ...]:
    """The entries, the waiting counted: one query."""
    person = request.user
    waiting = counts_of(request).shown("waiting") if isinstance(person, Staff) else ""
    path = _shown_path(request)
    found = [
        (key, url, label, icon)
        for key, name, label, icon in ENTRIES
        if (url := url_or_nothing(name)) and _opens_to(person, key)
    ]
    return tuple(
        NavEntry(
            key,
            url,
            str(label),
            icon,
            is_current=path == url or (url != "/" and path.startswith(url)),
            count=waiting if key == "inbox" else "",
            count_says=_("waiting") if key == "inbox" else "",
        )
        for key, url, label, icon in found
    )


def _beside_a_refusal(request: HttpRequest) -> dict[str, Any]:
    """What stands beside a conversation here, for the inbox, which shows a refused reply again and knows of none."""
    match = request.resolver_match
    if match is None or match.url_name not in REFUSED_AT:
        return {}
    talk: Callable[[], Conversation] = _lazily(
        lambda: living(open_conversation(match.kwargs["conversation_id"]))
    )
    return {
        "bars": "desk/_asked.html",
        "asked": _lazily(lambda: asked_in(talk().pk, actor(request))),
        "beside_composer": "desk/_playbook.html",
        "who": _lazily(lambda: {"playbook": playbook_beside(talk())}),
    }


def _opens_to(person: Any, key: str) -> bool:
    right = RIGHTS_OF.get(key)
    return right is None or (isinstance(person, Staff) and may(person, right))


def _my_links() -> tuple[NavEntry, ...]:
    return tuple(
        NavEntry(name, url, str(label), icon, is_current=False)
        for name, label, icon in MINE
        if (url := url_or_nothing(name))
    )


def _shown_path(request: HttpRequest) -> str:
    # A part that loads again belongs to the page in the window, not to its own address.
    shown = request.headers.get("HX-Current-URL")
    return urlsplit(shown).path if shown else request.path


def _lazily(read: Callable[[], Any]) -> Callable[[], Any]:
    # Templates call what is callable, each time it is named: the answer is kept for the page.
    kept: list[Any] = []

    def once() -> Any:
        if not kept:
            kept.append(read())
        return kept[0]

    return once
