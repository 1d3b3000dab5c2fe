"""How a customer is served, as the playbooks of their segments say: beside the composer, and on the segment's page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dangol.business.money import money_text
from dangol.business.queries import current_business
from dangol.customers.kinds import kind_words
from dangol.customers.models import Segment
from dangol.customers.queries import ids_of_person, living_customer
from dangol.inbox.models import Conversation
from dangol.kernel.durations import long_duration
from dangol.kernel.prepared import Prepared
from dangol.segments.queries import segments_of
from dangol.staff.models import Staff
from dangol.staff.rights import may


@dataclass(frozen=True)
class PlaybookLine:
    """One thing that a playbook says, and what it is about. `segment` is whose, "" where that is plain."""

    label: str
    words: str
    segment: str = ""


@dataclass(frozen=True)
class PlaybookView:
    """What counts for a person: names of all their segments, and of each thing what the first playbook says that says
    something; of promises the strictest."""

    segments: tuple[str, ...]
    lines: tuple[PlaybookLine, ...]


def playbook_for(rows: Collection[int]) -> PlaybookView:
    """What counts for the person whose rows these are; one query, and one for the currency where money is said."""
    return _view(segments_of(rows))


def playbook_beside(conversation: Conversation) -> PlaybookView:
    """What counts for the person that the conversation is with."""
    return playbook_for(ids_of_person(living_customer(conversation.customer_id)))


def _view(found: Sequence[Segment]) -> PlaybookView:
    several = len(found) > 1
    lines: dict[str, PlaybookLine] = {}
    for segment in found:
        for line in playbook_lines(segment, with_promises=False):
            if line.label not in lines:
                lines[line.label] = PlaybookLine(line.label, line.words, segment.name if several else "")
    return PlaybookView(tuple(each.name for each in found), (*_promises(found, several), *lines.values()))


def segments_beside(rows: Collection[int], person: Staff) -> dict[str, Any]:
    """What the customer's page shows of segments: those they are in, the playbook, and for who may the lists that they
    could be put on; two queries, and one for the currency where money is said."""
    found = segments_of(rows)
    may_change = may(person, "change_segments")
    return {
        "in_segments": found,
        "playbook": _view(found),
        "may_change_lists": may_change,
        "lists_to_join": [each for each in _LISTS() if each not in found] if may_change else [],
    }


_LISTS: Final = Prepared(lambda: Segment.objects.filter(kind=Segment.Kind.LIST).order_by("position", "pk"))


def playbook_lines(segment: Segment, *, with_promises: bool = True) -> tuple[PlaybookLine, ...]:
    """What the playbook says, in the order in which somebody who answers needs it."""
    said = [
        (_("Greeting"), segment.greeting),
        (_("Tone"), segment.tone),
        (_("Do"), segment.to_do),
        (_("Don’t"), segment.not_to_do),
        (_("Best reached by"), kind_words(segment.preferred_channel) if segment.preferred_channel else ""),
        (_("Without asking"), _limits(segment)),
    ]
    lines = tuple(PlaybookLine(label, words) for label, words in said if words)
    return (*_promises([segment], False), *lines) if with_promises else lines


def _promises(found: Collection[Segment], several: bool) -> tuple[PlaybookLine, ...]:
    lines = []
    for label, name in (
        (_("First answer"), "first_promise_minutes"),
        (_("Next answers"), "next_promise_minutes"),
    ):
        promising = [segment for segment in found if getattr(segment, name) is not None]
        if promising:
            strictest = min(promising, key=lambda segment: getattr(segment, name))
            within = _("within %(duration)s") % {"duration": long_duration(60 * getattr(strictest, name))}
            lines.append(PlaybookLine(label, within, strictest.name if several else ""))
    return tuple(lines)


def _limits(segment: Segment) -> str:
    if segment.limit_an_act is None and segment.limit_a_month is None:
        return ""
    currency, language = current_business().currency, (get_language() or "en")[:2]
    said = []
    if segment.limit_an_act is not None:
        said.append(
            _("%(amount)s at once") % {"amount": money_text(segment.limit_an_act, currency, language)}
        )
    if segment.limit_a_month is not None:
        said.append(
            _("%(amount)s a month") % {"amount": money_text(segment.limit_a_month, currency, language)}
        )
    return ", ".join(said)
