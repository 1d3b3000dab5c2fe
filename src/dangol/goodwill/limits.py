"""Who may give how much without asking, and how much was given. Read under the lock of whoever gives."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.db.models import Sum as Added
from django.utils import timezone

from dangol.business.models import Business
from dangol.customers.models import Customer, Segment
from dangol.customers.queries import ids_of_person, living_customer
from dangol.goodwill.models import Entry, GivingLimit, GivingPolicy, Wish
from dangol.goodwill.rules import Limits, Over, stricter, usual_limits, what_is_over, without_asking
from dangol.orders.models import Order
from dangol.staff.models import Role, Staff

GIVING: Final = "goodwill.giving"
"""The name of the lock under which all giving happens, one at a time: two at once would both see the room for one."""
WISH: Final = "wish"
"""The source of entries that were given by hand. Only these count against limits and the budget."""


@dataclass(frozen=True)
class Room:
    """What somebody may give a customer now. `segment` is the playbook whose limit counts, "" for none. What was given
    this month, to the customer and by all, is 0 where no limit asks for it."""

    limits: Limits
    to_customer: int
    in_month: int
    segment: str = ""

    @property
    def left(self) -> int | None:
        """How much may be given without asking; None is without a limit."""
        return without_asking(self.limits, to_customer=self.to_customer, in_month=self.in_month)

    def over(self, amount: int) -> Over:
        """Which limit the amount would exceed; "" for none."""
        return what_is_over(amount, self.limits, to_customer=self.to_customer, in_month=self.in_month)


def room_for(
    staff: Staff, customer: Customer | None, *, business: Business, at: datetime, order: Order | None = None
) -> Room:
    """How much this person may give this customer without asking: the strictest of what the role, the customer's
    first playbook with a limit, and the month's budget allow.

    Where nobody knows who the customer is, the order is counted in place of the customer, and without an order all
    that this person gave to nobody known: what has no name has no month of its own.
    """
    act, month = _role_limits(staff.role)
    segment = _limiting_segment(customer) if customer else None
    if segment is not None:
        act, month = stricter((act, segment.limit_an_act)), stricter((month, segment.limit_a_month))
    limits = Limits(act, month, _budget())
    whom = _Whom(customer, order, staff)
    return _room(limits, whom, business, at, segment.name if segment else "")


def room_to_decide(staff: Staff, wish: Wish, *, business: Business, at: datetime) -> Room:
    """How much this person may say yes to: the role's own limits, and the budget. An owner has neither.

    A playbook's limit is there so that somebody is asked, hence it does not bind who is.
    """
    limits = Limits() if staff.role == Role.OWNER else Limits(*_role_limits(staff.role), _budget())
    return _room(limits, _Whom(wish.customer, wish.order, wish.staff), business, at)


@dataclass(frozen=True)
class _Whom:
    """To whom something is given: the customer; else whoever placed the order; else somebody unknown, by `staff`."""

    customer: Customer | None
    order: Order | None
    staff: Staff | None

    @property
    def entries(self) -> Q:
        """The entries that count for the month of this customer."""
        if self.customer is not None:
            return Q(customer__in=ids_of_person(living_customer(self.customer.pk)))
        if self.order is not None:
            return Q(order=self.order)
        return Q(customer=None, order=None, staff=self.staff)


def given_between(since: datetime, until: datetime, *, business: Business, to: Q | None = None) -> int:
    """What was given by hand in that time, less what was taken back: by all to everybody, or what `to` says."""
    entries = Entry.objects.filter(
        to or Q(), happened_at__gte=since, happened_at__lt=until, own_currency=business.currency
    )
    mine = entries.filter(source_kind=WISH) | entries.filter(reverses__source_kind=WISH)
    return int(mine.order_by().aggregate(total=Added("booked"))["total"] or 0)


def month_of(at: datetime, business: Business) -> tuple[datetime, datetime]:
    """The first instant of the business's month, and that of the next."""
    first = timezone.localtime(at, business.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def _room(limits: Limits, whom: _Whom, business: Business, at: datetime, segment: str = "") -> Room:
    since, until = month_of(at, business)
    to_customer = in_month = 0
    # Pages ask this: all entries of a month are added up only where somebody has set a budget.
    if limits.a_customer_a_month is not None:
        to_customer = given_between(since, until, business=business, to=whom.entries)
    if limits.a_month is not None:
        in_month = given_between(since, until, business=business)
    return Room(limits, to_customer, in_month, segment)


def _budget() -> int | None:
    policy = GivingPolicy.objects.first()
    return policy.budget_a_month if policy else None


def _role_limits(role: str) -> tuple[int | None, int | None]:
    row = GivingLimit.objects.filter(role=role).first()
    return (row.an_act, row.a_customer_a_month) if row else usual_limits(role)


def _limiting_segment(customer: Customer) -> Segment | None:
    ids = ids_of_person(living_customer(customer.pk))
    mine = Segment.objects.filter(memberships__customer__in=ids)
    limiting = mine.exclude(limit_an_act=None, limit_a_month=None)
    return limiting.order_by("position", "pk").first()
