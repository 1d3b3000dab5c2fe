"""The list of the inbox: which conversations, in which order, a page at a time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, overload
from urllib.parse import urlencode

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import formats
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from dangol.customers.models import Identity
from dangol.customers.queries import living_of
from dangol.inbox.models import Conversation
from dangol.inbox.pages import Clock, Item, ListPage, Mark, Tab
from dangol.kernel.addresses import address
from dangol.kernel.db import as_instant, read_rows
from dangol.kernel.durations import MINUTE, short_duration
from dangol.kernel.places import Place
from dangol.kernel.prepared import Prepared, rows_as_kept
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
Kept = datetime | str  # an instant as the database keeps it


class _Row(NamedTuple):
    """A line of the list as it is read."""

    id: int
    subject: str
    preview: str
    state: str
    waiting_since: Kept | None
    due_at: Kept
    customer_id: int
    customer_name: str
    customer_became: int | None
    channel_name: str
    assignee_id: int | None
    assignee_name: str
    is_machine: bool
    file_count: int
    has_earlier: bool
    has_draft: bool


_NAMES: Final = {
    "customer_name": "customer__name",
    "customer_became": "customer__merged_into_id",
    "channel_name": "channel__name",
    "assignee_name": "assignee__name",
}
_COLUMNS: Final = tuple(_NAMES.get(name, name) for name in _Row._fields)
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
    given = ["waiting", most, "answered", most, "later", most, person.pk, most]
    (numbers,) = read_rows(_COUNT, given, is_usual=True)
    return Counts(*numbers)


def list_page(
    *, person: Staff, tab: str, after: str, at: datetime, counts: Counts, current_id: int | None = None
) -> ListPage:
    """A page of the list behind the place `after` ("" is the beginning)."""
    place = Place.read(after)
    kept = (
        rows_as_kept(_page(tab, person.pk, place))
        if place
        else _FIRST_PAGES[tab].as_kept(person_id=person.pk)
    )
    more = len(kept) > PAGE
    rows = [_Row._make(row) for row in kept[:PAGE]]
    names = shown_names(
        {row.customer_id: row.customer_name for row in rows},
        merged=[row.customer_id for row in rows if row.customer_became is not None],
    )
    query = _query(tab)
    last = rows[-1] if more else None
    language, me = (
        get_language(),
        person.pk,
    )  # asked once: who is signed in is looked up again with each question
    return ListPage(
        tab=tab,
        tabs=tuple(
            Tab(key, str(label), address("inbox") + _query(key), counts.shown(key), key == tab)
            for key, label in TABS.items()
        ),
        items=tuple(
            _item(
                row,
                names[row.customer_id],
                *_standing(row.state, _instant(row.waiting_since), _instant(row.due_at), at),
                query=query,
                language=language,
                names_channel=counts.channels > 1,
                is_mine=row.assignee_id == me,
                is_current=row.id == current_id,
            )
            for row in rows
        ),
        url=_url(current_id) + _query(tab, after),
        next_url=address("inbox") + _query(tab, str(Place(as_instant(last.due_at), last.id))) if last else "",
        first_url=address("inbox") + query if after else "",
        is_unconnected=not counts.channels,
        connect_url=address("new_mailbox") if may(person, "change_mailboxes") else "",
    )


def clock_of(
    state: str, waiting_since: datetime | None, due_at: datetime, at: datetime, *, is_promised: bool = True
) -> Clock:
    """How a conversation stands with time at the instant."""
    return _clock(
        state, waiting_since, due_at, *_standing(state, waiting_since, due_at, at), is_promised=is_promised
    )


def _standing(
    state: str, waiting_since: datetime | None, due_at: datetime, at: datetime
) -> tuple[bool, bool, int]:
    """Whether it is late, whether it is near, and for how many whole minutes somebody waits."""
    if state != Conversation.State.WAITING:
        return False, False, 0
    is_late, warn_at = due_at < at, _warn_at(waiting_since, due_at)
    minutes = (at - (waiting_since or due_at)).total_seconds() // MINUTE
    return is_late, not is_late and warn_at is not None and at >= warn_at, int(minutes)


def _warn_at(since: datetime | None, due_at: datetime) -> datetime | None:
    return due_at - (due_at - since) / NEAR if since and due_at > since else None


def _clock(
    state: str,
    waiting_since: datetime | None,
    due_at: datetime,
    is_late: bool,
    is_near: bool,
    minutes: int,
    *,
    is_promised: bool = True,
) -> Clock:
    is_waiting = state == Conversation.State.WAITING
    since = waiting_since if is_waiting else None
    return Clock(
        state=state,
        since=since,
        due_at=due_at,
        warn_at=_warn_at(since, due_at),
        is_late=is_late,
        is_near=is_near,
        is_promised=is_promised,
        waited=short_duration(minutes * MINUTE) if is_waiting else "",
    )


def shown_names(names: Mapping[int, str], *, merged: Iterable[int] = ()) -> dict[int, str]:
    """The name of each customer id, or the first address where there is none; one query at most.

    Of those that were `merged`, the name of whom they became; they are few, and without them nothing more is asked.
    """
    became = living_of(merged) if merged else {}
    names = {pk: became[pk].name or name if pk in became else name for pk, name in names.items()}
    nameless = [customer for customer, name in names.items() if not name]
    addresses: dict[int, str] = {}
    if nameless:
        rows = Identity.objects.filter(customer__in=nameless).order_by("-id")
        addresses = dict(rows.values_list("customer_id", "address"))
    return {pk: name or addresses.get(pk) or f"#{pk}" for pk, name in names.items()}


@lru_cache(maxsize=2048)
def _item(
    row: _Row,
    name: str,
    is_late: bool,
    is_near: bool,
    minutes: int,
    *,
    query: str,
    language: str | None,
    names_channel: bool,
    is_mine: bool,
    is_current: bool,
) -> Item:
    """The line that follows from these values and, for its words, the language: the same one until one of them changes.

    A list is loaded again whenever anything happens, and most of its lines say what they said before.
    """
    since, due_at = _instant(row.waiting_since), _instant(row.due_at)
    return Item(
        key=str(row.id),
        url=_url(row.id) + query,
        name=name,
        subject=row.subject or row.preview or gettext("No subject"),
        clock=_clock(row.state, since, due_at, is_late, is_near, minutes),
        marks=tuple(_marks(row, names_channel=names_channel, is_mine=is_mine)),
        is_current=is_current,
    )


def _marks(row: _Row, *, names_channel: bool, is_mine: bool) -> Iterator[Mark]:
    if names_channel:
        yield Mark(row.channel_name)
    if row.is_machine:
        yield Mark(gettext("a machine"), icon="machine")
    elif not row.has_earlier:
        yield Mark(gettext("first time"))
    if files := row.file_count:
        yield Mark(ngettext("%(files)s file", "%(files)s files", files) % {"files": files}, icon="attach")
    if is_mine:
        yield Mark(gettext("yours"), tone="accent")
    elif row.assignee_id:
        yield Mark(row.assignee_name, icon="person")
    if row.has_draft:
        yield Mark(gettext("draft"), icon="note")


@overload
def _instant(kept: Kept) -> datetime: ...
@overload
def _instant(kept: None) -> None: ...
@lru_cache(maxsize=4096)
def _instant(kept: Kept | None) -> datetime | None:
    return None if kept is None else as_instant(kept)


def _page(tab: str, person_id: int, place: Place | None = None) -> "QuerySet[Conversation, tuple[Any, ...]]":
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
    page: QuerySet[Conversation, tuple[Any, ...]] = rows.annotate(
        has_earlier=earlier, has_draft=drafts
    ).values_list(*_COLUMNS)[: PAGE + 1]
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
