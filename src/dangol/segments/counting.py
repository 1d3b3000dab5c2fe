"""Who belongs where: figures and memberships, kept true for those who changed, and once a night for everybody.

Whoever counts has the segments locked, so that a rule that changes meanwhile is not undone by those who counted the
old one.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from dangol.business.models import Business
from dangol.business.queries import current_business
from dangol.customers.models import Customer, Membership, Segment
from dangol.customers.queries import living_of, rows_of_people
from dangol.inbox.commands.clock import recompute_due_times
from dangol.inbox.models import Wait
from dangol.kernel.db import lock_for_transaction
from dangol.segments.adding_up import write_figures
from dangol.segments.compiling import compile_rule
from dangol.segments.errors import RuleUnclear
from dangol.segments.models import Figures
from dangol.segments.rules import read_rule

BATCH: Final = 500  # SQLite takes so many parameters at once on every version
COUNTING: Final = "segments.counting"
"""The name of the lock of who counts people or makes a segment: who counts does not see one that is being made, and who
makes it does not see what is just being counted."""


@dataclass(frozen=True)
class Stretch:
    """Rows of customers: those that follow one another behind `after` up to `last`, or the `named` ones alone."""

    after: int = 0
    last: int = 0
    named: tuple[int, ...] | None = None

    def of(self, name: str) -> Q:
        """The condition that the field of this name, a customer's id, is one of them."""
        if self.named is not None:
            return Q(**{f"{name}__in": self.named})
        return Q(**{f"{name}__gt": self.after, f"{name}__lte": self.last})


def local_day(at: datetime, business: Business) -> date:
    """The business's day at the instant."""
    return timezone.localdate(at, business.zone)


def condition_of(segment: Segment, *, business: Business, at: datetime) -> Q:
    """The condition on `Figures` of who is in; nobody where the rule cannot be read."""
    try:
        rule = read_rule(segment.rule)
    except RuleUnclear:
        return Q(pk__lt=0)
    return compile_rule(rule, today=local_day(at, business), zone=business.zone)


def is_promising(segment: Segment) -> bool:
    """Whether its playbook says within what time its people are answered."""
    return segment.first_promise_minutes is not None or segment.next_promise_minutes is not None


def count_people(rows: Iterable[int], *, at: datetime) -> None:
    """Count these rows of customers again, or the people that they became.

    The same again changes nothing. What a customer is promised follows at once, where their segment promises it.
    """
    wanted = sorted(set(rows))
    for start in range(0, len(wanted), BATCH):
        _count_named(wanted[start : start + BATCH], at)


@transaction.atomic
def count_stretch(stretch: Stretch, *, at: datetime) -> None:
    """Count all people whose living rows are in the stretch, as `count_people` does, however many they are."""
    segments = _locked()
    whose = _people_of(stretch)
    gone = Figures.objects.filter(stretch.of("pk"))
    gone.exclude(customer__merged_into=None, customer__erased_at=None).delete()
    _leave_lists(stretch)
    _place(whose, stretch, segments, at)
    if any(map(is_promising, segments)):
        _renew(_who_waits(stretch, whose), at)


@transaction.atomic
def count_segment(segment: Segment, *, at: datetime) -> int:
    """Count everybody for one segment anew, by two statements, and return how many are in; a list stays as it is."""
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    business = current_business()
    if locked.kind == Segment.Kind.RULE:
        _fill(locked, None, business, at)
    Segment.objects.filter(pk=segment.pk).update(counted_at=at)
    segment.counted_at = at
    return Membership.objects.filter(segment=locked).count()


@transaction.atomic
def _count_named(rows: Collection[int], at: datetime) -> None:
    segments = _locked()
    people = {person.pk for person in living_of(rows).values() if person.erased_at is None}
    _forget([row for row in rows if row not in people], segments)
    if not people:
        return
    whose = rows_of_people(people)
    _place(whose, Stretch(named=tuple(sorted(people))), segments, at)
    if any(map(is_promising, segments)):
        _renew(whose, at)


def _locked() -> list[Segment]:
    lock_for_transaction(COUNTING)
    return list(Segment.objects.select_for_update().order_by("pk"))


def _people_of(stretch: Stretch) -> dict[int, int]:
    """{row: living row} of the people whose living rows are in the stretch."""
    alive = Customer.objects.filter(stretch.of("pk"), merged_into=None, erased_at=None)
    whose = {pk: pk for pk in alive.values_list("pk", flat=True)}
    merged = list(
        Customer.objects.filter(stretch.of("merged_into_id")).values_list("merged_into_id", flat=True)
    )
    some = sorted(set(merged) & whose.keys())
    for start in range(0, len(some), BATCH):
        whose |= rows_of_people(some[start : start + BATCH])
    return whose


def _forget(rows: Collection[int], segments: Collection[Segment]) -> None:
    """Rows that are nobody of their own any more: merged into somebody, or erased. On a list they stay: it says whom
    somebody meant, and undoing a merge finds it so; an erased one leaves it as well."""
    if not rows:
        return
    Figures.objects.filter(pk__in=rows).delete()
    by_rule = [segment.pk for segment in segments if segment.kind == Segment.Kind.RULE]
    memberships = Membership.objects.filter(customer__in=rows)
    memberships.filter(Q(segment__in=by_rule) | Q(customer__erased_at__isnull=False)).delete()


def _leave_lists(stretch: Stretch) -> None:
    erased = Customer.objects.filter(stretch.of("pk"), erased_at__isnull=False)
    Membership.objects.filter(customer__in=erased.values("pk")).delete()


def _place(whose: Mapping[int, int], stretch: Stretch, segments: Collection[Segment], at: datetime) -> None:
    """Write what these people add up to, and let them be where the rules say, two statements a segment."""
    business = current_business()
    write_figures(whose, business=business, today=local_day(at, business))
    for segment in segments:
        if segment.kind == Segment.Kind.RULE:
            _fill(segment, stretch, business, at)


def _fill(segment: Segment, stretch: Stretch | None, business: Business, at: datetime) -> None:
    """Put those in whom the rule finds and take the others out; of the stretch, or of everybody."""
    people = Figures.objects.filter(condition_of(segment, business=business, at=at))
    members = Membership.objects.filter(segment=segment)
    if stretch is not None:
        people, members = people.filter(stretch.of("pk")), members.filter(stretch.of("customer_id"))
    members.exclude(customer__in=people.values("pk")).delete()
    _put_in(segment, people.exclude(pk__in=members.values("customer")), at)


def _who_waits(stretch: Stretch, whose: Mapping[int, int]) -> set[int]:
    """The rows of these people that wait for an answer."""
    waits = Wait.objects.filter(answered_at=None, dropped_at=None)
    found = set(
        waits.filter(stretch.of("conversation__customer_id")).values_list("conversation__customer", flat=True)
    )
    merged = [row for row, person in whose.items() if row != person]
    for start in range(0, len(merged), BATCH):
        theirs = waits.filter(conversation__customer__in=merged[start : start + BATCH])
        found |= set(theirs.values_list("conversation__customer", flat=True))
    return found & whose.keys()


def _renew(rows: Iterable[int], at: datetime) -> None:
    wanted = sorted(rows)
    for start in range(0, len(wanted), BATCH):
        recompute_due_times(at=at, customers=wanted[start : start + BATCH])


def _put_in(segment: Segment, people: "QuerySet[Figures]", at: datetime) -> None:
    try:
        statement, parameters = people.values(member=F("pk")).query.sql_with_params()
    except EmptyResultSet:  # a number beyond what the column can hold: nobody has so many
        return
    since = Membership._meta.get_field("since").get_db_prep_value(at, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_membership (segment_id, customer_id, since) "  # noqa: S608  (Django wrote it)
            f"SELECT %s, inside.member, %s FROM ({statement}) AS inside",
            [segment.pk, since, *parameters],
        )


def following_rows(after: int, limit: int) -> list[int]:
    """The next rows of customers behind this one."""
    return list(Customer.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:limit])
