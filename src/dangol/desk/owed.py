"""What a customer is owed and was given, as it stands beside a conversation and on the customer's page."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from django.utils.translation import get_language, gettext_lazy

from dangol.business.money import money_text
from dangol.customers.queries import names_of
from dangol.desk.pages import WishView
from dangol.goodwill.commands.deciding import MISTAKE, is_fresh
from dangol.goodwill.models import Kind, Wish
from dangol.kernel import clock
from dangol.kernel.addresses import address
from dangol.kernel.prepared import Prepared
from dangol.staff.models import Role, Staff
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


def owed_to(customer_ids: Collection[int], person: Staff | None = None) -> tuple[WishView, ...]:
    """The last wishes of the person whose rows these are, with what `person` of the staff may do about them; one query,
    and one for those without a name."""
    return _views(_NEWEST(ids=tuple(customer_ids)), person)


def open_wishes(person: Staff) -> tuple[WishView, ...]:
    """What waits for a yes anywhere, the longest first; one query, and
    one for those without a name."""
    return _views(_OPEN(state=str(STATE.ASKED.value)), person)


def asked_in(conversation_id: int, person: Staff) -> tuple[WishView, ...]:
    """What waits for a yes in a conversation, with what this person may do about it; one query, and
    one for those without a name."""
    return _views(_ASKED(conversation_id=conversation_id), person)


def wish_view(row: Wish, person: Staff | None) -> WishView:
    """The wish in words."""
    return _views([row], person)[0]


def _views(rows: Iterable[Wish], person: Staff | None) -> tuple[WishView, ...]:
    wishes = list(rows)
    names = names_of(row.customer for row in wishes if row.customer)
    return tuple(_view(row, person, names) for row in wishes)


def _view(row: Wish, person: Staff | None, names: Mapping[int, str]) -> WishView:
    amount = row.given if row.state in {STATE.GIVEN, STATE.PARTLY} else row.proposed
    customer = names[row.customer_id] if row.customer_id else ""
    shown = money_text(amount, row.own_currency, (get_language() or "en")[:2])
    kind = str(Kind(row.kind).label)
    own = person is not None and person.pk in {row.staff_id, row.decided_by_id}
    decides = person is not None and may(person, "approve_giving")
    answers = decides and person is not None and (person.pk != row.staff_id or person.role == Role.OWNER)
    is_given = row.state in {STATE.GIVEN, STATE.PARTLY} and row.refund_id is None
    now = clock.now()
    takes_back = is_given and (decides or (own and is_fresh(row, now)))
    withdraws = (own or decides) and row.state == STATE.ASKED
    return WishView(
        id=row.pk,
        url=address("wish", row.pk),
        title=f"{row.what or kind} · {shown}",
        amount=shown,
        kind=kind,
        what=row.what,
        cause=row.cause.name if row.cause else "",
        state=row.state,
        state_words=str(STATE(row.state).label),
        customer=customer,
        customer_url=address("customer", row.customer_id) if row.customer_id else "",
        conversation_id=row.conversation_id,
        conversation_url=address("conversation", row.conversation_id) if row.conversation_id else "",
        order=row.order.number if row.order else "",
        staff=row.staff.name if row.staff else "",
        decided_by=row.decided_by.name if row.decided_by else "",
        over=str(OVER.get(row.over, "")),
        at=row.decided_at or row.asked_at,
        may_decide=answers and row.state == STATE.ASKED,
        may_take_back=takes_back or withdraws,
        is_fresh=(takes_back and is_fresh(row, now)) or (withdraws and now - row.asked_at <= MISTAKE),
    )
