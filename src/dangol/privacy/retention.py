"""What is kept for so long and no longer: looked through every night, a piece at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dangol.business.queries import current_business
from dangol.customers.models import Customer
from dangol.customers.queries import names_of
from dangol.inbox.commands.erasing import empty_messages, empty_shown, remove_files
from dangol.inbox.models import Attachment, Conversation, Message
from dangol.kernel import clock
from dangol.kernel.audit import record_act
from dangol.orders.models import Order
from dangol.privacy.commands import erase_customer
from dangol.privacy.erasing import remove_unused
from dangol.privacy.models import Erasure, RetentionPolicy

_MONTH: Final = timedelta(days=30.4375)  # a twelfth of a year of 365.25 days
_AT_ONCE: Final = 200
_PEOPLE: Final = 10
_OPEN_ERASURES: Final = 100
"""So many of the night's own at once, which each look through all mail; more begin when these are done."""
_MERGES: Final = 5
EXAMPLES: Final = 5


@dataclass(frozen=True)
class Due:
    """What a rule would erase now: how many, and some of them by their names."""

    count: int
    examples: tuple[str, ...]


def old_messages(policy: RetentionPolicy, at: datetime) -> "QuerySet[Message]":
    """Messages with words in conversations that are done, and in which nobody has spoken for that long."""
    if policy.talk_months is None:
        return Message.objects.none()
    before = at - policy.talk_months * _MONTH
    rows = Message.objects.filter(
        conversation__state=Conversation.State.DONE, conversation__last_message_at__lt=before
    )
    return rows.exclude(text="", html="", from_address="", subject="")


def old_files(policy: RetentionPolicy, at: datetime) -> "QuerySet[Attachment]":
    """Files of messages that are that old."""
    if policy.file_months is None:
        return Attachment.objects.none()
    return Attachment.objects.filter(message__happened_at__lt=at - policy.file_months * _MONTH)


def old_customers(policy: RetentionPolicy, at: datetime) -> "QuerySet[Customer]":
    """Customers whom nobody wrote with, and who bought nothing, for that long; nobody who is made of several rows and
    has been here since with one of them."""
    if policy.customer_years is None:
        return Customer.objects.none()
    before = at - policy.customer_years * 12 * _MONTH
    rows = Customer.objects.filter(merged_into=None, erased_at=None, created_at__lt=before)
    return rows.exclude(_been_here(before, _MERGES))


def _been_here(since: datetime, merges: int) -> Q:
    """A row of customers, or one that became it, talked or bought since; or it was merged more often than is looked at.

    Each question is answered by an index of one customer: asked of all rows of a person at once, each would be a walk
    through every conversation.
    """
    talks = Conversation.objects.filter(customer=OuterRef("pk"))
    here = (
        Q(Exists(talks.filter(last_message_at__gte=since)))
        | Q(Exists(talks.exclude(state=Conversation.State.DONE)))
        | Q(Exists(Order.objects.filter(customer=OuterRef("pk"), ordered_at__gte=since)))
    )
    became = Customer.objects.filter(merged_into=OuterRef("pk"))
    return here | Q(Exists(became.filter(_been_here(since, merges - 1)) if merges else became))


def due_talks(policy: RetentionPolicy, at: datetime) -> Due:
    """The conversations of `old_messages`."""
    ids = old_messages(policy, at).order_by().values("conversation").distinct()
    rows = Conversation.objects.filter(pk__in=ids)
    names = rows.order_by("last_message_at").values_list("subject", flat=True)[:EXAMPLES]
    return Due(rows.count(), tuple(filter(None, names)))


def due_files(policy: RetentionPolicy, at: datetime) -> Due:
    """The files of `old_files`."""
    rows = old_files(policy, at)
    names = rows.order_by("message__happened_at").values_list("filename", flat=True)[:EXAMPLES]
    return Due(rows.count(), tuple(filter(None, names)))


def due_customers(policy: RetentionPolicy, at: datetime) -> Due:
    """The customers of `old_customers`."""
    rows = old_customers(policy, at)
    return Due(rows.count(), tuple(names_of(rows.order_by("created_at")[:EXAMPLES]).values()))


def keep_no_longer() -> int:
    """A piece of the night's work; 0 when it is done for today, when it waits, or when all is kept for ever.

    What is due is looked for before anything is locked, behind what was looked at tonight, and asked again within the
    transaction that takes it away.
    """
    at = clock.now()
    policy = RetentionPolicy.objects.first()
    today = timezone.localdate(at, current_business().zone)
    if policy is None or _is_done(policy, today):
        return 0
    reached = dict(policy.reached)
    name, ids = _next(policy, at)
    if (
        name == "customers"
        and Erasure.objects.filter(finished_at=None, asked_by=None).count() >= _OPEN_ERASURES
    ):
        return 0
    with transaction.atomic():
        row = RetentionPolicy.objects.select_for_update().get()
        if _is_done(row, today) or row.reached != reached:
            return 1  # another process was faster
        row.reached = policy.reached
        # Their rows went with an earlier piece: those that are left behind are tried again.
        batch, rest = row.files[:_AT_ONCE], row.files[_AT_ONCE:]
        left = remove_unused(batch)
        row.files = rest + left
        if name:
            if count := _PIECES[name](row, ids, at):
                row.done[name] = row.done.get(name, 0) + count
        elif not rest or len(left) == len(batch):
            _end_the_night(row, today, at)
            name = ""
        row.save()
    return 1 if name or not _is_done(row, today) else 0


def _is_done(policy: RetentionPolicy, today: date) -> bool:
    return policy.looked_on is not None and policy.looked_on >= today


def _next(policy: RetentionPolicy, at: datetime) -> tuple[str, list[int]]:
    """What is to go next and how much of it, noting behind what to go on; "" when there is no more."""
    kinds: dict[str, QuerySet[Any]] = {
        "messages": old_messages(policy, at),
        "files": old_files(policy, at),
        "customers": old_customers(policy, at),
    }
    for name, rows in kinds.items():
        behind = policy.reached.get(name, 0)
        if behind is None:
            continue
        found = rows.filter(pk__gt=behind).order_by("pk").values_list("pk", flat=True)
        ids = list(found[: _PEOPLE if name == "customers" else _AT_ONCE])
        policy.reached[name] = ids[-1] if ids else None
        if ids:
            return name, ids
    return "", []


def _empty_messages(policy: RetentionPolicy, ids: Sequence[int], at: datetime) -> int:
    # Somebody may be writing into one of them right now: then it is old no longer.
    talks = Conversation.objects.filter(pk__in=Message.objects.filter(pk__in=ids).values("conversation"))
    list(talks.order_by("pk").select_for_update().values_list("pk", flat=True))
    rows = dict(old_messages(policy, at).filter(pk__in=ids).values_list("pk", "conversation"))
    _keep(policy, empty_messages(list(rows)))
    _keep(policy, empty_shown(sorted(set(rows.values()))))
    return len(rows)


def _remove_files(policy: RetentionPolicy, ids: Sequence[int], at: datetime) -> int:
    owners = list(old_files(policy, at).filter(pk__in=ids).values_list("message_id", flat=True))
    _keep(policy, remove_files(sorted({pk for pk in owners if pk})))
    return len(owners)


def _erase_people(policy: RetentionPolicy, ids: Sequence[int], at: datetime) -> int:
    people = list(old_customers(policy, at).filter(pk__in=ids).order_by("pk"))
    names = names_of(people)
    for person in people:
        erase_customer(actor=None, customer=person, name=names[person.pk], at=at)
    return len(people)


_PIECES: Final[dict[str, Callable[[RetentionPolicy, Sequence[int], datetime], int]]] = {
    "messages": _empty_messages,
    "files": _remove_files,
    "customers": _erase_people,
}


def _end_the_night(policy: RetentionPolicy, today: date, at: datetime) -> None:
    if policy.done:
        record_act(
            actor_id=None,
            at=at,
            act="keep_no_longer",
            thing="RetentionPolicy",
            thing_id=policy.pk,
            before={},
            after=policy.done,
        )
    policy.looked_on, policy.done, policy.reached = today, {}, {}


def _keep(policy: RetentionPolicy, files: set[str]) -> None:
    policy.files = sorted({*policy.files, *files})
