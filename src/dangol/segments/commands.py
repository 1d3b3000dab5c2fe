"""Every change to segments: made, changed, removed and put back; who is on a list; which playbook comes first."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.dateparse import parse_datetime

from dangol.customers.models import Customer, Membership, Segment
from dangol.customers.queries import ids_of_person, living_of, lock_person, rows_of_people
from dangol.kernel.audit import record_act
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.kernel.models import AuditEntry
from dangol.segments.counting import COUNTING, count_segment, is_promising
from dangol.segments.errors import (
    NotAList,
    NothingBelow,
    PutBackAlready,
    SegmentNameMissing,
    SegmentNameTaken,
)
from dangol.segments.events import ListChanged, SegmentChanged, SegmentMade, SegmentRemoved
from dangol.segments.renewing import ask_for_renewal
from dangol.segments.rules import Rule, checked, write_rule
from dangol.staff.models import Staff
from dangol.staff.rights import demand

REMOVED: Final = "remove_segment"
"""The act that keeps what a removed segment was, so that it can be put back."""


@dataclass(frozen=True)
class Playbook:
    """How the people of a segment are served. Minutes are of opening time, money is in minor units of the business's
    own currency; None leaves what the mailbox promises and the role may give."""

    first_promise_minutes: int | None = None
    next_promise_minutes: int | None = None
    greeting: str = ""
    tone: str = ""
    preferred_channel: str = ""
    limit_an_act: int | None = None
    limit_a_month: int | None = None
    to_do: str = ""
    not_to_do: str = ""


PLAYBOOK: Final = tuple(Playbook.__dataclass_fields__)


def playbook_of(segment: Segment) -> Playbook:
    """What the segment's playbook says."""
    return Playbook(**{name: getattr(segment, name) for name in PLAYBOOK})


@transaction.atomic
def make_segment(
    *, actor: Staff | None, name: str, rule: Rule | None, playbook: Playbook | None = None, at: datetime
) -> Segment:
    """Make a segment and count who is in; without a rule it is an empty list. It comes behind the others. What waits is
    held to its promise by the worker, soon.

    Refused: no name (SegmentNameMissing) or another's (SegmentNameTaken), a rule that says nothing (RuleUnclear),
    a promise or limit below nothing (NothingBelow).
    """
    demand(actor, "change_segments")
    lock_for_transaction(COUNTING)
    last = Segment.objects.order_by("-position").values_list("position", flat=True).first()
    segment = Segment(created_at=at, position=0 if last is None else last + 1)
    _fill(segment, name, rule, playbook or Playbook())
    segment.save()
    count_segment(segment, at=at)
    _renew_promises(segment, at)
    _record(actor, "make_segment", segment, {}, _plain(segment), at)
    emit(SegmentMade(happened_at=at, actor_id=actor.pk if actor else None, segment_id=segment.pk))
    return segment


@transaction.atomic
def change_segment(
    *, actor: Staff | None, segment: Segment, name: str, rule: Rule | None, playbook: Playbook, at: datetime
) -> Segment:
    """Give the segment this name, rule and playbook; who is in is counted at once, and another promise follows by the
    worker. Refused like `make_segment`.

    A list stays a list and a rule a rule: `rule` of a list is None.
    """
    demand(actor, "change_segments")
    lock_for_transaction(COUNTING)
    row = Segment.objects.select_for_update().get(pk=segment.pk)
    before, promised = _plain(row), (row.first_promise_minutes, row.next_promise_minutes)
    _fill(row, name, rule if row.kind == Segment.Kind.RULE else None, playbook)
    after = _plain(row)
    if before == after:
        return row
    row.save()
    is_other_rule = before["rule"] != after["rule"]
    if is_other_rule:
        count_segment(row, at=at)
    if (is_other_rule and is_promising(row)) or promised != (
        row.first_promise_minutes,
        row.next_promise_minutes,
    ):
        ask_for_renewal(at=at)
    _record(actor, "change_segment", row, before, after, at)
    emit(SegmentChanged(happened_at=at, actor_id=actor.pk if actor else None, segment_id=row.pk))
    return row


@transaction.atomic
def remove_segment(*, actor: Staff | None, segment: Segment, at: datetime) -> AuditEntry:
    """Take the segment away; its customers stay. What is returned puts it back whole."""
    demand(actor, "change_segments")
    row = Segment.objects.select_for_update().get(pk=segment.pk)
    before = _plain(row) | {"position": row.position, "created_at": row.created_at.isoformat()}
    if row.kind == Segment.Kind.LIST:
        before["members"] = list(row.memberships.order_by("pk").values_list("customer_id", flat=True))
    pk = row.pk
    row.delete()
    _renew_promises(row, at)
    emit(SegmentRemoved(happened_at=at, actor_id=actor.pk if actor else None, segment_id=pk))
    return record_act(
        actor_id=actor.pk if actor else None, at=at, act=REMOVED, thing="Segment", thing_id=pk,
        before=before, after={},
    )  # fmt: skip


@transaction.atomic
def put_segment_back(*, actor: Staff | None, removal: AuditEntry, at: datetime) -> Segment:
    """Undo a removal: the same segment under the same id, so that every link to it works.

    Refused: PutBackAlready, and SegmentNameTaken where another has its name by now.
    """
    demand(actor, "change_segments")
    lock_for_transaction(COUNTING)
    kept, pk = dict(removal.before), removal.thing_id or 0
    if Segment.objects.filter(pk=pk).exists():
        raise PutBackAlready
    if Segment.objects.filter(name=kept["name"]).exists():
        raise SegmentNameTaken
    members = kept.pop("members", [])
    created_at = parse_datetime(kept.pop("created_at")) or at
    segment = Segment.objects.create(pk=pk, created_at=created_at, **kept)
    here = Customer.objects.filter(pk__in=members, erased_at=None).values_list("pk", flat=True)
    Membership.objects.bulk_create(
        [Membership(segment=segment, customer_id=pk, since=at) for pk in here], ignore_conflicts=True
    )
    count_segment(segment, at=at)
    _renew_promises(segment, at)
    _record(actor, "put_segment_back", segment, {}, _plain(segment), at)
    emit(SegmentMade(happened_at=at, actor_id=actor.pk if actor else None, segment_id=segment.pk))
    return segment


@transaction.atomic
def order_segments(*, actor: Staff | None, ids: Iterable[int], at: datetime) -> None:
    """Let the playbooks come in this order; those that are not named come behind it as they were."""
    demand(actor, "change_segments")
    rows = {row.pk: row for row in Segment.objects.select_for_update().order_by("position", "pk")}
    wanted = [pk for pk in dict.fromkeys(ids) if pk in rows]
    for position, pk in enumerate([*wanted, *(pk for pk in rows if pk not in wanted)]):
        if rows[pk].position != position:
            Segment.objects.filter(pk=pk).update(position=position)
            emit(SegmentChanged(happened_at=at, actor_id=actor.pk if actor else None, segment_id=pk))


@transaction.atomic
def put_on_list(*, actor: Staff | None, segment: Segment, customers: Collection[int], at: datetime) -> int:
    """Put these people on the list, and return how many were not on it. Refused (NotAList) where a rule decides."""
    _demand_list(actor, segment)
    people = {row.pk for row in living_of(customers).values() if row.erased_at is None}
    whose = rows_of_people(people)
    on_it = Membership.objects.filter(segment=segment, customer__in=whose)
    new = people - {whose[row] for row in on_it.values_list("customer_id", flat=True)}
    Membership.objects.bulk_create(
        [Membership(segment=segment, customer_id=pk, since=at) for pk in sorted(new)], ignore_conflicts=True
    )
    _list_changed(actor, segment, at, added=len(new))
    return len(new)


@transaction.atomic
def take_off_list(*, actor: Staff | None, segment: Segment, customer: Customer, at: datetime) -> bool:
    """Take somebody off the list, whichever of their rows was put on it. Refused (NotAList) where a rule decides."""
    _demand_list(actor, segment)
    rows = ids_of_person(lock_person(customer.pk))
    gone, _ = Membership.objects.filter(segment=segment, customer__in=rows).delete()
    _list_changed(actor, segment, at, removed=1 if gone else 0)
    return bool(gone)


def _demand_list(actor: Staff | None, segment: Segment) -> None:
    demand(actor, "change_segments")
    if segment.kind != Segment.Kind.LIST:
        raise NotAList


def _list_changed(
    actor: Staff | None, segment: Segment, at: datetime, *, added: int = 0, removed: int = 0
) -> None:
    if not (added or removed):
        return
    _renew_promises(segment, at)
    emit(
        ListChanged(
            happened_at=at,
            actor_id=actor.pk if actor else None,
            segment_id=segment.pk,
            added=added,
            removed=removed,
        )
    )


def _fill(segment: Segment, name: str, rule: Rule | None, playbook: Playbook) -> None:
    segment.name = " ".join(name.split())[:80]
    if not segment.name:
        raise SegmentNameMissing
    if Segment.objects.filter(name=segment.name).exclude(pk=segment.pk).exists():
        raise SegmentNameTaken
    segment.kind = Segment.Kind.LIST if rule is None else Segment.Kind.RULE
    segment.rule = {} if rule is None else write_rule(checked(rule))
    for field, value in asdict(playbook).items():
        if isinstance(value, int) and value < 0:
            raise NothingBelow
        setattr(segment, field, value.strip() if isinstance(value, str) else value)


def _renew_promises(segment: Segment, at: datetime) -> None:
    if is_promising(segment):
        ask_for_renewal(at=at)


def _plain(segment: Segment) -> dict[str, Any]:
    return {name: getattr(segment, name) for name in ("name", "kind", "rule", *PLAYBOOK)}


def _record(
    actor: Staff | None,
    act: str,
    segment: Segment,
    before: dict[str, Any],
    after: dict[str, Any],
    at: datetime,
) -> None:
    record_act(
        actor_id=actor.pk if actor else None, at=at, act=act, thing="Segment", thing_id=segment.pk,
        before=before, after=after,
    )  # fmt: skip
