"""Which orders a figure of sales counts: a choice that stands in the address, as on the statement."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict

from dangol.business.models import Business
from dangol.orders.models import Order
from dangol.worth.entries import Where, of_where, read_where
from dangol.worth.lists import names_said
from dangol.worth.pages import choice_query
from dangol.worth.periods import Period, read_period
from dangol.worth.words import money_words, period_words


@dataclass(frozen=True)
class Chosen:
    """Orders of a period (None: of all time), a place, a segment; `is_kept`: without the cancelled ones."""

    period: Period | None
    where: Where
    is_kept: bool

    @property
    def is_all(self) -> bool:
        """Whether nothing is asked for."""
        return self.period is None and self.where == Where() and not self.is_kept

    @property
    def query(self) -> str:
        """The choice as the query of an address; "" for all."""
        if self.period is None:
            said = [
                f"{n}={v}"
                for n, v in (("place", self.where.place_id), ("segment", self.where.segment_id))
                if v
            ]
        else:
            said = [choice_query(self.period, self.where)[1:]]
        return "&".join([*said, *(["state=kept"] if self.is_kept else [])])

    @property
    def about(self) -> tuple[str, ...]:
        """What it is narrowed to, in words."""
        return (*((period_words(self.period),) if self.period else ()), *names_said(self.where))


def read_choice(query: QueryDict, business: Business, *, today: date) -> Chosen:
    """The orders that an address asks for; what cannot be read there is as if it were not there."""
    said = {name: query.get(name, "") for name in ("month", "from", "to")}
    period = None
    if any(said.values()):
        period = read_period(
            month=said["month"], first=said["from"], last=said["to"], zone=business.zone, today=today
        )
    return Chosen(period, read_where(query), query.get("state") == "kept")


def orders_in(chosen: Chosen) -> "QuerySet[Order]":
    """The rows that are meant."""
    rows = Order.objects.filter(of_where(chosen.where))
    if chosen.period is not None:
        rows = rows.filter(ordered_at__gte=chosen.period.begin, ordered_at__lt=chosen.period.end)
    return rows.filter(cancelled_at=None) if chosen.is_kept else rows


def sums_of(chosen: Chosen) -> tuple[tuple[str, int], ...]:
    """(amount in words, how many orders) by the currency in which they are counted; one query."""
    rows = orders_in(chosen).order_by().values_list("own_currency")
    grouped = rows.annotate(amount=Sum("own_amount", filter=Q(cancelled_at=None)), orders=Count("pk"))
    return tuple((money_words(amount or 0, own), orders) for own, amount, orders in sorted(grouped))
