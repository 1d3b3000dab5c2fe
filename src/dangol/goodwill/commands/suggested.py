"""Giving what is suggested, as it is suggested when it is given."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, give_goodwill
from dangol.goodwill.limits import GIVING
from dangol.goodwill.models import Cause, Wish
from dangol.goodwill.suggesting import Complaint, suggestion_for
from dangol.kernel.db import lock_for_transaction
from dangol.staff.models import Staff
from dangol.staff.rights import demand


def give_suggested(*, actor: Staff, complaint: Complaint, key: UUID, at: datetime) -> Wish | None:
    """Give the suggestion of that key, or ask for it (`give_goodwill`); None where another or none is suggested now.

    Pressed again it is the same giving. What was given is looked at under the lock of all giving: of two who press in
    two conversations about one order, the second finds it given.
    """
    demand(actor, "answer")
    with transaction.atomic():
        lock_for_transaction(GIVING)
        known = Wish.objects.filter(key=key).first()
        if known is not None:
            return known
        found = suggestion_for(complaint, staff=actor, at=at)
        if found is None or found.key != key:
            return None
        cause = Cause.objects.get(pk=found.cause.id)
        about = About(cause, complaint.customer, found.order, complaint.conversation_id)
        remedy = Remedy(found.kind, found.amount, what=", ".join(found.lines))
        return give_goodwill(actor=actor, remedy=remedy, about=about, key=key, at=at)
