"""What orders have to say on a customer's timeline."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import get_language, gettext_lazy

from dangol.business.money import money_text
from dangol.kernel.addresses import address
from dangol.kernel.timeline import Happened, TimelineLine, Tone
from dangol.orders.models import Order, Refund

GROUP: Final = "orders"
WORDS: Final[dict[str, tuple[Tone, object]]] = {
    "OrderPlaced": ("", gettext_lazy("Ordered")),
    "OrderCancelled": ("warn", gettext_lazy("Order cancelled")),
    "RefundRecorded": ("warn", gettext_lazy("Money given back")),
}


def timeline_lines(
    events: Iterable[Happened], subjects: Mapping[int, str] | None = None
) -> dict[int, TimelineLine]:
    """The lines for those of the events that are told here, by event id; two queries."""
    known = [event for event in events if event.name in WORDS]
    language = (get_language() or "en")[:2]
    orders = _about(Order, {event.data.get("order_id") for event in known} - {None}, language)
    refunds = _about(Refund, {event.data.get("refund_id") for event in known} - {None}, language)
    return {event.pk: _line(event, orders, refunds) for event in known}


def _about(model: type[Order] | type[Refund], ids: set[int], language: str) -> dict[int, str]:
    if not ids:
        return {}
    rows = model.objects.filter(pk__in=ids).values_list("pk", "number", "amount", "currency")
    return {
        pk: f"{number}, {money_text(amount, currency, language)}" for pk, number, amount, currency in rows
    }


def _line(event: Happened, orders: Mapping[int, str], refunds: Mapping[int, str]) -> TimelineLine:
    tone, words = WORDS[event.name]
    order_id, refund_id = event.data.get("order_id"), event.data.get("refund_id")
    about = refunds.get(refund_id, "") if refund_id else orders.get(order_id, "")
    return TimelineLine(
        at=event.happened_at,
        words=str(words),
        about=about,
        tone=tone,
        url=address("order", order_id) if order_id in orders else "",
        actor_id=event.actor_id,
    )
