"""Shops: connected, told a new secret, disconnected; what they report is kept, and taken in later."""

import hashlib
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from dangol.api.models import Report, Shop
from dangol.kernel.audit import record_act
from dangol.kernel.errors import Gone, Refused
from dangol.kernel.secrets import lock_secret
from dangol.orders.commands import source_named
from dangol.orders.models import Source
from dangol.staff.models import Staff
from dangol.staff.rights import demand

MOST_LETTERS: Final = 200


class NameTaken(Refused):
    message = _("Orders of this name come in another way. Please choose another name.")


class SecretMissing(Refused):
    message = _("Please enter the secret that Shopify shows below its webhooks.")


@dataclass(frozen=True)
class Connected:
    """A shop and its secret, which is shown now and not again."""

    shop: Shop
    secret: str = field(repr=False)


@transaction.atomic
def connect_shop(*, actor: Staff | None, kind: str, name: str, secret: str, at: datetime) -> Connected:
    """An address for a shop's reports. WooCommerce takes a secret of ours ("" makes one); Shopify has its own."""
    demand(actor, "change_connections")
    secret = secret.strip()[:MOST_LETTERS]
    if not secret:
        if kind == Shop.Kind.SHOPIFY:
            raise SecretMissing
        secret = secrets.token_urlsafe(32)
    source = source_named(name.strip() or Shop.Kind(kind).label, kind=Source.Kind(kind), at=at)
    if source.kind != kind or Shop.objects.filter(source=source, closed_at=None).exists():
        raise NameTaken
    shop, is_new = Shop.objects.get_or_create(
        source=source,
        defaults={
            "kind": kind,
            "token": secrets.token_urlsafe(24),
            "locked_secret": lock_secret(secret),
            "created_at": at,
            "created_by": actor,
        },
    )
    if not is_new:  # connected again: what it has is found by its keys
        shop.locked_secret, shop.closed_at, shop.token = lock_secret(secret), None, secrets.token_urlsafe(24)
        shop.pinged_at = shop.received_at = shop.refused_at = None  # of an address that is no more
        shop.save(
            update_fields=["locked_secret", "closed_at", "token", "pinged_at", "received_at", "refused_at"]
        )
    _record(actor, at, "connect_shop", shop, {"kind": kind, "name": source.name})
    return Connected(shop, secret)


@transaction.atomic
def disconnect_shop(*, actor: Staff | None, shop_id: int, at: datetime) -> Shop:
    """Its address takes nothing any more; the orders stay. Again is the same as once."""
    demand(actor, "change_connections")
    shop = Shop.objects.select_for_update(of=("self",)).select_related("source").filter(pk=shop_id).first()
    if shop is None:
        raise Gone
    if shop.closed_at is None:
        shop.closed_at = at
        shop.save(update_fields=["closed_at"])
        _record(actor, at, "disconnect_shop", shop, {"closed_at": at.isoformat()})
    return shop


@transaction.atomic
def retry_reports(*, actor: Staff | None, shop_id: int, at: datetime) -> int:
    """Try again what could not be read; returns how many reports that are."""
    demand(actor, "change_connections")
    failed = Report.objects.filter(shop=shop_id, state=Report.State.FAILED)
    return failed.update(state=Report.State.QUEUED, next_at=at, tries=0, reason="")


def keep_report(*, shop: Shop, delivery: str, topic: str, body: bytes, at: datetime) -> bool:
    """Keep a report before it is acknowledged; whether it is a new one. The delivery's id alone is not enough:
    WooCommerce gives one to all that it reports within a second."""
    key = hashlib.sha256(f"{delivery}\n{topic}\n".encode() + body).hexdigest()
    with transaction.atomic():
        before = Report.objects.filter(shop=shop, key=key).exists()
        Report.objects.bulk_create(
            [
                Report(
                    shop=shop, key=key, topic=topic[:60], body=zlib.compress(body), received_at=at, next_at=at
                )
            ],
            ignore_conflicts=True,  # of two at once, one is kept
        )
        Shop.objects.filter(pk=shop.pk).update(received_at=at)
    return not before


def note_ping(*, shop: Shop, at: datetime) -> None:
    """The shop's system tried the address."""
    Shop.objects.filter(pk=shop.pk).update(pinged_at=at)


def note_wrong_signature(*, shop: Shop, at: datetime) -> None:
    """Something came that was not signed with the shop's secret."""
    Shop.objects.filter(pk=shop.pk).update(refused_at=at)


def _record(actor: Staff | None, at: datetime, act: str, shop: Shop, after: dict[str, Any]) -> None:
    record_act(
        actor_id=actor.pk if actor else None,
        at=at,
        act=act,
        thing="Shop",
        thing_id=shop.pk,
        before={},
        after=after,
    )
