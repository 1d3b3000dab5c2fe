"""What is promised to whom: the playbook of a customer's segment goes before the mailbox."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dangol.channels.models import Channel
from dangol.customers.models import Membership, Segment
from dangol.customers.queries import living_of, rows_of_people


@dataclass(frozen=True)
class Promised:
    """Within how many seconds of opening time somebody's playbooks promise a first and a next answer; None: not."""

    first: int | None = None
    next: int | None = None


def promised_to(customer_ids: Collection[int]) -> dict[int, Promised]:
    """What the playbooks promise these customers, by the same ids; who is promised nothing is left out.

    Of several the strictest counts. One query where no segment promises anything, else four, however many they are.
    """
    promising = {
        pk: (first, following)
        for pk, first, following in Segment.objects.exclude(
            first_promise_minutes=None, next_promise_minutes=None
        ).values_list("pk", "first_promise_minutes", "next_promise_minutes")
    }
    if not promising or not customer_ids:
        return {}
    living = {pk: person.pk for pk, person in living_of(customer_ids).items()}
    whose = rows_of_people(living.values())
    theirs: dict[int, list[tuple[int | None, int | None]]] = {}
    members = Membership.objects.filter(segment__in=promising, customer__in=whose)
    for row, segment in members.values_list("customer_id", "segment_id"):
        theirs.setdefault(whose[row], []).append(promising[segment])
    return {
        pk: Promised(
            _strictest(first for first, _ in theirs[person]),
            _strictest(following for _, following in theirs[person]),
        )
        for pk, person in living.items()
        if person in theirs
    }


def promised_seconds(channel: Channel, *, is_first: bool, theirs: Promised | None) -> int | None:
    """Within how many seconds of opening time an answer is promised: by the playbook, else by the mailbox, else not."""
    by_playbook = (theirs.first if is_first else theirs.next) if theirs else None
    if by_playbook is not None:
        return by_playbook
    return channel.promised_first_seconds if is_first else channel.promised_next_seconds


def _strictest(minutes: Iterable[int | None]) -> int | None:
    found = [each for each in minutes if each is not None]
    return 60 * min(found) if found else None
