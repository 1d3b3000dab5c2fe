"""What is suggested beside a conversation to make good what the customer writes of, and the press that gives it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dangol.business.money import money_text, typed_amount
from dangol.customers.queries import ids_of_person, living_customer
from dangol.desk.pages import SuggestionView
from dangol.goodwill.commands.suggested import give_suggested
from dangol.goodwill.models import Kind, Wish
from dangol.goodwill.suggesting import RECENT, Complaint, Suggestion, suggestion_for
from dangol.inbox.models import Conversation, Message
from dangol.inbox.reading import open_conversation
from dangol.inbox.threading import living
from dangol.kernel import clock
from dangol.kernel.addresses import address
from dangol.kernel.errors import Refused
from dangol.kernel.prepared import Prepared
from dangol.kernel.redirects import see_other
from dangol.staff.models import Staff
from dangol.staff.rights import actor, needs

READ: Final = 5  # of the customer's last messages, as the form of giving reads them
STATE = Wish.State
_SAID: Final = Prepared(
    lambda conversation_id: (
        Message.objects.filter(conversation=conversation_id, direction=Message.Direction.IN, automatic="")
        .order_by("-happened_at", "-id")
        .values_list("text_new", "happened_at")[:READ]
    )
)


class SuggestionChanged(Refused):
    """What the page suggested is not what would be suggested now."""

    message = gettext_lazy(
        "Something has changed meanwhile, and this is no longer suggested. Look again, then give."
    )


def suggestion_beside(
    conversation: Conversation, ids: Collection[int], *, person: Staff, at: datetime
) -> Suggestion | None:
    """What this person could give the customer of the conversation, whose rows these are; None where nothing can be
    said, and in a conversation that is done."""
    complaint = _complaint(conversation, ids, at)
    return suggestion_for(complaint, staff=person, at=at) if complaint else None


def suggestion_view(found: Suggestion, conversation_id: int) -> SuggestionView:
    """The suggestion in words."""
    currency, language = found.order.own_currency, (get_language() or "en")[:2]
    more = {
        "kind": found.kind.value,
        "cause": found.cause.id,
        "amount": typed_amount(found.amount, currency),
        "order": found.order.pk,
    }
    return SuggestionView(
        key=str(found.key),
        url=address("suggested_giving", conversation_id),
        other_url=f"{address('giving', conversation_id)}?{urlencode(more)}",
        title=_title(found),
        amount=money_text(found.amount, currency, language),
        limit=_limit(found, currency, language),
        booked=_booked(found),
        is_asked=found.is_asked,
    )


@require_POST
@needs("answer")
def suggested_giving(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Give what is suggested, or ask for it where that is above the person's limit. Pressed again, also by somebody
    else, it is the same giving. Refused (SuggestionChanged) where the page showed something else than is suggested now.
    """
    row = open_conversation(conversation_id)
    row = row if row.merged_into_id is None else open_conversation(living(row).pk)
    person, at, key = actor(request), clock.now(), _key(request.POST.get("key", ""))
    complaint = _complaint(row, ids_of_person(living_customer(row.customer_id)), at)
    done = Wish.objects.filter(key=key).first() if key else None
    if done is None and key and complaint:
        done = give_suggested(actor=person, complaint=complaint, key=key, at=at)
    if done is None:
        raise SuggestionChanged
    if not getattr(request, "htmx", False):  # else the part of the page that comes back says it
        messages.success(request, said_of(done))
    return see_other("conversation", row.pk, fragment="who")


def said_of(done: Wish) -> str:
    """What became of it, for whoever pressed."""
    if done.state == STATE.REFUSED:
        return _("Noted that we said no.")
    if done.state == STATE.ASKED:
        return _("Asked: it is given as soon as somebody who may says yes.")
    if done.state == STATE.WITHDRAWN:
        return _("Taken back.")
    return _("Given. The cost is in the ledger.")


def _complaint(conversation: Conversation, ids: Collection[int], at: datetime) -> Complaint | None:
    if conversation.state == Conversation.State.DONE:
        return None
    said = tuple((text, when) for text, when in _SAID(conversation_id=conversation.pk) if at - when <= RECENT)
    if not said:
        return None
    return Complaint(conversation.subject, said, conversation.pk, conversation.customer, tuple(ids))


def _title(found: Suggestion) -> str:
    said = {"number": found.order.number, "lines": ", ".join(found.lines)}
    if found.kind == Kind.SHIPPING:
        return _("Pay back the shipping of order %(number)s") % said
    if found.kind == Kind.REFUND:
        return (
            _("Refund %(lines)s of order %(number)s") if found.lines else _("Refund order %(number)s")
        ) % said
    if found.lines:
        return _("Make %(lines)s of order %(number)s again") % said
    return _("Make order %(number)s again") % said


def _limit(found: Suggestion, currency: str, language: str) -> str:
    if found.is_asked:
        return _("Above your limit: somebody who may is asked first.")
    if found.room.left is None:
        return ""
    left = money_text(found.room.left, currency, language)
    return _("Within the %(amount)s that you may give without asking.") % {"amount": left}


def _booked(found: Suggestion) -> str:
    said = {"kind": found.kind.label, "cause": found.cause.name}
    if found.kind == Kind.REDO:  # what it costs to make is not known here
        return _("Booked as “%(kind)s” at the price that was paid. Cause: %(cause)s.") % said
    return _("Booked as “%(kind)s”. Cause: %(cause)s.") % said


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
