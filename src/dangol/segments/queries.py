"""What pages show of segments."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count

from dangol.business.models import Business
from dangol.customers.models import Customer, Membership, Segment
from dangol.customers.queries import living_of, names_of
from dangol.kernel.prepared import Prepared
from dangol.segments.compiling import compile_rule
from dangol.segments.counting import local_day
from dangol.segments.models import Figures, Walk
from dangol.segments.rules import Rule

FIRST: Final = 20
LIST: Final = Segment.Kind.LIST


@dataclass(frozen=True)
class Found:
    """How many a rule finds, and the first of them by name."""

    count: int
    first: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class SegmentRow:
    """A segment in the list of all."""

    segment: Segment
    count: int


def found_by(rule: Rule, *, business: Business, at: datetime) -> Found:
    """Whom the rule finds now, the newest customers first; three queries, whether they are ten or a million."""
    condition = compile_rule(rule, today=local_day(at, business), zone=business.zone)
    rows = Figures.objects.filter(condition)
    return Found(rows.count(), _named(rows.order_by("-pk").values_list("pk", flat=True)[:FIRST]))


def all_segments() -> tuple[SegmentRow, ...]:
    """The segments in the order in which their playbooks count, with how many people are in each; five queries at
    most."""
    rows = list(Segment.objects.order_by("position", "pk"))
    counts = _counts([row.pk for row in rows])
    return tuple(SegmentRow(row, counts[row.pk]) for row in rows)


def member_count(segment: Segment) -> int:
    """How many people are in, of a list each once; along an index, without a look at the people themselves."""
    return _counts([segment.pk])[segment.pk]


def _counts(segments: Collection[int]) -> Counter[int]:
    # Who was erased left them in the same transaction; who was merged leaves what has a rule in a second or two.
    members = Membership.objects.filter(segment__in=segments).order_by()
    counts = Counter(dict(members.values_list("segment").annotate(many=Count("*"))))
    counts.subtract(_merged_twice(segments))
    return counts


def _merged_twice(segments: Collection[int]) -> Counter[int]:
    """How many rows of each list are of somebody who is on it by another row as well: they were merged since."""
    on_lists = Membership.objects.filter(segment__in=segments, segment__kind=LIST)
    pairs = on_lists.values_list("segment_id", "customer_id")
    merged = list(pairs.filter(customer__merged_into__isnull=False))
    if not merged:
        return Counter()
    living = living_of(row for _segment, row in merged)
    seen = set(pairs.filter(customer__in=[person.pk for person in living.values()]))
    twice: Counter[int] = Counter()
    for segment, row in merged:
        person = (segment, living[row].pk)
        twice[segment] += person in seen
        seen.add(person)
    return twice


def first_members(segment: Segment, *, limit: int = FIRST) -> tuple[tuple[int, str], ...]:
    """The newest customers who are in, by name, in the order of an index; three queries."""
    rows = Membership.objects.filter(segment=segment).order_by("-customer_id")
    return _named(rows.values_list("customer_id", flat=True)[:limit])


def segments_of(rows: Collection[int]) -> list[Segment]:
    """The segments of the person whose rows these are, the first playbook first; one query."""
    return list(dict.fromkeys(_OF_PERSON(ids=tuple(rows))))


def is_everybody_counted() -> bool:
    """Whether all customers were looked through once; before that, counts are too small."""
    return Walk.objects.filter(pk=Walk.ONLY, day__isnull=False).exists()


_OF_PERSON: Final = Prepared(
    lambda ids: Segment.objects.filter(memberships__customer__in=ids).order_by("position", "id")
)


def _named(rows: Iterable[int]) -> tuple[tuple[int, str], ...]:
    ids = list(rows)
    living = living_of(ids)
    people: dict[int, Customer] = {living[pk].pk: living[pk] for pk in ids if pk in living}
    called = names_of(people.values())
    return tuple((pk, called[pk]) for pk in people)
