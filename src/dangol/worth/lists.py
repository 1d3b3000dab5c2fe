"""The entries behind a figure: their sum, a page of them, and one of them with what it came from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Model, Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.business.models import Place as ShopPlace
from dangol.business.money import exponent
from dangol.customers.models import Segment
from dangol.customers.queries import names_of
from dangol.goodwill.models import Entry, Wish
from dangol.goodwill.rules import REPLY_MINUTES
from dangol.kernel.errors import Gone
from dangol.kernel.places import Place
from dangol.kernel.spreadsheets import harmless
from dangol.staff.models import Staff
from dangol.worth.entries import Entries, Where, entries_in
from dangol.worth.queries import cause_names, total_of
from dangol.worth.statement import Total
from dangol.worth.words import (
    CLASS_WORDS,
    cause_words,
    kind_words,
    money_words,
    period_words,
    range_words,
)

PAGE: Final = 50
SOURCES: Final[dict[str, str | Promise]] = {
    "wish": gettext_lazy("given to a customer"),
    "refund": gettext_lazy("a refund of the shop"),
    "reply": gettext_lazy("a second reply"),
    "reversal": gettext_lazy("taking back another entry"),
    "file": gettext_lazy("a file"),
}
METHODS: Final[dict[str, str | Promise]] = {
    REPLY_MINUTES: gettext_lazy("the minutes that the reply took, at the hourly rate")
}
COLUMNS: Final = (
    "entry", "happened_at", "booked_at", "class", "kind", "cause", "booked", "estimated_low", "estimated",
    "estimated_high", "method", "own_currency", "amount", "currency", "customer_id", "customer", "staff", "place",
    "order", "conversation_id", "source", "source_key", "reverses",
)  # fmt: skip


@dataclass(frozen=True)
class EntryView:
    """One entry of a list. Estimated money is a range, and is marked."""

    url: str
    happened_at: datetime
    what: str
    cause: str
    customer: str
    staff: str
    place: str
    amount: str
    is_estimate: bool
    is_reversal: bool
    is_reversed: bool


@dataclass(frozen=True)
class Added:
    """The sum of entries in one currency."""

    currency: str
    booked: str
    estimated: str
    total: Total


@dataclass(frozen=True)
class EntryPage:
    """A page of entries, the newest first, below the sum of all of them; `next` is the place behind it."""

    which: Entries
    title: str
    about: tuple[str, ...]
    sums: tuple[Added, ...]
    rows: tuple[EntryView, ...]
    next: str


@dataclass(frozen=True)
class Origin:
    """Something that an entry came from or went with, and its page."""

    label: str
    text: str
    url: str


@dataclass(frozen=True)
class EntrySheet:
    """One entry with all that is known of it."""

    entry: Entry
    what: str
    class_words: str
    cause: str
    amount: str
    middle: str
    method: str
    given: str
    source: str
    origins: tuple[Origin, ...]
    reversal_url: str
    reverses_url: str
    wish: Wish | None
    wished: str
    wish_given: str


def entry_page(which: Entries, *, after: str) -> EntryPage:
    """The entries behind the place `after` ("" is the beginning). A fixed number of queries."""
    rows = entries_in(which).select_related("customer", "staff", "place", "reversal")
    place = Place.read(after)
    if place:
        rows = rows.filter(
            Q(happened_at__lt=place.at) | Q(happened_at=place.at, id__lt=place.id), happened_at__lte=place.at
        )
    found = list(rows.order_by("-happened_at", "-id")[: PAGE + 1])
    shown = found[:PAGE]
    last = shown[-1] if len(found) > PAGE else None
    causes = cause_names()
    return EntryPage(
        which=which,
        title=_title(which, causes),
        about=tuple(_about(which)),
        sums=tuple(_added(currency, total) for currency, total in total_of(which).items()),
        rows=_views(shown, causes),
        next=str(Place(last.happened_at, last.pk)) if last else "",
    )


def table_rows(which: Entries) -> Iterator[list[object]]:
    """The entries as rows of a spreadsheet, the newest first; money in major units, read a thousand at a time."""
    causes = cause_names()
    rows = (
        entries_in(which)
        .select_related("customer", "staff", "place", "order")
        .order_by("-happened_at", "-id")
    )
    zone = which.period.zone
    for row in rows.iterator(chunk_size=1000):
        yield [
            row.pk, row.happened_at.astimezone(zone).isoformat(timespec="seconds"),
            row.booked_at.astimezone(zone).isoformat(timespec="seconds"), row.cost_class, row.kind,
            harmless(causes.get(row.cause_id or 0, "")),
            *(
                in_major_units(amount, row.own_currency)
                for amount in (row.booked, row.estimated_low, row.estimated, row.estimated_high)
            ),
            row.method, row.own_currency, in_major_units(row.amount, row.currency), row.currency,
            row.customer_id or "", harmless(row.customer.name if row.customer else ""),
            harmless(row.staff.name if row.staff else ""), harmless(row.place.name if row.place else ""),
            harmless(row.order.number if row.order else ""), row.conversation_id or "",
            row.source_kind, harmless(row.source_key), row.reverses_id or "",
        ]  # fmt: skip


def in_major_units(amount: int | None, currency: str) -> str:
    """11.40 for 1140 cents, as every spreadsheet reads it; "" for None."""
    if amount is None:
        return ""
    digits = exponent(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:0{digits}}" if digits else f"{sign}{whole}"


def entry_sheet(entry_id: int) -> EntrySheet:
    """One entry. Refused (Gone) when there is none."""
    rows = Entry.objects.select_related(
        "customer", "staff", "place", "order", "cause", "reversal", "wish__decided_by"
    )
    entry = rows.filter(pk=entry_id).first()
    if entry is None:
        raise Gone
    wish: Wish | None = getattr(entry, "wish", None)
    return EntrySheet(
        entry=entry,
        what=kind_words(entry.kind),
        class_words=str(CLASS_WORDS[entry.cost_class]),
        cause=cause_words(entry.cause_id, cause_names()) if entry.cause_id else "",
        amount=_amount(entry),
        middle=money_words(entry.estimated, entry.own_currency) if entry.estimated is not None else "",
        method=str(METHODS.get(entry.method, entry.method)),
        given=money_words(entry.amount, entry.currency)
        if entry.amount is not None and entry.currency != entry.own_currency
        else "",
        source=str(SOURCES.get(entry.source_kind, entry.source_kind)),
        origins=tuple(_origins(entry)),
        reversal_url=_entry_url(entry.reversal.pk) if hasattr(entry, "reversal") else "",
        reverses_url=_entry_url(entry.reverses_id) if entry.reverses_id else "",
        wish=wish,
        wished=money_words(wish.wished, wish.own_currency) if wish else "",
        wish_given=money_words(wish.given, wish.own_currency) if wish else "",
    )


def _origins(entry: Entry) -> Iterator[Origin]:
    if entry.customer:
        yield Origin(
            _("Customer"),
            names_of([entry.customer])[entry.customer.pk],
            _url("customer", entry.customer.pk),
        )
    if entry.order:
        yield Origin(_("Order"), entry.order.number, _url("order", entry.order.pk))
    if entry.conversation_id:
        yield Origin(
            _("Conversation"), f"#{entry.conversation_id}", _url("conversation", entry.conversation_id)
        )
    if entry.staff:
        yield Origin(_("Given by"), entry.staff.name, "")
    if entry.place:
        yield Origin(_("Place"), entry.place.name, "")


def _views(rows: Sequence[Entry], causes: dict[int, str]) -> tuple[EntryView, ...]:
    names = names_of(row.customer for row in rows if row.customer)
    return tuple(
        EntryView(
            url=_entry_url(row.pk),
            happened_at=row.happened_at,
            what=kind_words(row.kind),
            cause=cause_words(row.cause_id, causes) if row.cause_id else "",
            customer=names.get(row.customer_id or 0, ""),
            staff=row.staff.name if row.staff else "",
            place=row.place.name if row.place else "",
            amount=_amount(row),
            is_estimate=row.booked is None,
            is_reversal=row.reverses_id is not None,
            is_reversed=hasattr(row, "reversal"),
        )
        for row in rows
    )


def _amount(entry: Entry) -> str:
    if entry.booked is not None:
        return money_words(entry.booked, entry.own_currency)
    low, high = sorted((entry.estimated_low or 0, entry.estimated_high or 0))
    return range_words(Total(low=low, high=high), entry.own_currency)


def _added(currency: str, total: Total) -> Added:
    return Added(
        currency,
        money_words(total.booked, currency),
        range_words(total, currency) if total.estimates else "",
        total,
    )


def _title(which: Entries, causes: dict[int, str]) -> str:
    parts = []
    if which.classes:
        parts.append(str(CLASS_WORDS[which.classes]))
    if which.kind:
        parts.append(kind_words(which.kind))
    if which.cause:
        parts.append(cause_words(None if not which.cause.isdecimal() else int(which.cause), causes))
    if which.money:
        parts.append(_("booked") if which.money == "booked" else _("estimated"))
    return " · ".join(parts) or _("all entries")


def _about(which: Entries) -> Iterator[str]:
    yield period_words(which.period)
    yield from names_said(which.where, which.staff_id)
    if which.customer_id is not None:
        yield _("customer %(number)s") % {"number": f"#{which.customer_id}"}


def names_said(where: Where, staff_id: int | None = None) -> Iterator[str]:
    """The names of what a list is narrowed to: place, segment, person of the staff."""
    names: tuple[tuple[type[Model], int | None], ...] = (
        (ShopPlace, where.place_id),
        (Segment, where.segment_id),
        (Staff, staff_id),
    )
    for model, pk in names:
        if pk is not None:
            yield str(model._default_manager.filter(pk=pk).values_list("name", flat=True).first() or f"#{pk}")


def _entry_url(pk: int) -> str:
    return reverse("worth_entry", args=[pk])


def _url(name: str, *arguments: object) -> str:
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
