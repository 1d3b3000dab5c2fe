import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import AuditEntry, Event
from dangol.staff.commands.invitations import (
    Invited,
    accept_invitation,
    invite_staff,
    renew_invitation,
    revoke_invitation,
)
from dangol.staff.commands.people import change_role, deactivate_staff
from dangol.staff.errors import AddressTaken, AddressWaits, InvitationGone, OwnersInvite
from dangol.staff.models import Invitation, Role, Staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PASSWORD = "a quiet lunar burger"


def invite(
    actor: Staff, *, role: str = "agent", language: str = "ko", email: str = "Hana@moonburger.test"
) -> Invited:
    return invite_staff(
        actor=actor,
        email=email,
        role=role,
        language=language,
        link_to=lambda token: f"https://desk.test/join/{token}/",
        at=NOW,
    )


def token_of(invited: Invited) -> str:
    return invited.link.rstrip("/").rpartition("/")[2]


def accept(invited: Invited, *, at: datetime = NOW) -> Staff:
    return accept_invitation(actor=None, token=token_of(invited), name="Hana", password=PASSWORD, at=at)


class TestInviting:
    def test_mails_a_link_in_the_language_of_the_guest(self, minji: Staff):
        invited = invite(minji)
        assert invited.is_mailed
        (letter,) = mail.outbox
        assert letter.to == ["hana@moonburger.test"]
        assert invited.link in letter.body
        assert "초대" in letter.subject
        assert "7일" in letter.body

    def test_speaks_english_where_english_was_chosen(self, minji: Staff):
        invite(minji, language="en")
        assert mail.outbox[0].subject.startswith("Minji invites you")
        assert "valid for seven days" in mail.outbox[0].body

    def test_keeps_only_a_digest_of_the_token(self, minji: Staff):
        invited = invite(minji)
        row = Invitation.objects.get()
        assert token_of(invited) not in str(vars(row))
        assert re.fullmatch("[0-9a-f]{64}", row.token_digest)
        assert token_of(invited) not in str(list(AuditEntry.objects.values()))

    def test_managers_invite_agents_and_nobody_higher(self, dongsuk: Staff, minji: Staff):
        invite(dongsuk)
        for role in ("manager", "owner"):
            with pytest.raises(OwnersInvite):
                invite(dongsuk, role=role, email="other@moonburger.test")
        assert invite(minji, role="owner", email="other@moonburger.test").invitation.role == Role.OWNER

    def test_agents_invite_nobody(self, tom: Staff):
        with pytest.raises(NotAllowed):
            invite(tom)
        assert not mail.outbox

    def test_somebody_who_works_here_is_not_invited(self, minji: Staff, tom: Staff):
        with pytest.raises(AddressTaken):
            invite(minji, email="TOM@moonburger.test")
        deactivate_staff(actor=minji, person=tom, at=NOW)
        with pytest.raises(AddressWaits):
            invite(minji, email="tom@moonburger.test")

    def test_once_more_replaces_the_first(self, minji: Staff):
        first, second = invite(minji), invite(minji)
        assert Invitation.objects.count() == 1
        with pytest.raises(InvitationGone):
            accept(first)
        assert accept(second).name == "Hana"

    def test_a_link_is_never_printed_by_accident(self, minji: Staff):
        invited = invite(minji)
        assert token_of(invited) not in repr(invited)


class TestAccepting:
    def test_makes_the_account_in_the_role_and_language_of_the_invitation(self, minji: Staff):
        hana = accept(invite(minji, role="manager"))
        assert (hana.email, hana.role, hana.language) == ("hana@moonburger.test", "manager", "ko")
        row = Invitation.objects.get()
        assert (row.accepted_at, row.accepted_by) == (NOW, hana)
        assert Event.objects.filter(name="StaffJoined").count() == 1

    def test_works_once(self, minji: Staff):
        invited = invite(minji)
        accept(invited)
        with pytest.raises(InvitationGone):
            accept(invited)
        assert Staff.objects.count() == 2

    def test_works_for_seven_days(self, minji: Staff):
        invited = invite(minji)
        with pytest.raises(InvitationGone):
            accept(invited, at=NOW + timedelta(days=7))
        assert accept(invited, at=NOW + timedelta(days=7, seconds=-1))

    def test_a_withdrawn_link_opens_nothing(self, minji: Staff):
        invited = invite(minji)
        revoke_invitation(actor=minji, invitation=invited.invitation, at=NOW)
        with pytest.raises(InvitationGone):
            accept(invited)

    def test_a_new_link_kills_the_old_one_and_lives_seven_days_more(self, minji: Staff):
        old = invite(minji)
        later = NOW + timedelta(days=10)
        new = renew_invitation(actor=minji, invitation=old.invitation, link_to=lambda token: token, at=later)
        with pytest.raises(InvitationGone):
            accept(old, at=later)
        assert accept_invitation(
            actor=None, token=new.link, name="Hana", password=PASSWORD, at=later + timedelta(days=6)
        )

    @pytest.mark.parametrize("token", ["", "x", "0" * 43])
    def test_a_guess_opens_nothing(self, minji: Staff, token: str):
        invite(minji)
        with pytest.raises(InvitationGone):
            accept_invitation(actor=None, token=token, name="Hana", password=PASSWORD, at=NOW)

    def test_what_somebody_may_no_longer_give_is_no_longer_given(self, minji: Staff, tom: Staff):
        change_role(actor=minji, person=tom, role="owner", at=NOW)
        invited = invite(Staff.objects.get(pk=tom.pk), role="owner")
        change_role(actor=minji, person=tom, role="manager", at=NOW)
        with pytest.raises(InvitationGone):
            accept(invited)

    def test_who_was_sent_away_does_not_let_others_in(self, minji: Staff, dongsuk: Staff):
        invited = invite(dongsuk)
        deactivate_staff(actor=minji, person=dongsuk, at=NOW)
        with pytest.raises(InvitationGone):
            accept(invited)


class TestThePages:
    def test_a_link_leads_from_the_staff_page_to_a_seat(self, client: Client, minji: Staff):
        client.force_login(minji)
        response = client.post(
            reverse("invitations"), {"email": "hana@moonburger.test", "role": "agent", "language": "ko"}
        )
        assert response.status_code == 303
        page = client.get(reverse("staff")).content.decode()
        link = re.search(r'value="(http://testserver/join/[^"]+)"', page)[1]
        assert link in mail.outbox[0].body
        assert link not in client.get(reverse("staff")).content.decode(), "it is shown once"

        guest = Client(headers={"accept-language": "en"})
        page = guest.get(link)
        assert page.headers["Content-Language"] == "ko"
        assert '<html lang="ko">' in page.content.decode()
        assert page.headers["Referrer-Policy"] == "same-origin", "its address must not travel to another site"
        response = guest.post(link, {"name": "한나", "password": PASSWORD})
        assert (response.status_code, response.url) == (303, "/")
        hana = Staff.objects.get(email="hana@moonburger.test")
        assert guest.session["_auth_user_id"] == str(hana.pk)
        assert guest.get(link).status_code == 404

    def test_a_weak_password_is_refused_beside_its_field(self, minji: Staff, caplog):
        invited = invite(minji, language="en")
        path = f"/join/{token_of(invited)}/"
        response = Client().post(path, {"name": "Hana", "password": "password12"})
        assert response.status_code == 422
        assert response.context["form"].errors["password"]
        assert "password12" not in response.content.decode()
        assert token_of(invited) not in caplog.text, "it still opens the door"
        assert not Staff.objects.filter(email="hana@moonburger.test").exists()

    def test_a_dead_link_says_what_to_do(self, minji: Staff):
        response = Client(headers={"accept-language": "en"}).get("/join/nothing/")
        assert response.status_code == 404
        assert "ask for a new one" in response.content.decode()

    def test_somebody_signed_in_does_not_take_anothers_seat(self, client: Client, minji: Staff):
        invited = invite(minji, language="en")
        path = f"/join/{token_of(invited)}/"
        client.force_login(minji)
        response = client.post(path, {"name": "Hana", "password": PASSWORD})
        assert "signed in as Minji" in response.content.decode()
        assert Staff.objects.count() == 1

    def test_a_manager_is_not_offered_what_they_may_not_give(
        self, client: Client, minji: Staff, dongsuk: Staff
    ):
        client.force_login(dongsuk)
        assert client.get(reverse("staff")).context["form"].fields["role"].choices == [("agent", "Agent")]
        response = client.post(
            reverse("invitations"), {"email": "x@moonburger.test", "role": "owner", "language": "en"}
        )
        assert response.status_code == 422
        assert not Invitation.objects.exists()

    def test_without_a_mailbox_the_link_is_given_by_hand(self, client: Client, minji: Staff, settings):
        settings.EMAIL_BACKEND = "dangol.channels.backend.OutboxBackend"
        client.force_login(minji)
        response = client.post(
            reverse("invitations"),
            {"email": "hana@moonburger.test", "role": "agent", "language": "en"},
            follow=True,
        )
        assert "hand the link to hana@moonburger.test yourself" in response.content.decode()

    def test_the_configured_address_is_the_one_in_the_link(self, client: Client, minji: Staff, settings):
        settings.DANGOL_URL = "https://desk.moonburger.test"
        client.force_login(minji)
        client.post(reverse("invitations"), {"email": "h@moonburger.test", "role": "agent", "language": "en"})
        assert "https://desk.moonburger.test/join/" in mail.outbox[0].body

    def test_again_and_withdraw_are_buttons(self, client: Client, minji: Staff):
        invited = invite(minji)
        client.force_login(minji)
        assert client.post(reverse("invitation_renewal", args=[invited.invitation.pk])).status_code == 303
        assert len(mail.outbox) == 2
        assert client.post(reverse("invitation_revocation", args=[invited.invitation.pk])).status_code == 303
        assert not Invitation.objects.exists()
        assert client.post(reverse("invitation_revocation", args=[invited.invitation.pk])).status_code == 404
