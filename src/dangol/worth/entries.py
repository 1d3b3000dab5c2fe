"""Which entries of the ledger a figure counts: a choice that stands in the address, and the rows of it."""

from dataclasses import dataclass
from typing import Final, Literal, get_args
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from dangol.customers.queries import ids_of_person, living_customer
from dangol.goodwill.models import CostClass, Entry, Kind
from dangol.kernel.errors import Gone
from dangol.kernel.places import read_id
from dangol.worth.periods import Period
from dangol.worth.statement import POOR_SERVICE, UPKEEP

Money = Literal["", "booked", "estimated"]
MONEYS: Final[tuple[Money, ...]] = get_args(Money)
NO_CAUSE: Final = "none"
CLASSES: Final[dict[str, frozenset[str]]] = {
    "poor_service": POOR_SERVICE,
    "upkeep": UPKEEP,
    **{word: frozenset({word}) for word in CostClass.values},
}
"""What an address may say of classes: one, or those that belong together."""

_MEMBERS: Final = """
WITH RECURSIVE became(id) AS (
    SELECT customer_id FROM customers_membership WHERE segment_id = %s
    UNION SELECT (SELECT gone.merged_into_id FROM customers_customer gone WHERE gone.id = became.id)
    FROM became WHERE became.id IS NOT NULL
), people(id) AS (
    SELECT id FROM became WHERE id IS NOT NULL
    UNION SELECT gone.id FROM customers_customer gone JOIN people ON gone.merged_into_id = people.id
) SELECT id FROM people"""


@dataclass(frozen=True)
class Where:
    """The part of the business that is looked at: a place, a segment of customers, or all."""

    place_id: int | None = None
    segment_id: int | None = None


@dataclass(frozen=True)
class Entries:
    """Entries that happened in a period. What is None or "" is not asked for.

    `classes` is a word of CLASSES; `cause` an id, or `none` for those without one; `currency` the own currency in
    which they are counted.
    """

    period: Period
    where: Where = Where()
    classes: str = ""
    kind: str = ""
    cause: str = ""
    money: Money = ""
    currency: str = ""
    staff_id: int | None = None
    customer_id: int | None = None

    @property
    def query(self) -> str:
        """The choice as the query of an address; what is not asked for is left out."""
        said = {**self._said(), **_numbers(self)}
        return "?" + urlencode({name: value for name, value in said.items() if value})

    def _said(self) -> dict[str, str]:
        return {
            **period_said(self.period),
            "class": self.classes,
            "kind": self.kind,
            "cause": self.cause,
            "money": self.money,
            "currency": self.currency,
        }


def period_said(period: Period) -> dict[str, str]:
    """The period as an address says it: a whole month by its name."""
    if period.is_month:
        return {"month": f"{period.first_day:%Y-%m}"}
    return {"from": period.first_day.isoformat(), "to": period.last_day.isoformat()}


def where_said(where: Where) -> dict[str, str]:
    """The place and the segment as an address says them."""
    named = {"place": where.place_id, "segment": where.segment_id}
    return {name: str(pk) for name, pk in named.items() if pk is not None}


def _numbers(entries: Entries) -> dict[str, str]:
    named = {"staff": entries.staff_id, "customer": entries.customer_id}
    return {**where_said(entries.where), **{name: str(pk) for name, pk in named.items() if pk is not None}}


def read_where(query: QueryDict) -> Where:
    """The place and the segment that an address asks for."""
    return Where(read_id(query.get("place", "")), read_id(query.get("segment", "")))


def read_entries(query: QueryDict, period: Period) -> Entries:
    """The entries that an address asks for; what cannot be read there is as if it were not there."""
    kind, cause, currency = query.get("kind", ""), query.get("cause", ""), query.get("currency", "")
    classes, money = query.get("class", ""), query.get("money", "")
    is_cause = cause == NO_CAUSE or read_id(cause) is not None
    return Entries(
        period=period,
        where=read_where(query),
        classes=classes if classes in CLASSES else "",
        kind=kind if kind in Kind.values else "",
        cause=cause if is_cause else "",
        money=next((word for word in MONEYS if word == money), ""),
        currency=currency if len(currency) == 3 and currency.isalpha() else "",
        staff_id=read_id(query.get("staff", "")),
        customer_id=read_id(query.get("customer", "")),
    )


def entries_in(which: Entries) -> "QuerySet[Entry]":
    """The rows that are meant."""
    rows = Entry.objects.filter(happened_at__gte=which.period.begin, happened_at__lt=which.period.end)
    rows = rows.filter(of_where(which.where))
    if which.classes:
        rows = rows.filter(cost_class__in=sorted(CLASSES[which.classes]))
    if which.kind:
        rows = rows.filter(kind=which.kind)
    if which.cause:
        rows = rows.filter(cause=None if which.cause == NO_CAUSE else int(which.cause))
    if which.money:
        rows = rows.filter(booked__isnull=which.money == "estimated")
    if which.currency:
        rows = rows.filter(own_currency=which.currency)
    if which.staff_id is not None:
        rows = rows.filter(staff=which.staff_id)
    if which.customer_id is not None:
        rows = rows.filter(customer__in=_rows_of(which.customer_id))
    return rows


def of_where(where: Where) -> Q:
    """The condition for rows with a place and a customer. Who was merged into a member of the segment is the member."""
    condition = Q()
    if where.place_id is not None:
        condition &= Q(place=where.place_id)
    if where.segment_id is not None:
        condition &= Q(customer__in=RawSQL(_MEMBERS, [where.segment_id]))  # noqa: S611  (nothing but an id goes in)
    return condition


def _rows_of(customer_id: int) -> list[int]:
    try:
        return ids_of_person(living_customer(customer_id))
    except Gone:
        return []
