"""The list of the inbox: which conversations, in which order, a page at a time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from dangol.channels.models import Channel
from dangol.customers.models import Identity
from dangol.inbox.models import Conversation, Draft
from dangol.inbox.pages import Clock, Item, ListPage, Tab
from dangol.staff.models import Staff

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
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def list_page(
    *, person: Staff, tab: str, after: str, at: datetime, current_id: int | None = None
) -> ListPage:
    """A page of the list behind the place `after` ("" is the beginning), and how many wait in each list."""
    rows = list(_page(person, tab, after)[: PAGE + 1])
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    names = shown_names(rows)
    query = _query(tab)
    here = _url(current_id)
    has_one_channel = Channel.objects.filter(is_active=True)[:2].count() < 2
    return ListPage(
        tab=tab,
        tabs=_tabs(person, tab),
        items=tuple(
            _item(row, names[row.customer_id], person, at, query, current_id, has_one_channel) for row in rows
        ),
        url=here + _query(tab, after),
        next_url=reverse("inbox") + _query(tab, place_of(rows[-1])) if more else "",
        first_url=reverse("inbox") + query if after else "",
    )


def waiting_counts(person: Staff) -> dict[str, str]:
    """How many conversations are in each list that is counted: "6", or "1,000+"."""
    return {
        tab: _counted(_in_tab(person, tab).order_by().values("pk")[: MOST_COUNTED + 1].count())
        for tab in ("waiting", "answered", "later", "mine")
    }


def waiting_count() -> str:
    """How many people wait for an answer: "6", "1,000+", or "" for nobody."""
    waiting = Conversation.objects.filter(merged_into=None, state=Conversation.State.WAITING)
    return _counted(waiting.values("pk")[: MOST_COUNTED + 1].count())


def clock_of(conversation: Conversation, at: datetime, *, is_promised: bool = True) -> Clock:
    """How the conversation stands with time at the instant."""
    since, due = conversation.waiting_since, conversation.due_at
    is_waiting = conversation.is_waiting
    warn_at = due - (due - since) / NEAR if is_waiting and since and due > since else None
    is_late = conversation.is_overdue(at)
    return Clock(
        state=conversation.state,
        since=since if is_waiting else None,
        due_at=due,
        warn_at=warn_at,
        is_late=is_late,
        is_near=bool(not is_late and warn_at and at >= warn_at),
        is_promised=is_promised,
    )


def place_of(conversation: Conversation) -> str:
    """The place in the list right after this conversation: its due time in microseconds, and its id."""
    return f"{(conversation.due_at - _EPOCH) // timedelta(microseconds=1)}.{conversation.pk}"


def shown_names(conversations: Iterable[Conversation]) -> dict[int, str]:
    """The name of each customer, or the first address where there is none; one query at most."""
    names = {row.customer_id: row.customer.name for row in conversations}
    nameless = [customer for customer, name in names.items() if not name]
    if nameless:
        addresses = Identity.objects.filter(customer__in=nameless).order_by("-id")
        names |= dict(addresses.values_list("customer_id", "address"))
    return {customer: name or f"#{customer}" for customer, name in names.items()}


def _page(person: Staff, tab: str, after: str) -> "QuerySet[Conversation]":
    rows = _in_tab(person, tab)
    place = _read_place(after)
    if tab in _NEWEST_FIRST:
        rows = rows.order_by("-due_at", "-id")
        if place:
            due, pk = place
            rows = rows.filter(Q(due_at__lt=due) | Q(due_at=due, id__lt=pk), due_at__lte=due)
    else:
        rows = rows.order_by("due_at", "id")
        if place:
            due, pk = place
            rows = rows.filter(Q(due_at__gt=due) | Q(due_at=due, id__gt=pk), due_at__gte=due)
    earlier = Conversation.objects.filter(customer=OuterRef("customer"), id__lt=OuterRef("id"))
    drafts = Draft.objects.filter(conversation=OuterRef("id"), staff=person)
    return rows.select_related("customer", "channel", "assignee").annotate(
        has_earlier=Exists(earlier), has_draft=Exists(drafts)
    )


def _in_tab(person: Staff, tab: str) -> "QuerySet[Conversation]":
    rows = Conversation.objects.filter(merged_into=None)
    if tab == "mine":
        return rows.filter(assignee=person, state=Conversation.State.WAITING)
    return rows.filter(state=tab)


def _tabs(person: Staff, current: str) -> tuple[Tab, ...]:
    counts = waiting_counts(person)
    return tuple(
        Tab(key, str(label), reverse("inbox") + _query(key), counts.get(key, ""), key == current)
        for key, label in TABS.items()
    )


def _item(
    row: Conversation,
    name: str,
    person: Staff,
    at: datetime,
    query: str,
    current_id: int | None,
    has_one_channel: bool,
) -> Item:
    return Item(
        id=row.pk,
        url=_url(row.pk) + query,
        name=name,
        subject=row.subject or row.preview,
        clock=clock_of(row, at),
        channel="" if has_one_channel else row.channel.name,
        assignee=row.assignee.name if row.assignee else "",
        is_mine=row.assignee_id == person.pk,
        is_first=not row.has_earlier,  # type: ignore[attr-defined]
        is_machine=row.is_machine,
        file_count=row.file_count,
        has_draft=row.has_draft,  # type: ignore[attr-defined]
        is_current=row.pk == current_id,
    )


def _url(conversation_id: int | None) -> str:
    return reverse("conversation", args=[conversation_id]) if conversation_id else reverse("inbox")


def _query(tab: str, after: str = "") -> str:
    given = {"tab": tab if tab != "waiting" else "", "after": after}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"?{query}" if query else ""


def _read_place(after: str) -> tuple[datetime, int] | None:
    microseconds, _dot, pk = after.partition(".")
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds)), int(pk)
    except (ValueError, OverflowError):
        return None


def _counted(number: int) -> str:
    if number > MOST_COUNTED:
        return f"{formats.number_format(MOST_COUNTED, force_grouping=True)}+"
    return str(number) if number else ""
