"""That somebody was erased is remembered without who it was: a file or a mailbox of before does not bring them back.

Of each address a keyed digest is kept (HMAC-SHA256 by the installation's secret): what comes in can be held against it,
and nobody who has the table alone can try addresses out. Who writes, orders or is written down afterwards is somebody
new, and is left alone.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Final

from django.conf import settings

from dangol.customers.models import ErasedAddress, Identity
from dangol.kernel.keys import derive_key

Address = tuple[str, str]
"""A kind, and the address in its normal form."""
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Forgotten:
    """The empty row of who had the address, and when they were erased."""

    customer_id: int
    at: datetime


def erased_among(addresses: Iterable[Address]) -> Mapping[Address, Forgotten]:
    """Those of these addresses that somebody had who was erased; one query for each 500, and one where nobody was."""
    if not ErasedAddress.objects.exists():
        return {}
    wanted = {digest_of(*each): each for each in set(addresses)}
    found: dict[Address, Forgotten] = {}
    digests = list(wanted)
    for start in range(0, len(digests), _AT_ONCE):
        rows = ErasedAddress.objects.filter(digest__in=digests[start : start + _AT_ONCE])
        for digest, customer_id, at in rows.values_list("digest", "customer_id", "at"):
            found[wanted[digest]] = Forgotten(customer_id, at)
    return found


def remember_erased(*, customers: Iterable[int], but_of: Iterable[str], at: datetime) -> None:
    """Keep that who had these addresses is erased, in the caller's transaction, before the addresses go.

    Not of the addresses `but_of`, which are the shop's own.
    """
    rows = Identity.objects.filter(customer__in=list(customers)).exclude(address__in=list(but_of))
    digests = {digest_of(row.kind, row.address): row.customer_id for row in rows}
    ErasedAddress.objects.filter(digest__in=list(digests)).delete()
    ErasedAddress.objects.bulk_create(
        ErasedAddress(digest=digest, customer_id=customer_id, at=at)
        for digest, customer_id in digests.items()
    )


def digest_of(kind: str, normal: str) -> str:
    """What is kept of an address."""
    return hmac.new(_key(settings.DANGOL_SECRET), f"{kind}:{normal}".encode(), sha256).hexdigest()


@cache
def _key(secret: str) -> bytes:
    return derive_key(secret, "erased addresses")
