"""What giving has to say on a customer's timeline."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import get_language, gettext_lazy

from dangol.business.money import money_text
from dangol.goodwill.models import Kind, Wish
from dangol.kernel.addresses import address
from dangol.kernel.timeline import Happened, TimelineLine, Tone

GROUP: Final = "service"
WORDS: Final[dict[str, tuple[Tone, object]]] = {
    "GoodwillGiven": ("accent", gettext_lazy("We gave")),
    "GoodwillTakenBack": ("", gettext_lazy("Taken back, given by mistake")),
    "WishAsked": ("", gettext_lazy("Asked for a yes")),
    "WishRefused": ("warn", gettext_lazy("We said no")),
}


def timeline_lines(
    events: Iterable[Happened], subjects: Mapping[int, str] | None = None
) -> dict[int, TimelineLine]:
    """The lines for those of the events that are about giving, by event id; one query, none where there are none."""
    known = [event for event in events if event.name in WORDS]
    if not known:
        return {}
    wishes = Wish.objects.in_bulk({event.data.get("wish_id") for event in known} - {None})
    return {event.pk: _line(event, wishes.get(event.data.get("wish_id"))) for event in known}


def _line(event: Happened, wish: Wish | None) -> TimelineLine:
    tone, words = WORDS[event.name]
    about = ""
    if wish:
        amount = money_text(event.data.get("amount", 0), wish.own_currency, (get_language() or "en")[:2])
        about = f"{wish.what or Kind(wish.kind).label} · {amount}"
    return TimelineLine(
        at=event.happened_at,
        words=str(words),
        about=about,
        tone=tone,
        url=address("wish", wish.pk) if wish else "",
        actor_id=event.actor_id,
    )
