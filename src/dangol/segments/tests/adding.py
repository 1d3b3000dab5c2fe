"""What people add up to, said a second time: in Python, from the rows themselves. The statement is held against it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, Max, Min, Q, Sum

from dangol.business.models import Business
from dangol.customers.models import Consent, Customer, Introduction, Tag
from dangol.customers.queries import living_of, rows_of_people
from dangol.goodwill.limits import WISH
from dangol.goodwill.models import CostClass, Entry, Kind, Wish
from dangol.inbox.models import Conversation
from dangol.orders.models import Order
from dangol.segments.adding_up import UNASKED, year_began
from dangol.segments.models import Figures


@dataclass
class _Person:
    """What was found of one person so far."""

    orders: int = 0
    orders_in_year: int = 0
    spent: int = 0
    spent_in_year: int = 0
    conversations: int = 0
    complaints: int = 0
    complaints_in_year: int = 0
    first: list[datetime] = field(default_factory=list)
    orders_at: list[datetime] = field(default_factory=list)
    seen_at: list[datetime] = field(default_factory=list)
    tags: set[int] = field(default_factory=set)
    places: set[int] = field(default_factory=set)
    consents: dict[tuple[str, str], bool] = field(default_factory=dict)


def figures_of(people: Collection[Customer], *, business: Business, today: date) -> list[Figures]:
    """The figures of these living people as unsaved rows."""
    whose = rows_of_people(person.pk for person in people)
    found: Mapping[int, _Person] = defaultdict(_Person)
    since = year_began(today, business.zone)
    _orders(found, whose, business, since)
    _refunds(found, whose, business, since)
    _talks(found, whose)
    _complaints(found, whose, since)
    _words(found, whose)
    by_whom = brought_by()
    counts = Counter(by_whom.values())
    rows = [_figures(person, found[person.pk]) for person in people]
    for row in rows:
        row.brought_by, row.brought_count = by_whom.get(row.pk), counts[row.pk]
    return rows


def brought_by() -> dict[int, int]:
    """By whom each person was brought, as it was said last of any of their rows; of everybody."""
    said = list(Introduction.objects.order_by("at", "pk").values_list("customer_id", "by_id"))
    living = {pk: row.pk for pk, row in living_of({each for pair in said for each in pair}).items()}
    newest = {living[row]: living[by] for row, by in said}
    return {person: by for person, by in newest.items() if person != by}


def _orders(
    found: Mapping[int, _Person], whose: Mapping[int, int], business: Business, since: datetime
) -> None:
    recent, own = Q(ordered_at__gte=since), Q(own_currency=business.currency)
    rows = Order.objects.filter(customer__in=whose, cancelled_at=None).order_by()
    for row, place, count, in_year, first, last, spent, spent_in_year in rows.values_list(
        "customer_id", "place_id"
    ).annotate(
        many=Count("id"),
        recently=Count("id", filter=recent),
        first=Min("ordered_at"),
        last=Max("ordered_at"),
        spent=Sum("own_amount", filter=own, default=0),
        spent_recently=Sum("own_amount", filter=own & recent, default=0),
    ):
        person = found[whose[row]]
        person.orders += count
        person.orders_in_year += in_year
        person.spent += spent
        person.spent_in_year += spent_in_year
        person.first.append(first)
        person.orders_at.append(last)
        if place is not None:
            person.places.add(place)


def _refunds(
    found: Mapping[int, _Person], whose: Mapping[int, int], business: Business, since: datetime
) -> None:
    # As the ledger has it: given by hand or reported by the shop, each once, and what was taken back is out.
    rows = Entry.objects.filter(customer__in=whose, kind=Kind.REFUND, own_currency=business.currency)
    standing = rows.filter(Q(order=None) | Q(order__cancelled_at=None)).order_by()
    for row, back, in_year in standing.values_list("customer_id").annotate(
        back=Sum("booked", default=0),
        recently=Sum("booked", filter=Q(happened_at__gte=since), default=0),
    ):
        found[whose[row]].spent -= back
        found[whose[row]].spent_in_year -= in_year


def _talks(found: Mapping[int, _Person], whose: Mapping[int, int]) -> None:
    rows = Conversation.objects.filter(customer__in=whose, merged_into=None).order_by()
    for row, count, last in rows.values_list("customer_id").annotate(
        many=Count("id"), last=Max("last_message_at")
    ):
        found[whose[row]].conversations += count
        found[whose[row]].seen_at.append(last)


def _complaints(found: Mapping[int, _Person], whose: Mapping[int, int], since: datetime) -> None:
    wishes = Wish.objects.filter(customer__in=whose).exclude(state=Wish.State.WITHDRAWN)
    asked = wishes.exclude(kind__in=UNASKED).order_by().values_list("customer_id")
    entries = Entry.objects.filter(
        customer__in=whose, cost_class=CostClass.EXTERNAL_FAILURE, reverses=None, reversal=None
    )
    met = entries.exclude(source_kind=WISH).order_by().values_list("customer_id")
    counted = (
        asked.annotate(many=Count("id"), recently=Count("id", filter=Q(asked_at__gte=since))),
        met.annotate(many=Count("id"), recently=Count("id", filter=Q(happened_at__gte=since))),
    )
    for rows in counted:
        for row, count, in_year in rows:
            found[whose[row]].complaints += count
            found[whose[row]].complaints_in_year += in_year


def _words(found: Mapping[int, _Person], whose: Mapping[int, int]) -> None:
    tagged = Tag.customers.through.objects.filter(customer__in=whose)
    for row, tag in tagged.values_list("customer_id", "tag_id"):
        found[whose[row]].tags.add(tag)
    said = Consent.objects.filter(customer__in=whose).order_by("at", "id")
    for row, channel, purpose, is_given in said.values_list("customer_id", "channel", "purpose", "is_given"):
        found[whose[row]].consents[channel, purpose] = is_given


def _figures(person: Customer, known: _Person) -> Figures:
    last_order_at = max(known.orders_at, default=None)
    return Figures(
        customer_id=person.pk,
        birth_year=person.birth_year,
        language=person.language,
        country=person.country,
        has_company=bool(person.company.strip()),
        since=min((person.created_at, *known.first)),
        order_count=known.orders,
        orders_in_year=known.orders_in_year,
        spent=known.spent,
        spent_in_year=known.spent_in_year,
        last_order_at=last_order_at,
        last_seen_at=max((*known.seen_at, *([last_order_at] if last_order_at else [])), default=None),
        conversation_count=known.conversations,
        complaint_count=known.complaints,
        complaints_in_year=known.complaints_in_year,
        tags=_set(known.tags),
        places=_set(known.places),
        consents=_set({purpose for (_channel, purpose), is_given in known.consents.items() if is_given}),
    )


def _set(words: Iterable[int | str]) -> str:
    inside = "|".join(str(word) for word in sorted(words, key=str))
    return f"|{inside}|" if inside else ""
