"""What the app of the people has to say on a customer's timeline."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangol.customers.models import Customer
from dangol.customers.queries import names_of
from dangol.kernel.addresses import address
from dangol.kernel.timeline import Happened, TimelineLine, Tone

GROUP: Final = ""
# Changes of the profile, of tags and notes are on the page itself.
WORDS: Final[dict[str, tuple[Tone, object]]] = {
    "CustomerAdded": ("", gettext_lazy("Written down as a customer")),
    "IdentityVerified": ("good", gettext_lazy("An address was proved")),
    "IdentitySplit": ("", gettext_lazy("An address was split off: it is somebody else’s")),
    "CustomersMerged": ("", gettext_lazy("Two customers became one")),
    "MergeUndone": ("", gettext_lazy("Two customers are two again")),
    "IntroductionChanged": ("", gettext_lazy("Noted who brought them")),
    "ConsentRecorded": ("", gettext_lazy("Said yes to being written to")),
}


def timeline_lines(
    events: Iterable[Happened], subjects: Mapping[int, str] | None = None
) -> dict[int, TimelineLine]:
    """The lines for those of the events that are told here, by event id. One or two queries where any was a merge."""
    known = [event for event in events if event.name in WORDS]
    gone = {event.data.get("gone_id") for event in known} - {None}
    names = names_of(Customer.objects.filter(pk__in=gone)) if gone else {}
    return {event.pk: _line(event, names) for event in known}


def _line(event: Happened, names: Mapping[int, str]) -> TimelineLine:
    tone, words = WORDS[event.name]
    said, gone, merge = str(words), event.data.get("gone_id"), event.data.get("merge_id")
    if event.name == "ConsentRecorded" and not event.data.get("is_given"):
        tone, said = "warn", _("Said no to being written to")
    return TimelineLine(
        at=event.happened_at,
        words=said,
        about=names.get(gone, "") if gone else "",
        tone=tone,
        url=address("merge", merge) if merge and gone in names else "",
        actor_id=event.actor_id,
    )
