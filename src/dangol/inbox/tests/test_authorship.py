from datetime import timedelta

import pytest

from dangol.channels.models import Delivery
from dangol.inbox.commands.acknowledgements import acknowledge_arrival
from dangol.inbox.commands.authorship import recognise_machine, recognise_person
from dangol.inbox.commands.drafts import recipients_for
from dangol.inbox.models import KnownPerson, Wait
from dangol.kernel import clock
from dangol.kernel.models import Event
from tests.parts.cast import JAMES, NOON, mail

pytestmark = pytest.mark.django_db
LIST = {"List-Id": "<orders.forms.example>"}
HOUR = timedelta(hours=1)


@pytest.fixture
def overlooked(receive):
    return receive(mail(message_id="1@example.com", headers=LIST))


def test_a_person_behind_a_list_waits_since_the_mail_arrived(overlooked, hana):
    assert (overlooked.conversation.state, overlooked.conversation.is_machine) == ("done", True)

    found = recognise_person(actor=hana, message=overlooked.message, at=NOON + HOUR)

    found.refresh_from_db()
    assert (found.state, found.is_machine, found.waiting_since) == ("waiting", False, NOON)
    assert found.due_at == NOON + timedelta(minutes=30)
    assert found.last_message_id == overlooked.message.pk
    wait = Wait.objects.get()
    assert (wait.started_at, wait.kind, wait.message) == (NOON, "first", overlooked.message)
    assert Event.objects.get(name="PersonRecognised").actor_id == hana.pk
    assert recipients_for(found)[0] == [{"name": "Sora Kim", "address": "sora@example.com"}]
    recognise_person(actor=hana, message=overlooked.message, at=NOON + 2 * HOUR)
    assert Event.objects.filter(name="PersonRecognised").count() == 1


def test_later_mail_of_the_sender_with_this_sign_waits_and_nothing_else(overlooked, hana, receive, mailbox):
    mailbox.acknowledgement = "Thank you, we have your message."
    mailbox.save()
    recognise_person(actor=hana, message=overlooked.message, at=NOON)

    again = receive(mail(subject="Another matter", headers=LIST), at=NOON + HOUR)
    assert (again.conversation.state, again.message.automatic) == ("waiting", "")
    assert acknowledge_arrival(message_id=again.message.pk, at=NOON + HOUR) is None
    assert not Delivery.objects.exists()

    away = receive(mail(subject="Out of office", headers={"X-Autoreply": "yes"}), at=NOON + HOUR)
    assert (away.conversation.state, away.message.automatic) == ("done", "auto-reply")
    stranger = receive(mail(JAMES, subject="Our newsletter", headers=LIST), at=NOON + HOUR)
    assert (stranger.conversation.state, stranger.message.automatic) == ("done", "bulk")


def test_what_was_answered_since_does_not_wait_again(receive, hana):
    first = receive(mail(message_id="1@example.com"))
    reply = {**LIST, "In-Reply-To": "<1@example.com>"}
    early = receive(mail(text="Hello?", headers=reply), at=NOON + HOUR)
    late = receive(mail(text="Anybody?", headers=reply, message_id="3@example.com"), at=NOON + 2 * HOUR)
    assert Wait.objects.get().started_at == NOON
    first.conversation.messages.create(
        channel=first.conversation.channel, direction="out", staff=hana, happened_at=NOON + 1.5 * HOUR
    )
    Wait.objects.update(answered_at=NOON + 1.5 * HOUR)

    found = recognise_person(actor=hana, message=early.message, at=NOON + 3 * HOUR)

    assert found.state == "waiting"
    wait = Wait.objects.get(answered_at=None)
    assert (wait.message, wait.started_at, wait.kind) == (late.message, NOON + 2 * HOUR, "next")


def test_taken_back_nobody_waits_and_nothing_counts(overlooked, hana, receive):
    recognise_person(actor=hana, message=overlooked.message, at=NOON)
    found = recognise_machine(actor=hana, message=overlooked.message, at=NOON + HOUR)
    assert (found.state, found.is_machine, found.last_message_id) == ("done", True, 0)
    assert not Wait.objects.exists()
    assert not KnownPerson.objects.exists()
    assert Event.objects.filter(name="MachineRecognised").count() == 1
    assert receive(mail(subject="Another", headers=LIST)).conversation.state == "done"


def test_a_persons_mail_is_nothing_to_recognise(receive, hana):
    taken = receive(mail())
    assert recognise_person(actor=hana, message=taken.message, at=NOON).state == "waiting"
    assert recognise_machine(actor=hana, message=taken.message, at=NOON).state == "waiting"
    assert not KnownPerson.objects.exists()


def test_the_page_offers_it_both_ways(overlooked, hana, client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON + HOUR)
    client.force_login(hana)
    at = f"/conversations/{overlooked.conversation.pk}/authorship/"
    for by, before, after in (("person", "A person", "A machine"), ("machine", "A machine", "A person")):
        page = client.get(f"/inbox/{overlooked.conversation.pk}/").content.decode()
        assert f"{before} wrote this" in page
        assert f"{after} wrote this" not in page
        done = client.post(at, {"message": overlooked.message.pk, "by": by})
        assert done.status_code == 303
    assert client.post(at, {"message": 0, "by": "person"}).status_code == 404
