"""People for the tests of this app."""

from typing import Any

from dangol.customers.models import Customer, Identity
from tests.parts.cast import NOON


def person(name: str, *addresses: str, **profile: Any) -> Customer:
    """A customer with e-mail addresses."""
    made = Customer.objects.create(name=name, created_at=NOON, **profile)
    for address in addresses:
        Identity.objects.create(kind="email", address=address, shown=address, customer=made, created_at=NOON)
    return made
