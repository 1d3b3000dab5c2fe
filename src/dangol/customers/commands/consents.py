"""Whether people want to be written to."""

from datetime import datetime

from django.db import transaction

from dangol.customers.errors import Erased, UnknownPurpose
from dangol.customers.events import ConsentRecorded
from dangol.customers.kinds import KINDS
from dangol.customers.models import Consent, Customer
from dangol.customers.queries import ids_of_person, lock_person, refused_by
from dangol.kernel.events import emit
from dangol.staff.models import Staff
from dangol.staff.rights import demand

BY_LINK = "unsubscribe link"


@transaction.atomic
def record_consent(
    *,
    actor: Staff | None,
    customer: Customer,
    channel: str,
    purpose: str,
    is_given: bool,
    source: str,
    wording: str = "",
    at: datetime,
) -> Consent:
    """Keep what the person said: it counts from now on, until they say something else. `at` is when they said it.

    A refusal is kept with each row that the person is made of, so that it still holds for both if a merge is undone.
    """
    demand(actor, "answer")
    if channel not in KINDS or purpose not in Consent.Purpose.values:
        raise UnknownPurpose
    person = lock_person(customer.pk)
    if person.erased_at:
        raise Erased
    rows = [person.pk] if is_given else ids_of_person(person)
    made = Consent.objects.bulk_create(
        Consent(
            customer_id=pk,
            channel=channel,
            purpose=purpose,
            is_given=is_given,
            source=source.strip()[:80],
            wording=wording.strip(),
            at=at,
            by=actor,
        )
        for pk in rows
    )
    actor_id = actor.pk if actor else None
    emit(
        ConsentRecorded(
            happened_at=at,
            actor_id=actor_id,
            customer_id=person.pk,
            consent_id=made[0].pk,
            is_given=is_given,
        )
    )
    return made[0]


@transaction.atomic
def unsubscribe(*, customer: Customer, channel: str, purpose: str, at: datetime) -> None:
    """The person followed the link in a mail and said no. Said twice, it is kept once."""
    person = lock_person(customer.pk)
    rows = ids_of_person(person)
    # Each row must have heard it: of the whole person the newest counts, until a merge is undone.
    if person.erased_at or refused_by(rows, channel, purpose) == set(rows):
        return
    record_consent(
        actor=None,
        customer=person,
        channel=channel,
        purpose=purpose,
        is_given=False,
        source=BY_LINK,
        at=at,
    )


@transaction.atomic
def unsubscribe_whole(*, customer: Customer, channel: str, at: datetime) -> None:
    """The person wants nothing more on this kind of channel that they did not ask for, whatever the purpose."""
    for purpose in Consent.Purpose.values:
        unsubscribe(customer=customer, channel=channel, purpose=purpose, at=at)
