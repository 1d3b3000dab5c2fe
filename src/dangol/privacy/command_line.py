"""`dangol customers …`: what a person at a terminal says and sees."""

import os
from pathlib import Path

import click
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dangol.customers.commands import normal_address
from dangol.customers.errors import SeveralCalledThat
from dangol.customers.kinds import PHONE
from dangol.customers.models import Customer, Identity
from dangol.customers.queries import living_customer
from dangol.kernel import clock
from dangol.kernel.errors import Refused
from dangol.privacy.commands import note_export
from dangol.privacy.person_file import person_file

_LONGEST = 19  # figures of a number that the database can hold


class NobodyThere(Refused):
    message = _("There is no such customer. Give an address of theirs, or the number of their page.")


def write_person_file(who: str, path: Path) -> None:
    """Write all that is kept about the customer into a new file, for its user alone. Refused: NobodyThere."""
    person, at = _person(who), clock.now()
    note_export(actor=None, customer=person, at=at)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in person_file(person, at=at):
            file.write(piece)
    click.echo(f"{path}: {path.stat().st_size} bytes")


def _person(who: str) -> Customer:
    if who.isdecimal() and len(who) < _LONGEST and Customer.objects.filter(pk=int(who)).exists():
        return living_customer(int(who))
    as_phone = Q(kind=PHONE, address=normal_address(who, PHONE))  # however it is written
    rows = Identity.objects.filter(Q(address=normal_address(who)) | as_phone)
    people = {living_customer(row.customer_id) for row in rows}
    if len(people) > 1:
        raise SeveralCalledThat
    if not people:
        raise NobodyThere
    return people.pop()
