"""The shop and its people: opened, staffed, signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth import login
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from dangol.business.commands import finish_set_up_step, set_up_business
from dangol.business.models import Business
from dangol.business.queries import current_business
from dangol.channels.models import Channel, Mailbox
from dangol.desk.backups.making import back_up_when_due
from dangol.desk.setup.door import set_up_code
from dangol.kernel import clock
from dangol.staff.commands.invitations import invite_staff
from dangol.staff.models import Staff
from tests.journeys.backroom.who import person_named

ROLES = {"Minji": "owner", "Dongsuk": "manager", "Hana": "agent", "Tom": "agent"}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def open_shop(address: str, language: str, zone: str, password: str) -> None:
    """Moon Burger as its people find it in the morning: set up, staffed, with a mailbox that keeps what it sends.

    `password` is everybody's, as the desk keeps it.
    """
    at = clock.now()
    always = [[(0, 1440)]] * 7  # open day and night, so that no journey depends on the hour it is run at
    set_up_business(
        actor=None,
        name="Moon Burger",
        country="KR",
        language=language,
        currency="KRW",
        time_zone=zone,
        weekly=always,
        closes_on_holidays=False,
        at=at,
    )
    for name, role in ROLES.items():
        email = f"{name.lower()}@moonburger.test"
        Staff.objects.create(email=email, password=password, name=name, role=role)
    for step in (Business.Step.OWNER, Business.Step.MAILBOX):
        finish_set_up_step(actor=None, step=step, at=at)
    channel = Channel.objects.create(
        name="Moon Burger",
        created_at=at - timedelta(days=30),
        promised_first_seconds=1800,
        promised_next_seconds=3600,
    )
    Mailbox.objects.create(channel=channel, address=address, from_name="Moon Burger", outgoing="kept")


def session_of(name: str) -> str:
    """The key of a session as the sign-in makes it, the password said once more, so that no page asks for it."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.user = AnonymousUser()
    person = Staff.objects.get(name=name)
    login(request, person, backend=BACKEND)
    record_authentication(request, person, method="password", reauthenticated=True)
    request.session.save()
    return str(request.session.session_key)


def change_person(name: str, **values: str) -> None:
    """Give somebody another language, time zone or signature."""
    Staff.objects.filter(name=name).update(**values)


def business() -> dict[str, Any]:
    """What was set up."""
    row = current_business()
    names = ("name", "language", "country", "currency", "time_zone", "is_set_up")
    return {name: getattr(row, name) for name in names}


def code_of_terminal() -> str:
    """What the terminal shows, for whoever comes from another machine."""
    return set_up_code()


def people() -> list[dict[str, str]]:
    """Who has an account."""
    return list(Staff.objects.order_by("id").values("name", "email", "role"))


def invite(email: str, language: str) -> str:
    """Invite somebody; returns the token of the link."""
    return invite_staff(
        actor=person_named("Minji"), email=email, role="agent", language=language, link_to=str, at=clock.now()
    ).link


def link_for_new_password(name: str) -> dict[str, str]:
    """The two halves of the link that a person gets by mail who forgot the password."""
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str

    person = person_named(name)
    return {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}


def add_second_step(name: str) -> None:
    """Give somebody an authenticator app and recovery codes."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(person_named(name), generate_totp_secret())
    RecoveryCodes.activate(person_named(name))


def back_up() -> None:
    """One turn of the loop that makes backups."""
    back_up_when_due()
