"""A person asks to be forgotten, or for what is known of them."""

import unicodedata
from datetime import datetime

from django.db import transaction

from dangol.channels.models import Mailbox
from dangol.customers.commands.erasing import empty_person
from dangol.customers.kinds import NUMBER
from dangol.customers.models import Customer, Identity
from dangol.customers.queries import ids_of_person, lock_person, names_of
from dangol.inbox.commands.erasing import close_talks_for_good
from dangol.kernel.audit import record_act
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import emit
from dangol.privacy.erasing import FIRST_STEP
from dangol.privacy.errors import ErasedBefore, OtherName
from dangol.privacy.events import CustomerErased, PersonExported
from dangol.privacy.models import Erasure, RetentionPolicy
from dangol.staff.models import Staff
from dangol.staff.rights import demand

RETENTION_FIELDS = ("talk_months", "file_months", "customer_years")
_SHORTEST = 6  # letters of an address that is looked for in other people's words


@transaction.atomic
def erase_customer(*, actor: Staff | None, customer: Customer, name: str, at: datetime) -> Erasure:
    """Erase the person for good, whose name is typed to be sure. Nothing brings them back.

    When this returns nothing of the person is on any page or in any search; the words of their mails, files and
    copies follow by the loop `erasures`. Orders and the ledger keep their sums. Refused: OtherName, ErasedBefore.
    """
    demand(actor, "erase_customers")
    lock_for_transaction("inbox.take_in")  # mail that is just being filed would write a subject back
    person = lock_person(customer.pk)
    if person.erased_at:
        raise ErasedBefore
    if _plain(name) != _plain(names_of([person])[person.pk]):
        raise OtherName
    ids = ids_of_person(person)
    ours = _of_the_house()
    traces = _traces(ids, ours)
    files = close_talks_for_good(customers=ids, addresses=traces, at=at)
    empty_person(ids=ids, not_theirs=ours, at=at)
    erasure = Erasure.objects.create(
        customer=person, asked_at=at, asked_by=actor, step=FIRST_STEP, traces=traces, files=sorted(files)
    )
    actor_id = actor.pk if actor else None
    record_act(
        actor_id=actor_id,
        at=at,
        act="erase_customer",
        thing="Customer",
        thing_id=person.pk,
        before={},
        after={},
    )
    emit(
        CustomerErased(happened_at=at, actor_id=actor_id, customer_id=person.pk, erasure_id=erasure.pk),
    )
    return erasure


@transaction.atomic
def note_export(*, actor: Staff | None, customer: Customer, at: datetime) -> None:
    """Write down that somebody takes all that is known of the person with them. Refused: NotAllowed, ErasedBefore."""
    demand(actor, "export_person")
    if customer.erased_at:
        raise ErasedBefore
    actor_id = actor.pk if actor else None
    record_act(
        actor_id=actor_id,
        at=at,
        act="export_person",
        thing="Customer",
        thing_id=customer.pk,
        before={},
        after={},
    )
    emit(PersonExported(happened_at=at, actor_id=actor_id, customer_id=customer.pk))


@transaction.atomic
def change_retention(
    *,
    actor: Staff | None,
    talk_months: int | None,
    file_months: int | None,
    customer_years: int | None,
    at: datetime,
) -> RetentionPolicy:
    """Say how long what is kept, None for ever; it holds from the next night on."""
    demand(actor, "change_retention")
    policy = RetentionPolicy.objects.select_for_update().first() or RetentionPolicy()
    before = {name: getattr(policy, name) for name in RETENTION_FIELDS}
    after = {"talk_months": talk_months, "file_months": file_months, "customer_years": customer_years}
    for name, value in after.items():
        setattr(policy, name, value)
    policy.reached = {}
    policy.save()
    record_act(
        actor_id=actor.pk if actor else None,
        at=at,
        act="change_retention",
        thing="RetentionPolicy",
        thing_id=policy.pk,
        before=before,
        after=after,
    )
    return policy


def _traces(ids: list[int], ours: set[str]) -> list[str]:
    """By what the person is found in other people's words: addresses and telephone numbers as they are written."""
    rows = Identity.objects.filter(customer__in=ids).exclude(kind=NUMBER)
    written = {
        text.lower()
        for pair in rows.values_list("address", "shown")
        for text in pair
        if len(text) >= _SHORTEST
    }
    return sorted(written - ours)


def _of_the_house() -> set[str]:
    """The shop's own addresses, which stand in everybody's mail. A form on a website writes from one of them, and so
    there may be a customer who has it."""
    mailboxes = {address for mailbox in Mailbox.objects.all() for address in mailbox.addresses}
    return mailboxes | {address.lower() for address in Staff.objects.values_list("email", flat=True)}


def _plain(name: str) -> list[str]:
    """The words of a name, whichever way its Korean letters are put together."""
    return unicodedata.normalize("NFC", name).split()
