"""What is kept for so long and no longer: looked through every night, a piece at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dangol.business.queries import current_business
from dangol.customers.models import Customer
from dangol.customers.queries import names_of
from dangol.inbox.commands.erasing import empty_messages, remove_files
from dangol.inbox.models import Attachment, Conversation, Message
from dangol.kernel import clock
from dangol.kernel.audit import record_act
from dangol.orders.models import Order
from dangol.privacy.commands import erase_customer
from dangol.privacy.erasing import remove_unused
from dangol.privacy.models import RetentionPolicy

_MONTH: Final = timedelta(days=30.4375)  # a twelfth of a year of 365.25 days
_AT_ONCE: Final = 200
_PEOPLE: Final = 10
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
    mine = Q(customer=OuterRef("pk")) | Q(customer__merged_into=OuterRef("pk"))
    talked = Conversation.objects.filter(mine, last_message_at__gte=before)
    waits = Conversation.objects.filter(mine).exclude(state=Conversation.State.DONE)
    bought = Order.objects.filter(mine, ordered_at__gte=before)
    rows = Customer.objects.filter(merged_into=None, erased_at=None, created_at__lt=before)
    return rows.filter(~Exists(talked), ~Exists(waits), ~Exists(bought))


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
    """A piece of the night's work; 0 when it is done for today, or when all is kept for ever."""
    at = clock.now()
    with transaction.atomic():
        policy = RetentionPolicy.objects.select_for_update().first()
        today = timezone.localdate(at, current_business().zone)
        if policy is None or (policy.looked_on is not None and policy.looked_on >= today):
            return 0
        name, count = _piece(policy, at)
        if count:
            policy.done[name] = policy.done.get(name, 0) + count
        else:
            policy.files = remove_unused(policy.files)
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
            policy.looked_on, policy.done = today, {}
        policy.save()
    return count


def _piece(policy: RetentionPolicy, at: datetime) -> tuple[str, int]:
    messages = _ids(old_messages(policy, at))
    if messages:
        talks = Conversation.objects.filter(messages__in=messages)
        _keep(policy, empty_messages(messages))
        talks.update(subject="", preview="", file_count=0)
        return "messages", len(messages)
    owners = list(old_files(policy, at).order_by("pk").values_list("message_id", flat=True)[:_AT_ONCE])
    if owners:
        _keep(policy, remove_files(sorted({pk for pk in owners if pk})))
        return "files", len(owners)
    people = list(old_customers(policy, at).order_by("pk")[:_PEOPLE])
    names = names_of(people)
    for person in people:
        erase_customer(actor=None, customer=person, name=names[person.pk], at=at)
    return "customers", len(people)


def _ids(rows: "QuerySet[Message]") -> Sequence[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])


def _keep(policy: RetentionPolicy, files: set[str]) -> None:
    policy.files = sorted({*policy.files, *files})
