from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse

from dangol.kernel.errors import NotAllowed, Refused
from dangol.kernel.models import AuditEntry, Event
from dangol.staff.commands.people import (
    add_staff,
    change_profile,
    change_role,
    create_owner,
    deactivate_staff,
    reactivate_staff,
)
from dangol.staff.errors import AddressTaken, LastOwner, NameMissing, OwnerExists, PasswordTooWeak
from dangol.staff.models import Role, Staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PASSWORD = "a quiet lunar burger"


def first_owner(**others: str) -> Staff:
    values = {"name": "Minji", "email": "Minji@MoonBurger.test ", "password": PASSWORD, "language": "ko"}
    return create_owner(actor=None, at=NOW, **{**values, **others})


class TestTheFirstOwner:
    def test_gets_an_account_that_signs_in(self):
        minji = first_owner()
        assert (minji.email, minji.role, minji.language) == ("minji@moonburger.test", "owner", "ko")
        assert minji.password.startswith("argon2$")
        assert minji.check_password(PASSWORD)
        assert Event.objects.get(name="StaffJoined").data["staff_id"] == minji.pk

    def test_is_the_only_first_one(self):
        first_owner()
        with pytest.raises(OwnerExists):
            first_owner(email="stranger@example.com")
        assert Staff.objects.count() == 1

    def test_stays_the_first_even_when_switched_off_since_a_stranger_must_not_follow(self):
        Staff.objects.filter(pk=first_owner().pk).update(is_active=False)
        with pytest.raises(OwnerExists):
            first_owner(email="stranger@example.com")

    @pytest.mark.parametrize("password", ["short", "1234567890", "minji@moonburger.test"])
    def test_chooses_a_password_that_nobody_guesses(self, password: str):
        with pytest.raises(PasswordTooWeak):
            first_owner(password=password)
        assert not Staff.objects.exists()

    def test_has_a_name(self):
        with pytest.raises(NameMissing):
            first_owner(name="  ")


class TestAccounts:
    def test_only_owners_and_the_machine_make_them(self, minji: Staff, dongsuk: Staff):
        values = {"name": "Hana", "email": "hana@moonburger.test", "password": PASSWORD, "role": "agent"}
        with pytest.raises(NotAllowed):
            add_staff(actor=dongsuk, at=NOW, **values)
        assert add_staff(actor=None, at=NOW, **values).role == Role.AGENT

    def test_one_address_is_one_account_however_it_is_written(self, minji: Staff):
        with pytest.raises(AddressTaken):
            add_staff(
                actor=minji,
                name="Minji 2",
                email="MINJI@moonburger.test",
                password=PASSWORD,
                role="agent",
                at=NOW,
            )


class TestRoles:
    def test_an_owner_gives_them_and_it_is_written_down(self, minji: Staff, hana: Staff):
        assert change_role(actor=minji, person=hana, role="manager", at=NOW).role == Role.MANAGER
        entry = AuditEntry.objects.get(act="change_role")
        assert (entry.actor_id, entry.thing_id) == (minji.pk, hana.pk)
        assert (entry.before, entry.after) == ({"role": "agent"}, {"role": "manager"})
        assert Event.objects.filter(name="StaffRoleChanged", actor_id=minji.pk).count() == 1

    def test_a_manager_does_not_not_even_their_own(self, minji: Staff, dongsuk: Staff):
        with pytest.raises(NotAllowed):
            change_role(actor=dongsuk, person=dongsuk, role="owner", at=NOW)

    def test_the_last_owner_keeps_theirs(self, minji: Staff):
        with pytest.raises(LastOwner):
            change_role(actor=minji, person=minji, role="agent", at=NOW)
        assert Staff.objects.get(pk=minji.pk).is_owner

    def test_an_owner_who_is_switched_off_is_no_other_owner(self, minji: Staff, tom: Staff):
        Staff.objects.filter(pk=tom.pk).update(role=Role.OWNER, is_active=False)
        with pytest.raises(LastOwner):
            deactivate_staff(actor=minji, person=minji, at=NOW)

    def test_one_of_two_owners_may_step_back(self, minji: Staff, tom: Staff):
        change_role(actor=minji, person=tom, role="owner", at=NOW)
        assert change_role(actor=minji, person=minji, role="agent", at=NOW).role == Role.AGENT

    def test_the_same_role_again_is_no_act(self, minji: Staff, hana: Staff):
        change_role(actor=minji, person=hana, role="agent", at=NOW)
        assert not AuditEntry.objects.exists()


class TestEndingAccess:
    def test_signs_out_on_every_device_at_once_and_for_good(self, minji: Staff, hana: Staff):
        phone, laptop, other = Client(), Client(), Client()
        phone.force_login(hana)
        laptop.force_login(hana)
        other.force_login(minji)
        deactivate_staff(actor=minji, person=hana, at=NOW)
        assert not get_user(phone).is_authenticated
        reactivate_staff(actor=minji, person=Staff.objects.get(pk=hana.pk), at=NOW)
        assert not get_user(phone).is_authenticated, "an old session came back to life"
        assert not get_user(laptop).is_authenticated
        assert get_user(other).is_authenticated

    def test_keeps_the_person_and_can_be_undone(self, minji: Staff, hana: Staff):
        assert not deactivate_staff(actor=minji, person=hana, at=NOW).is_active
        assert reactivate_staff(actor=minji, person=hana, at=NOW).is_active
        assert list(AuditEntry.objects.values_list("act", flat=True)) == [
            "deactivate_staff",
            "reactivate_staff",
        ]

    @pytest.mark.parametrize("command", [deactivate_staff, reactivate_staff])
    def test_is_for_owners(self, minji: Staff, dongsuk: Staff, hana: Staff, command):
        with pytest.raises(NotAllowed):
            command(actor=dongsuk, person=hana, at=NOW)

    def test_whoever_may_not_sign_in_may_not_act(self, minji: Staff, tom: Staff):
        Staff.objects.filter(pk=tom.pk).update(role=Role.OWNER, is_active=False)
        with pytest.raises(NotAllowed):
            deactivate_staff(actor=Staff.objects.get(pk=tom.pk), person=minji, at=NOW)


def test_a_profile_is_kept_and_written_down_once(hana: Staff):
    values = {"name": " 한나 ", "language": "ko", "time_zone": "Asia/Seoul", "signature": "한나 드림\n"}
    for _ in range(2):
        hana = change_profile(actor=hana, at=NOW, **values)
    assert (hana.name, hana.signature) == ("한나", "한나 드림")
    assert AuditEntry.objects.filter(act="change_profile").count() == 1


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"language": "tlh"}])
def test_a_zone_or_language_that_is_none_is_refused_before_it_breaks_every_page(
    hana: Staff, wrong: dict[str, str]
):
    values = {"name": "Hana", "language": "", "time_zone": "", "signature": "", **wrong}
    with pytest.raises(Refused):
        change_profile(actor=hana, at=NOW, **values)


@pytest.mark.parametrize("name", ["profile", "mfa_index"])
def test_who_has_no_password_is_offered_none_to_change(client, hana: Staff, name: str):
    change = f'href="{reverse("account_change_password")}"'
    client.force_login(hana)
    assert change in client.get(reverse(name)).content.decode()
    hana.set_unusable_password()
    hana.save()
    client.force_login(hana)
    assert change not in client.get(reverse(name)).content.decode()
