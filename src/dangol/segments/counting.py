"""Who belongs where: figures and memberships, kept true for those who changed, and once a night for everybody.

Whoever counts has the segments locked, so that a rule that changes meanwhile is not undone by those who counted the
old one.
"""

from collections.abc import Collection, Iterable
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
from dangol.kernel.db import lock_for_transaction
from dangol.segments.adding_up import FIELDS, figures_of, values_of
from dangol.segments.compiling import compile_rule
from dangol.segments.errors import RuleUnclear
from dangol.segments.models import Figures
from dangol.segments.rules import read_rule

BATCH: Final = 500  # SQLite takes so many parameters at once on every version
COUNTING: Final = "segments.counting"
"""The name of the lock of who counts people or makes a segment: who counts does not see one that is being made, and who
makes it does not see what is just being counted."""


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


def count_people(rows: Iterable[int], *, at: datetime) -> int:
    """Count these rows of customers again, or the people that they became; returns how many people changed place.

    The same again changes nothing. What a customer is promised follows at once, where their segment promises it.
    """
    wanted = sorted(set(rows))
    moved = 0
    for start in range(0, len(wanted), BATCH):
        moved += _count_batch(wanted[start : start + BATCH], at)
    return moved


@transaction.atomic
def count_segment(segment: Segment, *, at: datetime) -> int:
    """Count everybody for one segment anew, by two statements, and return how many are in; a list stays as it is."""
    locked = Segment.objects.select_for_update().get(pk=segment.pk)
    business = current_business()
    if locked.kind == Segment.Kind.RULE:
        people = Figures.objects.filter(condition_of(locked, business=business, at=at))
        members = Membership.objects.filter(segment=locked)
        members.exclude(customer__in=people.values("pk")).delete()
        _put_in(locked, people.exclude(pk__in=members.values("customer")), at)
    Segment.objects.filter(pk=segment.pk).update(counted_at=at)
    segment.counted_at = at
    return Membership.objects.filter(segment=locked).count()


@transaction.atomic
def _count_batch(rows: Collection[int], at: datetime) -> int:
    lock_for_transaction(COUNTING)
    segments = list(Segment.objects.select_for_update().order_by("pk"))
    business = current_business()
    living = living_of(rows)
    people = {person.pk: person for person in living.values() if person.erased_at is None}
    _forget([row for row in rows if row not in people], segments)
    _write(figures_of(list(people.values()), business=business, today=local_day(at, business)))
    moved = _place(people, segments, business, at)
    if any(map(is_promising, segments)):
        recompute_due_times(at=at, customers=list(rows_of_people(people)))
    return len(moved)


def _forget(rows: Collection[int], segments: Collection[Segment]) -> None:
    """Rows that are nobody of their own any more: merged into somebody, or erased. On a list they stay: it says whom
    somebody meant, and undoing a merge finds it so; an erased one leaves it as well."""
    if not rows:
        return
    Figures.objects.filter(pk__in=rows).delete()
    by_rule = [segment.pk for segment in segments if segment.kind == Segment.Kind.RULE]
    memberships = Membership.objects.filter(customer__in=rows)
    memberships.filter(Q(segment__in=by_rule) | Q(customer__erased_at__isnull=False)).delete()


def _write(counted: list[Figures]) -> None:
    known = Figures.objects.in_bulk([row.pk for row in counted])
    changed = [row for row in counted if row.pk not in known or values_of(known[row.pk]) != values_of(row)]
    Figures.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["customer"], update_fields=list(FIELDS)
    )


def _place(
    people: Collection[int], segments: Collection[Segment], business: Business, at: datetime
) -> set[int]:
    by_rule = [segment for segment in segments if segment.kind == Segment.Kind.RULE]
    rows = Membership.objects.filter(customer__in=people, segment__in=[segment.pk for segment in by_rule])
    are_in = set(rows.values_list("segment_id", "customer_id"))
    belong = {
        (segment.pk, pk)
        for segment in by_rule
        for (pk,) in Figures.objects.filter(
            condition_of(segment, business=business, at=at), pk__in=people
        ).values_list("pk")
    }
    for segment in by_rule:
        left = [pk for number, pk in are_in - belong if number == segment.pk]
        if left:
            Membership.objects.filter(segment=segment, customer__in=left).delete()
    new = sorted(belong - are_in)
    Membership.objects.bulk_create(
        [Membership(segment_id=number, customer_id=pk, since=at) for number, pk in new], ignore_conflicts=True
    )
    return {pk for _segment, pk in are_in ^ belong}


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


def everybody(after: int, limit: int) -> list[int]:
    """The next rows of customers behind this one."""
    return list(Customer.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:limit])
