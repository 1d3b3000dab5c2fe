"""The shops, branches and tills of the business: opened, renamed, closed. One that is closed stays, for what was sold
there."""

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from dangol.business.commands import PLACES
from dangol.business.models import Place
from dangol.kernel.audit import record_act
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.errors import Gone, Refused


class PlaceTaken(Refused):
    message = _("There is a place of this name already. Please choose another name.")


class PlaceNameless(Refused):
    message = _("Please enter the name of the place.")


@transaction.atomic
def add_place(*, actor: models.Model | None, name: str, at: datetime) -> Place:
    """A place of that name. Refused when there is one already."""
    place = Place.objects.create(name=_free_name(name, None))
    _record(actor, at, "add_place", place, {}, {"name": place.name})
    return place


@transaction.atomic
def rename_place(*, actor: models.Model | None, place_id: int, name: str, at: datetime) -> Place:
    """The same place under another name; what was sold there is still its own."""
    place = _locked(place_id)
    before, place.name = place.name, _free_name(name, place_id)
    if place.name != before:
        place.save(update_fields=["name"])
        _record(actor, at, "rename_place", place, {"name": before}, {"name": place.name})
    return place


@transaction.atomic
def close_place(*, actor: models.Model | None, place_id: int, at: datetime) -> Place:
    """Nothing is sold there any more. Again is the same as once."""
    place = _locked(place_id)
    if place.closed_at is None:
        _set_closed(actor, at, "close_place", place, at)
    return place


@transaction.atomic
def reopen_place(*, actor: models.Model | None, place_id: int, at: datetime) -> Place:
    """It is open again."""
    place = _locked(place_id)
    if place.closed_at is not None:
        _set_closed(actor, at, "reopen_place", place, None)
    return place


def _set_closed(
    actor: models.Model | None, at: datetime, act: str, place: Place, closed_at: datetime | None
) -> None:
    before, place.closed_at = place.closed_at, closed_at
    place.save(update_fields=["closed_at"])
    said = [{"closed_at": moment.isoformat() if moment else None} for moment in (before, closed_at)]
    _record(actor, at, act, place, said[0], said[1])


def _free_name(name: str, place_id: int | None) -> str:
    clean = " ".join(name.replace("\0", "").split())[:80]
    if not clean:
        raise PlaceNameless
    lock_for_transaction(PLACES)
    known = Place.objects.filter(name=clean).first()
    if known is not None and known.pk != place_id:
        raise PlaceTaken
    return clean


def _locked(place_id: int) -> Place:
    place = Place.objects.select_for_update().filter(pk=place_id).first()
    if place is None:
        raise Gone
    return place


def _record(
    actor: models.Model | None,
    at: datetime,
    act: str,
    place: Place,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    record_act(
        actor_id=None if actor is None else int(actor.pk),
        at=at,
        act=act,
        thing="Place",
        thing_id=place.pk,
        before=before,
        after=after,
    )
