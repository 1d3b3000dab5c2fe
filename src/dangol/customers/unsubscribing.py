"""The link in a mail that nobody asked for, by which one says no to more of its kind.

Whoever sends such mail puts `unsubscribe_headers` into it and `unsubscribe_url` below its text, and asks
`customers.queries.may_write` right before it leaves. The link names the customer's row, the kind of channel and the
purpose, is signed, and has no end: mail is read years later.
"""

from typing import Final, NamedTuple

from django.conf import settings
from django.core import signing
from django.urls import reverse

from dangol.customers.kinds import EMAIL
from dangol.customers.models import Consent, Customer
from dangol.kernel.keys import derive_text_key

_SALT: Final = "unsubscribe"


class Link(NamedTuple):
    """What a link is for."""

    customer_id: int
    channel: str
    purpose: str


def unsubscribe_url(customer: Customer, channel: str, purpose: str) -> str:
    """The whole address of the page on which this customer says no to this purpose on this kind of channel."""
    return settings.DANGOL_URL + reverse("unsubscribe", args=[token_of(customer, channel, purpose)])


def unsubscribe_headers(customer: Customer, purpose: str, channel: str = EMAIL) -> dict[str, str]:
    """The headers by which mail programs show a button of their own (RFC 2369, RFC 8058: one click)."""
    return {
        "List-Unsubscribe": f"<{unsubscribe_url(customer, channel, purpose)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def token_of(customer: Customer, channel: str, purpose: str) -> str:
    """What the link carries: it can be read, and nobody else can make one."""
    return _signer().sign_object([customer.pk, channel, Consent.Purpose(purpose).value])


def read_token(token: str) -> Link | None:
    """What the token is for; None of one that was not made here."""
    try:
        customer_id, channel, purpose = _signer().unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    return Link(customer_id, channel, purpose)


def _signer() -> signing.Signer:
    return signing.Signer(key=derive_text_key(settings.DANGOL_SECRET, "unsubscribe"), salt=_SALT)
