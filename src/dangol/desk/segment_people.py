"""The customers of one segment: as a page of the list of customers, and as a table for a spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Max
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from dangol.business.models import Business
from dangol.business.money import exponent
from dangol.business.queries import current_business
from dangol.customers.kinds import EMAIL, PHONE
from dangol.customers.models import Customer, Identity, Membership, Segment
from dangol.customers.queries import living_of, names_of, rows_of_people
from dangol.desk.customer_list import PAGE, CustomerLine, CustomerPage, lines_of
from dangol.inbox.models import Conversation
from dangol.kernel import clock
from dangol.kernel.audit import record_act
from dangol.kernel.errors import Gone
from dangol.kernel.places import read_id
from dangol.kernel.spreadsheets import harmless, table_response
from dangol.segments.models import Figures
from dangol.staff.rights import actor, needs

BATCH: Final = 500
COLUMNS: Final = (
    "customer", "name", "email", "phone", "language", "country", "since", "orders", "spent", "currency",
    "last_order", "last_heard_of",
)  # fmt: skip


def people_page(segment: Segment, *, after: str) -> CustomerPage:
    """The customers of the segment behind the place, the newest first; a fixed number of queries."""
    rows = Membership.objects.filter(segment=segment, customer__erased_at=None)
    before = read_id(after)
    if before is not None:
        rows = rows.filter(customer_id__lt=before)
    found = list(rows.order_by("-customer_id").values_list("customer_id", flat=True)[: PAGE + 1])
    shown = found[:PAGE]
    following = str(shown[-1]) if len(found) > PAGE else ""
    return CustomerPage(_lines(shown), following)


@require_safe
@needs("change_segments")
def segment_csv(request: HttpRequest, segment_id: int) -> HttpResponseBase:
    """The customers of the segment for a spreadsheet, read while it is written; that it was taken is on record."""
    segment = Segment.objects.filter(pk=segment_id).first()
    if segment is None:
        raise Gone
    record_act(
        actor_id=actor(request).pk,
        at=clock.now(),
        act="save_segment",
        thing="Segment",
        thing_id=segment.pk,
        before={},
        after={},
    )
    answer: StreamingHttpResponse = table_response(
        f"segment-{segment.pk}.csv", COLUMNS, _table(segment, current_business())
    )
    return answer


def _lines(ids: Sequence[int]) -> tuple[CustomerLine, ...]:
    people = list({row.pk: row for row in living_of(ids).values()}.values())
    people.sort(key=lambda row: -row.pk)
    whose = rows_of_people(row.pk for row in people)
    talks = Conversation.objects.filter(customer__in=whose, merged_into=None).order_by()
    last: dict[int, datetime] = {}
    for row, at in talks.values_list("customer_id").annotate(last=Max("last_message_at")):
        person = whose[row]
        last[person] = max(at, last.get(person, at))
    return lines_of([(row, last.get(row.pk)) for row in people])


def _table(segment: Segment, business: Business) -> Iterator[list[object]]:
    after = 0
    seen: set[int] = set()
    while True:
        members = Membership.objects.filter(segment=segment, customer_id__gt=after).order_by("customer_id")
        ids = list(members.values_list("customer_id", flat=True)[:BATCH])
        if not ids:
            return
        after = ids[-1]
        living = {row.pk: row for row in living_of(ids).values() if row.erased_at is None}
        new = [row for pk, row in sorted(living.items()) if pk not in seen]
        if segment.kind == Segment.Kind.LIST:
            seen |= set(living)  # two rows of one person may be on it
        yield from _rows(new, business)


def _rows(people: Iterable[Customer], business: Business) -> Iterator[list[object]]:
    rows = list(people)
    whose = rows_of_people(row.pk for row in rows)
    names = names_of(rows)
    figures = Figures.objects.in_bulk([row.pk for row in rows])
    addresses: dict[tuple[int, str], str] = {}
    reach = Identity.objects.filter(customer__in=whose, kind__in=[EMAIL, PHONE])
    for identity in reach.order_by("-is_verified", "id"):
        addresses.setdefault((whose[identity.customer_id], identity.kind), identity.shown or identity.address)
    for row in rows:
        known = figures.get(row.pk)
        yield [
            row.pk,
            *map(
                harmless,
                (names[row.pk], addresses.get((row.pk, EMAIL), ""), addresses.get((row.pk, PHONE), "")),
            ),
            row.language,
            row.country,
            *(_figures(known, business) if known else [""] * 6),
        ]


def _figures(known: Figures, business: Business) -> list[object]:
    # The zone of whoever asked is over when the rows are made.
    since, last_order, last_seen = (
        timezone.localdate(at, business.zone).isoformat() if at else ""
        for at in (known.since, known.last_order_at, known.last_seen_at)
    )
    spent = Decimal(known.spent).scaleb(-exponent(business.currency))
    return [since, known.order_count, spent, business.currency, last_order, last_seen]
