"""What a customer is owed and was given, as it stands beside a conversation and on the customer's page."""

from collections.abc import Collection
from typing import Final

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy

from dangol.business.money import money_text
from dangol.desk.pages import WishView
from dangol.goodwill.models import Kind, Wish
from dangol.kernel.prepared import Prepared
from dangol.staff.models import Staff
from dangol.staff.rights import may

STATE = Wish.State
MOST: Final = 5
MOST_OPEN: Final = 30
OVER: Final = {
    "act": gettext_lazy("more than may be given at once without asking"),
    "customer": gettext_lazy("more than this customer may get in a month without asking"),
    "budget": gettext_lazy("more than is left of this month’s budget"),
}
_NEWEST: Final = Prepared(
    lambda ids: (
        Wish.objects.filter(customer__in=ids)
        .exclude(state=Wish.State.WITHDRAWN)
        .select_related("customer", "order", "cause", "staff", "decided_by")
        .order_by("-asked_at", "-id")[:MOST]
    )
)
_ASKED: Final = Prepared(
    lambda conversation_id: (
        Wish.objects.filter(conversation_id=conversation_id, state=Wish.State.ASKED)
        .select_related("customer", "order", "cause", "staff", "decided_by")
        .order_by("asked_at", "id")
    )
)
_OPEN: Final = Prepared(
    lambda state: (
        Wish.objects.filter(state=state)
        .select_related("customer", "order", "cause", "staff", "decided_by")
        .order_by("asked_at", "id")[:MOST_OPEN]
    )
)


def owed_to(customer_ids: Collection[int]) -> tuple[WishView, ...]:
    """The last wishes of the person whose rows these are; one query."""
    return tuple(wish_view(row, None) for row in _NEWEST(ids=tuple(customer_ids)))


def open_wishes(person: Staff) -> tuple[WishView, ...]:
    """What waits for a yes anywhere, the longest first; one query."""
    return tuple(wish_view(row, person) for row in _OPEN(state=str(STATE.ASKED.value)))


def asked_in(conversation_id: int, person: Staff) -> tuple[WishView, ...]:
    """What waits for a yes in a conversation, with what this person may do about it; one query."""
    return tuple(wish_view(row, person) for row in _ASKED(conversation_id=conversation_id))


def wish_view(row: Wish, person: Staff | None) -> WishView:
    """The wish in words."""
    amount = row.given if row.state in {STATE.GIVEN, STATE.PARTLY} else row.proposed
    customer = row.customer.shown_name if row.customer else ""
    shown = money_text(amount, row.own_currency, (get_language() or "en")[:2])
    kind = str(Kind(row.kind).label)
    own = person is not None and person.pk in {row.staff_id, row.decided_by_id}
    decides = person is not None and may(person, "approve_giving")
    return WishView(
        id=row.pk,
        url=reverse("wish", args=[row.pk]),
        title=f"{row.what or kind} · {shown}",
        amount=shown,
        kind=kind,
        what=row.what,
        cause=row.cause.name if row.cause else "",
        state=row.state,
        state_words=str(STATE(row.state).label),
        customer=customer,
        customer_url=reverse("customer", args=[row.customer_id]) if row.customer_id else "",
        conversation_id=row.conversation_id,
        conversation_url=reverse("conversation", args=[row.conversation_id]) if row.conversation_id else "",
        order=row.order.number if row.order else "",
        staff=row.staff.name if row.staff else "",
        decided_by=row.decided_by.name if row.decided_by else "",
        over=str(OVER.get(row.over, "")),
        at=row.decided_at or row.asked_at,
        may_decide=decides and row.state == STATE.ASKED,
        may_take_back=(own or decides) and row.state in {STATE.ASKED, STATE.GIVEN, STATE.PARTLY},
    )
