from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dangol.channels.email.problems import Problem
from dangol.channels.mailbox_settings import (
    AddressInUse,
    Connection,
    MailboxSettings,
    NotEncrypted,
    PasswordNeeded,
    ServerMissing,
    proposed_connections,
)
from dangol.channels.mailboxes import add_mailbox, change_mailbox, pause_mailbox, resume_mailbox
from dangol.channels.models import Channel, Mailbox
from dangol.channels.outbox import note_sending
from dangol.channels.queries import mailbox_state
from dangol.channels.trial import try_mailbox
from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import AuditEntry
from dangol.staff.models import Staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
SECRET = "the password of the mailbox"
SETTINGS = MailboxSettings(
    address="hello@moonburger.test",
    receiving=Connection("imap.moonburger.test", 993, "tls", "hello@moonburger.test", SECRET),
    sending=Connection("smtp.moonburger.test", 465, "tls", "hello@moonburger.test", SECRET),
    from_name="Moon Burger",
    promised_first_seconds=3600,
)
UNSEEN = replace(
    SETTINGS,
    receiving=replace(SETTINGS.receiving, password=None),
    sending=replace(SETTINGS.sending, password=None),
)


@pytest.fixture
def channel(minji: Staff) -> Channel:
    return add_mailbox(actor=minji, settings=SETTINGS, at=NOW)


class TestConnecting:
    def test_keeps_what_was_set_and_locks_the_password(self, channel: Channel):
        box = Mailbox.objects.get()
        assert (channel.name, channel.promised_first_seconds, channel.is_active) == (
            "Moon Burger",
            3600,
            True,
        )
        assert (box.imap_password, box.smtp_password) == (SECRET, SECRET)
        assert SECRET not in str(list(Mailbox.objects.values()))

    def test_is_written_down_without_the_password(self, channel: Channel):
        entry = AuditEntry.objects.get(act="add_mailbox")
        assert entry.after["imap_host"] == "imap.moonburger.test"
        assert SECRET not in str(entry.after)
        assert "locked" not in str(entry.after)

    def test_is_for_owners_and_managers(self, dongsuk: Staff, hana: Staff):
        with pytest.raises(NotAllowed):
            add_mailbox(actor=hana, settings=SETTINGS, at=NOW)
        assert add_mailbox(actor=dongsuk, settings=SETTINGS, at=NOW)

    def test_one_address_is_one_mailbox_and_an_alias_counts(self, channel: Channel, minji: Staff):
        for settings in (
            SETTINGS,
            replace(SETTINGS, address="HELLO@moonburger.test"),
            replace(SETTINGS, address="other@moonburger.test", aliases=("hello@moonburger.test",)),
        ):
            with pytest.raises(AddressInUse):
                add_mailbox(actor=minji, settings=settings, at=NOW)
        assert Mailbox.objects.count() == 1

    def test_a_password_never_goes_in_clear_to_another_machine(self, minji: Staff):
        clear = replace(SETTINGS, sending=replace(SETTINGS.sending, security="none"))
        with pytest.raises(NotEncrypted):
            add_mailbox(actor=minji, settings=clear, at=NOW)
        here = replace(clear, sending=replace(clear.sending, host="localhost"))
        assert add_mailbox(actor=minji, settings=here, at=NOW)

    def test_needs_a_server(self, minji: Staff):
        nowhere = replace(SETTINGS, receiving=replace(SETTINGS.receiving, host=""))
        with pytest.raises(ServerMissing):
            add_mailbox(actor=minji, settings=nowhere, at=NOW)

    def test_a_repr_holds_no_password(self):
        assert SECRET not in repr(SETTINGS)


class TestChanging:
    def test_keeps_the_password_that_was_not_typed(self, channel: Channel, minji: Staff):
        change_mailbox(
            actor=minji, channel=channel, settings=replace(UNSEEN, signature="Moon Burger"), at=NOW
        )
        box = Mailbox.objects.get()
        assert (box.imap_password, box.smtp_password) == (SECRET, SECRET)
        entry = AuditEntry.objects.get(act="change_mailbox")
        assert (entry.before, entry.after) == ({"signature": ""}, {"signature": "Moon Burger"})

    @pytest.mark.parametrize("direction", ["receiving", "sending"])
    @pytest.mark.parametrize("other", [{"host": "mail.thief.test"}, {"user": "somebody else"}])
    def test_never_takes_a_kept_password_to_another_server_or_user(
        self, channel: Channel, minji: Staff, direction: str, other: dict[str, str]
    ):
        moved = replace(UNSEEN, **{direction: replace(getattr(UNSEEN, direction), **other)})
        with pytest.raises(PasswordNeeded):
            change_mailbox(actor=minji, channel=channel, settings=moved, at=NOW)
        with pytest.raises(PasswordNeeded):
            try_mailbox(moved, channel=channel)
        assert Mailbox.objects.get().imap_host == "imap.moonburger.test"

    def test_another_server_is_read_from_its_beginning(self, channel: Channel, minji: Staff):
        Mailbox.objects.update(uid_validity=7, last_uid=99, failing_since=NOW, failure="timeout")
        same = replace(UNSEEN, promised_first_seconds=60)
        change_mailbox(actor=minji, channel=channel, settings=same, at=NOW)
        assert Mailbox.objects.get().last_uid == 99
        moved = replace(SETTINGS, receiving=replace(SETTINGS.receiving, host="imap.other.test"))
        change_mailbox(actor=minji, channel=channel, settings=moved, at=NOW)
        box = Mailbox.objects.get()
        assert (box.uid_validity, box.last_uid, box.failing_since, box.failure) == (None, 0, None, "")

    def test_a_new_password_is_an_act_that_does_not_tell_it(self, channel: Channel, minji: Staff):
        fresh = replace(SETTINGS, receiving=replace(SETTINGS.receiving, password="another secret"))
        change_mailbox(actor=minji, channel=channel, settings=fresh, at=NOW)
        entry = AuditEntry.objects.get(act="change_mailbox")
        assert entry.after == {"password": "entered anew"}
        assert Mailbox.objects.get().imap_password == "another secret"

    def test_nothing_changed_is_no_act(self, channel: Channel, minji: Staff):
        change_mailbox(actor=minji, channel=channel, settings=UNSEEN, at=NOW)
        assert not AuditEntry.objects.filter(act="change_mailbox").exists()

    def test_is_for_owners_and_managers(self, channel: Channel, hana: Staff):
        with pytest.raises(NotAllowed):
            change_mailbox(actor=hana, channel=channel, settings=UNSEEN, at=NOW)
        with pytest.raises(NotAllowed):
            pause_mailbox(actor=hana, channel=channel, at=NOW)

    def test_its_own_address_may_stay(self, channel: Channel, minji: Staff):
        change_mailbox(
            actor=minji, channel=channel, settings=replace(UNSEEN, aliases=("shop@moonburger.test",)), at=NOW
        )
        assert Mailbox.objects.get().addresses == ["hello@moonburger.test", "shop@moonburger.test"]


def test_a_pause_is_written_down_and_ends(channel: Channel, dongsuk: Staff):
    assert not pause_mailbox(actor=dongsuk, channel=channel, at=NOW).is_active
    pause_mailbox(actor=dongsuk, channel=channel, at=NOW)
    assert resume_mailbox(actor=dongsuk, channel=channel, at=NOW).is_active
    acts = AuditEntry.objects.exclude(act="add_mailbox").values_list("act", flat=True)
    assert list(acts) == ["pause_mailbox", "resume_mailbox"]


class TestHowItIs:
    def test_a_failure_is_said_in_words_with_the_server(self, channel: Channel):
        Mailbox.objects.update(failing_since=NOW, failure="wrong-password")
        state = mailbox_state(Channel.objects.select_related("mailbox").get())
        assert state.tone == "bad"
        assert "imap.moonburger.test does not accept the user name and password" in state.receiving_trouble

    def test_a_word_from_another_version_is_still_a_sentence(self, channel: Channel):
        Mailbox.objects.update(failing_since=NOW, failure="something new")
        assert mailbox_state(Channel.objects.select_related("mailbox").get()).receiving_trouble

    def test_sending_is_as_its_newest_try(self, channel: Channel):
        def trouble() -> str:
            return mailbox_state(Channel.objects.select_related("mailbox").get()).sending_trouble

        assert trouble() == ""
        note_sending(Mailbox.objects.get(), Problem.PORT_CLOSED, at=NOW)
        note_sending(Mailbox.objects.get(), Problem.TIMEOUT, at=NOW + timedelta(minutes=1))
        assert "smtp.moonburger.test does not answer" in trouble()
        assert Mailbox.objects.get().sending_failing_since == NOW
        note_sending(Mailbox.objects.get(), None, at=NOW + timedelta(minutes=2))
        assert trouble() == ""


def test_servers_are_proposed_from_the_address():
    receiving, sending, plus = proposed_connections("shop@naver.com")
    assert (receiving.host, receiving.port, receiving.security) == ("imap.naver.com", 993, "tls")
    assert (sending.host, sending.user, plus) == ("smtp.naver.com", "shop@naver.com", False)
    assert proposed_connections("a@moonburger.kr")[0].host == "imap.moonburger.kr"
