"""The causes that are offered, and the one that a customer's words speak of."""

from dataclasses import dataclass

from dangol.goodwill.models import Cause
from dangol.goodwill.proposing import propose


@dataclass(frozen=True)
class CauseChoice:
    """A cause as a list offers it; `above` names what it is below, "" at the top."""

    id: int
    name: str
    above: str
    words: tuple[str, ...]
    parent_id: int | None = None
    remedy: str = ""


def cause_choices() -> tuple[CauseChoice, ...]:
    """All that are offered, in the tree's order, each below its own; one query."""
    rows = list(Cause.objects.filter(retired_at=None).order_by("position", "pk"))
    below: dict[int | None, list[Cause]] = {}
    there = {row.pk for row in rows}
    for row in rows:
        below.setdefault(row.parent_id if row.parent_id in there else None, []).append(row)
    found: list[CauseChoice] = []

    def walk(parent: Cause | None) -> None:
        for row in below.get(parent.pk if parent else None, ()):
            above = parent.name if parent else ""
            words = tuple(row.words.split("\n")) if row.words else ()
            found.append(CauseChoice(row.pk, row.name, above, words, row.parent_id, row.remedy))
            walk(row)

    walk(None)
    return tuple(found)


def proposed_cause(text: str, choices: tuple[CauseChoice, ...]) -> int | None:
    """The id of the one that the text speaks of; None where it speaks of none."""
    return propose(text, {choice.id: choice.words for choice in choices})
