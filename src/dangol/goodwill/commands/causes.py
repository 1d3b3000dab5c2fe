"""The tree of causes: begun once, and the business's own from then on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from dangol.business.queries import current_business
from dangol.goodwill.errors import CauseGoesInCircles, CauseNamedTwice, CauseNameless
from dangol.goodwill.first_causes import Example, first_causes
from dangol.goodwill.models import Cause
from dangol.goodwill.rules import SUGGESTED
from dangol.kernel.audit import record_act
from dangol.kernel.db import lock_for_transaction
from dangol.staff.models import Staff
from dangol.staff.rights import demand

CAUSES: Final = "goodwill.causes"
"""The name of the lock under which the tree changes: of two who move causes at once none makes a circle, two new ones
do not get one place, and nobody waits for a row of somebody who waits for theirs."""


def begin_causes() -> None:
    """Make the first causes in the business's language, where there is none yet. Again is the same as once."""
    if Cause.objects.exists():
        return
    with transaction.atomic():
        lock_for_transaction(CAUSES)
        if not Cause.objects.exists():
            _plant(first_causes(current_business().language), None)


def add_cause(
    *, actor: Staff, name: str, parent: Cause | None, words: str = "", remedy: str = "", at: datetime
) -> Cause:
    """A new cause, the last below its parent; its `remedy` as with `change_cause`. Refused without a name, or for one
    that its parent has already."""
    demand(actor, "change_goodwill")
    with transaction.atomic():
        lock_for_transaction(CAUSES)
        siblings = Cause.objects.filter(parent=parent)
        last = siblings.order_by("-position").values_list("position", flat=True).first()
        cause = Cause(parent=parent, position=0 if last is None else last + 1)
        _write(cause, name, words, remedy)
        _record(actor, at, "add_cause", cause, {}, _plain(cause))
        return cause


def change_cause(
    *, actor: Staff, cause: Cause, name: str, parent: Cause | None, words: str, remedy: str, at: datetime
) -> Cause:
    """Another name, other words, another place in the tree, or another `remedy` that is suggested ("" for none, and for
    what can't be). Refused below itself (CauseGoesInCircles)."""
    demand(actor, "change_goodwill")
    with transaction.atomic():
        lock_for_transaction(CAUSES)
        above = None if parent is None else Cause.objects.get(pk=parent.pk)  # as it is by now
        while above is not None:
            if above.pk == cause.pk:
                raise CauseGoesInCircles
            above = above.parent
        before = _plain(cause)
        cause.parent = parent
        _write(cause, name, words, remedy)
        _record(actor, at, "change_cause", cause, before, _plain(cause))
        return cause


def retire_cause(*, actor: Staff, cause: Cause, at: datetime) -> None:
    """No longer offer it, nor what is below it; what was booked under it stays."""
    demand(actor, "change_goodwill")
    with transaction.atomic():
        lock_for_transaction(CAUSES)
        for each in (cause, *_offered_below(cause)):
            each.retired_at = at
            each.save(update_fields=["retired_at"])
            _record(actor, at, "retire_cause", each, {"retired": False}, {"retired": True})


def bring_cause_back(*, actor: Staff, cause: Cause, at: datetime) -> None:
    """Offer it again."""
    demand(actor, "change_goodwill")
    with transaction.atomic():
        cause.retired_at = None
        cause.save(update_fields=["retired_at"])
        _record(actor, at, "bring_cause_back", cause, {"retired": True}, {"retired": False})


def _offered_below(cause: Cause) -> list[Cause]:
    found: list[Cause] = []
    for each in cause.children.filter(retired_at=None).order_by("pk"):
        found += (each, *_offered_below(each))
    return found


def _plant(examples: tuple[Example, ...], parent: Cause | None) -> None:
    for position, each in enumerate(examples):
        cause = Cause.objects.create(
            name=each.name, parent=parent, words="\n".join(each.words), remedy=each.remedy, position=position
        )
        _plant(each.examples, cause)


def _write(cause: Cause, name: str, words: str, remedy: str) -> None:
    cause.name = " ".join(name.split())[:80]
    cause.remedy = remedy if remedy in SUGGESTED else ""
    cause.words = "\n".join(dict.fromkeys(word for line in words.splitlines() if (word := line.strip())))
    if not cause.name:
        raise CauseNameless
    if Cause.objects.filter(parent=cause.parent, name=cause.name).exclude(pk=cause.pk).exists():
        raise CauseNamedTwice
    try:
        with transaction.atomic():
            cause.save()
    except IntegrityError as failure:
        raise CauseNamedTwice from failure


def _plain(cause: Cause) -> dict[str, object]:
    return {"name": cause.name, "parent": cause.parent_id, "words": cause.words, "remedy": cause.remedy}


def _record(
    actor: Staff,
    at: datetime,
    act: str,
    cause: Cause,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    record_act(
        actor_id=actor.pk, at=at, act=act, thing="Cause", thing_id=cause.pk, before=before, after=after
    )
