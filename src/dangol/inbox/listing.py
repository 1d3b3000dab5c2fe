"""The list of the inbox: which conversations, in which order, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import formats
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from dangol.customers.models import Identity
from dangol.inbox.models import Conversation
from dangol.inbox.pages import Clock, Item, ListPage, Mark, Tab
from dangol.kernel.addresses import address
from dangol.kernel.durations import short_duration
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared
from dangol.staff.models import Staff
from dangol.staff.rights import may

PAGE: Final = 40
MOST_COUNTED: Final = 1000
NEAR: Final = 3  # the last third of the promised time is near

TABS: Final = {
    "waiting": _("Waiting"),
    "answered": _("Answered"),
    "later": _("Later"),
    "done": _("Done"),
    "mine": _("Mine"),
}
_NEWEST_FIRST: Final = frozenset({"answered", "done"})
_COLUMNS: Final = (
    "id",
    "subject",
    "preview",
    "state",
    "waiting_since",
    "due_at",
    "customer_id",
    "customer__name",
    "channel__name",
    "assignee_id",
    "assignee__name",
    "is_machine",
    "file_count",
    "has_earlier",
    "has_draft",
)
_HAS_EARLIER: Final = (
    "EXISTS (SELECT 1 FROM inbox_conversation AS earlier"
    " WHERE earlier.customer_id = inbox_conversation.customer_id AND earlier.id < inbox_conversation.id)"
)
_HAS_DRAFT: Final = (
    "EXISTS (SELECT 1 FROM inbox_draft AS mine"
    " WHERE mine.conversation_id = inbox_conversation.id AND mine.staff_id = %s)"
)
_COUNT: Final = """
SELECT (SELECT COUNT(*) FROM
           (SELECT 1 FROM inbox_conversation WHERE merged_into_id IS NULL AND state = %s LIMIT %s) AS a),
       (SELECT COUNT(*) FROM
           (SELECT 1 FROM inbox_conversation WHERE merged_into_id IS NULL AND state = %s LIMIT %s) AS b),
       (SELECT COUNT(*) FROM
           (SELECT 1 FROM inbox_conversation WHERE merged_into_id IS NULL AND state = %s LIMIT %s) AS c),
       (SELECT COUNT(*) FROM
           (SELECT 1 FROM inbox_conversation
            WHERE merged_into_id IS NULL AND state = 'waiting' AND assignee_id = %s LIMIT %s) AS d),
       (SELECT COUNT(*) FROM channels_channel WHERE is_active)
"""


@dataclass(frozen=True)
class Counts:
    """How many conversations are in each list that is counted, up to `MOST_COUNTED` + 1, and how many channels."""

    waiting: int
    answered: int
    later: int
    mine: int
    channels: int

    def shown(self, tab: str) -> str:
        """The number as it is shown: "6", "1,000+", or "" for none and for a list that is not counted."""
        number = getattr(self, tab, 0)
        if number > MOST_COUNTED:
            return f"{formats.number_format(MOST_COUNTED, force_grouping=True)}+"
        return str(number) if number else ""


def count_lists(person: Staff) -> Counts:
    """All numbers in one statement: every page shows them, and the database stops counting where we stop showing."""
    most = MOST_COUNTED + 1
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, ["waiting", most, "answered", most, "later", most, person.pk, most])
        return Counts(*cursor.fetchone())


def list_page(
    *, person: Staff, tab: str, after: str, at: datetime, counts: Counts, current_id: int | None = None
) -> ListPage:
    """A page of the list behind the place `after` ("" is the beginning)."""
    place = Place.read(after)
    rows = list(_page(tab, person.pk, place)) if place else _FIRST_PAGES[tab](person_id=person.pk)
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    names = shown_names({row["customer_id"]: row["customer__name"] for row in rows})
    query = _query(tab)
    last = rows[-1] if more else None
    no_subject = gettext("No subject")
    return ListPage(
        tab=tab,
        tabs=tuple(
            Tab(key, str(label), address("inbox") + _query(key), counts.shown(key), key == tab)
            for key, label in TABS.items()
        ),
        items=tuple(
            Item(
                key=str(row["id"]),
                url=_url(row["id"]) + query,
                name=names[row["customer_id"]],
                subject=row["subject"] or row["preview"] or no_subject,
                clock=clock_of(row["state"], row["waiting_since"], row["due_at"], at),
                marks=tuple(_marks(row, person, names_channel=counts.channels > 1)),
                is_current=row["id"] == current_id,
            )
            for row in rows
        ),
        url=_url(current_id) + _query(tab, after),
        next_url=address("inbox") + _query(tab, str(Place(last["due_at"], last["id"]))) if last else "",
        first_url=address("inbox") + query if after else "",
        is_unconnected=not counts.channels,
        connect_url=address("new_mailbox") if may(person, "change_mailboxes") else "",
    )


def clock_of(
    state: str, waiting_since: datetime | None, due_at: datetime, at: datetime, *, is_promised: bool = True
) -> Clock:
    """How a conversation stands with time at the instant."""
    is_waiting = state == Conversation.State.WAITING
    since = waiting_since if is_waiting else None
    warn_at = due_at - (due_at - since) / NEAR if since and due_at > since else None
    is_late = is_waiting and due_at < at
    return Clock(
        state=state,
        since=since,
        due_at=due_at,
        warn_at=warn_at,
        is_late=is_late,
        is_near=bool(not is_late and warn_at and at >= warn_at),
        is_promised=is_promised,
        waited=short_duration((at - (since or due_at)).total_seconds()) if is_waiting else "",
    )


def shown_names(names: Mapping[int, str]) -> dict[int, str]:
    """The name of each customer id, or the first address where there is none; one query at most."""
    nameless = [customer for customer, name in names.items() if not name]
    addresses: dict[int, str] = {}
    if nameless:
        rows = Identity.objects.filter(customer__in=nameless).order_by("-id")
        addresses = dict(rows.values_list("customer_id", "address"))
    return {pk: name or addresses.get(pk) or f"#{pk}" for pk, name in names.items()}


def _marks(row: Mapping[str, Any], person: Staff, *, names_channel: bool) -> Iterator[Mark]:
    if names_channel:
        yield Mark(row["channel__name"])
    if row["is_machine"]:
        yield Mark(gettext("a machine"), icon="machine")
    elif not row["has_earlier"]:
        yield Mark(gettext("first time"))
    if files := row["file_count"]:
        yield Mark(ngettext("%(files)s file", "%(files)s files", files) % {"files": files}, icon="attach")
    if row["assignee_id"] == person.pk:
        yield Mark(gettext("yours"), tone="accent")
    elif row["assignee_id"]:
        yield Mark(row["assignee__name"], icon="person")
    if row["has_draft"]:
        yield Mark(gettext("draft"), icon="note")


def _page(tab: str, person_id: int, place: Place | None = None) -> "QuerySet[Conversation, dict[str, Any]]":
    rows = _in_tab(person_id, tab)
    if tab in _NEWEST_FIRST:
        rows = rows.order_by("-due_at", "-id")
        if place:
            due, pk = place.at, place.id
            rows = rows.filter(Q(due_at__lt=due) | Q(due_at=due, id__lt=pk), due_at__lte=due)
    else:
        rows = rows.order_by("due_at", "id")
        if place:
            due, pk = place.at, place.id
            rows = rows.filter(Q(due_at__gt=due) | Q(due_at=due, id__gt=pk), due_at__gte=due)
    # As text, because putting together two subqueries takes Django longer than the database needs for all.
    earlier = RawSQL(_HAS_EARLIER, [], output_field=BooleanField())  # noqa: S611  (constants)
    drafts = RawSQL(_HAS_DRAFT, [person_id], output_field=BooleanField())  # noqa: S611
    # Plain values: forty conversations with their people as objects would cost as much as all the rest of the page.
    page: QuerySet[Conversation, dict[str, Any]] = rows.annotate(
        has_earlier=earlier, has_draft=drafts
    ).values(*_COLUMNS)[: PAGE + 1]
    return page


_FIRST_PAGES: Final = {tab: Prepared(partial(_page, tab)) for tab in TABS}


def _in_tab(person_id: int, tab: str) -> "QuerySet[Conversation]":
    rows = Conversation.objects.filter(merged_into=None)
    if tab == "mine":
        return rows.filter(assignee=person_id, state=Conversation.State.WAITING)
    return rows.filter(state=tab)


def _url(conversation_id: int | None) -> str:
    return address("conversation", conversation_id) if conversation_id else address("inbox")


def _query(tab: str, after: str = "") -> str:
    given = {"tab": tab if tab != "waiting" else "", "after": after}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"?{query}" if query else ""
