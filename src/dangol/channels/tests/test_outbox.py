from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from dangol.channels import outbox
from dangol.channels.automatic import send_automatic
from dangol.channels.commands import queue_delivery, record_bounce
from dangol.channels.email import smtp_dialogue
from dangol.channels.email.smtp import RecipientResult, SendResult, SmtpServer
from dangol.channels.incoming import Bounce
from dangol.channels.models import Delivery
from dangol.channels.outbox import CLAIM_SECONDS, ClaimLost, claim_delivery, deliver_due, hand_over
from dangol.channels.stuck import unsent_deliveries
from dangol.channels.tests.servers import DROP, HANG, served
from dangol.channels.tests.test_smtp import script
from dangol.kernel import clock
from dangol.kernel.models import Event
from dangol.kernel.tests.test_processes import name_of_a_dead_process
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
OVER = timedelta(seconds=CLAIM_SECONDS + 1)


@pytest.fixture
def queued(mailbox) -> Delivery:
    return queue_delivery(
        channel=mailbox,
        kind="reply",
        content=b"Subject: hi\r\n\r\nhi\r\n",
        message_id="1@moonburger.test",
        envelope_from="hello@moonburger.test",
        recipients=[("to", "sora@example.com"), ("cc", "SORA@example.com"), ("bcc", "boss@moonburger.test")],
        at=NOON,
        due_at=NOON,
    )


def test_an_address_is_on_an_envelope_once(queued):
    assert sorted(queued.recipients.values_list("role", "address")) == [
        ("bcc", "boss@moonburger.test"),
        ("to", "sora@example.com"),
    ]


def test_one_that_was_left_in_sending_twice_is_not_sent_a_third_time(queued):
    at = clock.now()
    for round_number in range(2):
        claimed = claim_delivery(at=at)
        Delivery.objects.filter(pk=claimed.pk).update(state="sending")
        at += OVER
        assert claimed.may_have_arrived_twice is (round_number == 1)
    assert claim_delivery(at=at) is None
    queued.refresh_from_db()
    assert (queued.state, queued.failure) == ("failed", "uncertain")
    assert Event.objects.filter(name="DeliveryFailed").count() == 1


def test_who_lost_the_claim_hands_nothing_over(queued):
    late = claim_delivery(at=NOON)
    assert claim_delivery(at=NOON + OVER)
    with pytest.raises(ClaimLost):
        hand_over(late)
    queued.refresh_from_db()
    assert queued.state == "queued"


def test_an_unknown_outcome_is_repeated_once(queued, mailbox, monkeypatch):
    mailbox.mailbox.outgoing = "smtp"
    mailbox.mailbox.smtp_host = "127.0.0.1"
    mailbox.mailbox.save()
    said = RecipientResult("sora@example.com", "uncertain", None, "no\x00answer")
    boss = RecipientResult("boss@moonburger.test", "uncertain", None, "no answer")

    def drops(*_, before_end, **__):
        before_end()
        return SendResult((said, boss))

    monkeypatch.setattr(outbox, "send", drops)
    hand_over(claim_delivery(at=NOON))
    queued.refresh_from_db()
    assert (queued.state, queued.may_have_arrived_twice) == ("retry", True)
    hand_over(claim_delivery(at=clock.now() + timedelta(hours=1)))
    queued.refresh_from_db()
    assert queued.state == "failed"
    assert "\x00" not in queued.server_said


def test_a_report_that_names_only_an_address_changes_nothing(queued):
    Delivery.objects.update(state="sent", sent_at=clock.now())
    forged = Bounce("sora@example.com", "5.1.1", True, None)
    assert record_bounce(bounce=forged, at=clock.now()) is None
    real = Bounce("sora@example.com", "5.1.1", True, "1@moonburger.test")
    assert record_bounce(bounce=real, at=clock.now()) == queued
    assert queued.recipients.get(role="to").state == "bounced"
    assert queued.recipients.get(role="bcc").state == "waiting"


def test_a_failure_that_may_pass_came_back_once_it_is_given_up_and_a_delay_did_not(queued):
    Delivery.objects.update(state="sent", sent_at=clock.now())
    late = Bounce("sora@example.com", "4.4.1", False, "1@moonburger.test")
    assert record_bounce(bounce=late, at=clock.now()) == queued
    assert queued.recipients.get(role="to").state == "waiting"
    assert not Event.objects.filter(name="DeliveryBounced").exists()
    given_up = Bounce("sora@example.com", "4.4.7", False, "1@moonburger.test", is_given_up=True)
    assert record_bounce(bounce=given_up, at=clock.now()) == queued
    to = queued.recipients.get(role="to")
    assert (to.state, to.status) == ("bounced", "4.4.7")
    assert Event.objects.filter(name="DeliveryBounced").count() == 1
    (shown,) = unsent_deliveries(at=clock.now())
    assert "could not take it for too long" in shown.reason


@pytest.mark.parametrize(("status", "is_sent"), [("4.4.7", True), ("5.1.1", False), ("", False)])
def test_a_machine_writes_to_an_address_again_whose_server_was_only_away(queued, mailbox, status, is_sent):
    queued.recipients.update(state="bounced", status=status)
    sent = send_automatic(
        channel=mailbox,
        kind="acknowledgement",
        recipient="sora@example.com",
        content=b"x",
        message_id="9@x.test",
        at=NOON,
    )
    assert (sent is not None) == is_sent


def test_the_claim_of_a_process_that_died_is_not_waited_for_and_holds_up_nobody(queued, mailbox):
    claim_delivery(at=NOON)
    Delivery.objects.update(claimed_by=name_of_a_dead_process())
    later = queue_delivery(
        channel=mailbox,
        kind="reply",
        content=b"Subject: hi\r\n\r\nhi\r\n",
        message_id="2@moonburger.test",
        envelope_from="hello@moonburger.test",
        recipients=[("to", "james@example.org")],
        at=NOON,
        due_at=NOON + timedelta(seconds=1),
    )
    at = NOON + timedelta(seconds=2)
    assert claim_delivery(at=at) == later, (
        "if it was the first that killed the process, it kills no second one yet"
    )
    again = claim_delivery(at=at)
    assert (again, again.may_have_arrived_twice) == (queued, False), "nothing had been sent"
    assert claim_delivery(at=at) is None


@pytest.mark.django_db(transaction=True)
def test_what_the_server_said_is_written_down_when_the_database_comes_back(queued, monkeypatch):
    monkeypatch.setattr(outbox, "WRITING_PAUSE_SECONDS", 0.01)
    away = iter([True, True, False])

    def sometimes_away(execute, sql, parameters, many, context):
        if sql.startswith("UPDATE") and "channels_deliveryrecipient" in sql and next(away):
            raise OperationalError("the server is gone")
        return execute(sql, parameters, many, context)

    claimed = claim_delivery(at=NOON)
    monkeypatch.setattr(connection, "close", lambda: None)  # it would take the wrapper along
    with connection.execute_wrapper(sometimes_away):
        hand_over(claimed)
    queued.refresh_from_db()
    assert (queued.state, queued.may_have_arrived_twice) == ("sent", False)
    assert Event.objects.filter(name="DeliverySent").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_before_the_end_of_the_mail_sends_nothing_and_gives_it_back(
    queued, mailbox, monkeypatch
):
    mailbox.mailbox.outgoing, mailbox.mailbox.smtp_security = "smtp", "none"
    mailbox.mailbox.smtp_host = "127.0.0.1"

    def away(*_, **__):
        raise OperationalError("the server is gone")

    with served(script()) as running:
        mailbox.mailbox.smtp_port = running.port
        mailbox.mailbox.save()
        with monkeypatch.context() as patched:
            patched.setattr(outbox, "_keep_claim", away)
            with pytest.raises(OperationalError):
                deliver_due()
        assert b"DATA" in [line.upper() for line in running.heard]
        assert b"." not in running.heard
        assert deliver_due() == 1, "at once"
        assert running.heard.count(b".") == 1
    queued.refresh_from_db()
    assert (queued.state, queued.may_have_arrived_twice) == ("sent", False)


def test_a_mail_that_goes_over_for_longer_than_the_claim_is_sent_by_nobody_else(queued, mailbox, monkeypatch):
    """Twenty megabytes over a slow line: the server's clock moves with what it has received."""
    line = b"SLOW" + b"x" * 65_530 + b"\r\n"
    lines = 320
    begun, received = clock.now(), [0]
    monkeypatch.setattr(
        clock, "now", lambda: begun + received[0] * 1.3 * timedelta(seconds=CLAIM_SECONDS) / lines
    )
    monkeypatch.setattr(smtp_dialogue, "_KEEPING_SECONDS", -1)
    monkeypatch.setattr(smtp_dialogue, "_CHUNK", 512 * 1024)
    large = Delivery.fields_for(b"Subject: hi\r\n\r\n" + lines * line)
    Delivery.objects.filter(pk=queued.pk).update(**{"body": None, **large})
    mailbox.mailbox.outgoing, mailbox.mailbox.smtp_security = "smtp", "none"
    mailbox.mailbox.smtp_host = "127.0.0.1"
    keep, elsewhere = outbox._keep_claim, []

    def right_before_the_claim_is_renewed(delivery, **changes):
        elsewhere.append(claim_delivery(at=clock.now()))
        keep(delivery, **changes)

    monkeypatch.setattr(outbox, "_keep_claim", right_before_the_claim_is_renewed)

    def count(_line):
        received[0] += 1

    with served(script((b"SLOW", count))) as running:
        mailbox.mailbox.smtp_port = running.port
        mailbox.mailbox.save()
        assert deliver_due() == 1
        assert running.heard.count(b".") == 1
    assert received[0] == lines, "the whole took longer than a claim lasts"
    assert len(elsewhere) > 40
    assert not any(elsewhere)
    queued.refresh_from_db()
    assert (queued.state, queued.tries, queued.may_have_arrived_twice) == ("sent", 1, False)


def test_who_paused_for_longer_than_the_claim_overwrites_nothing(queued, monkeypatch):
    paused = claim_delivery(at=NOON)
    waiting = list(paused.recipients.all())
    hand_over(claim_delivery(at=NOON + OVER))
    with pytest.raises(ClaimLost):
        outbox._record(paused, waiting, None)
    assert Event.objects.filter(name="DeliverySent").count() == 1


LATER = ("retry", "sent", False)
NEVER = ("failed", "failed", False)
NOBODY_KNOWS = ("retry", "sent", True)


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        ((b"EHLO", b"421 no time\r\n"), LATER),
        ((b"MAIL", b"451 come back\r\n"), LATER),
        ((b"MAIL", b"552 too large\r\n"), NEVER),
        ((b"RCPT", b"450 greylisted\r\n"), LATER),
        ((b"RCPT", b"550 unknown\r\n"), NEVER),
        ((b"DATA", b"451 not now\r\n"), LATER),
        ((b"DATA", b"554 no\r\n"), NEVER),
        ((b".", b"452 disk full\r\n"), LATER),
        ((b".", b"554 spam\r\n"), NEVER),
        ((b"MAIL", DROP), LATER),
        ((b"DATA", DROP), LATER),
        ((b"HI", DROP), NOBODY_KNOWS),  # in the middle of the data; a small mail is over by then
        ((b".", DROP), NOBODY_KNOWS),
        ((b"RCPT", HANG), LATER),
        ((b".", HANG), NOBODY_KNOWS),
        ((b".", b"nonsense\r\n"), NOBODY_KNOWS),
    ],
)
def test_whatever_a_server_does_each_mail_goes_once_or_is_marked_and_somebody_is_told(
    queued, mailbox, monkeypatch, change, fate
):
    """First the server is in trouble, then it is well; the loop goes on by itself."""
    patience = 20.0
    monkeypatch.setattr(
        outbox,
        "outgoing_server",
        lambda row: SmtpServer(*line_to(row), timeout=patience, answer_timeout=patience),
    )
    mailbox.mailbox.outgoing, mailbox.mailbox.smtp_security = "smtp", "none"
    mailbox.mailbox.smtp_host = "127.0.0.1"
    queued.recipients.exclude(address="sora@example.com").delete()
    taken = 0
    states = []
    for answers in (script(change), script()):
        Delivery.objects.filter(state="retry").update(due_at=NOON)
        outbox._resting.clear()
        with served(answers) as running:
            patience = running.patience
            mailbox.mailbox.smtp_port = running.port
            mailbox.mailbox.save()
            while deliver_due():
                pass
            taken += running.heard.count(b".")
        queued.refresh_from_db()
        states.append(queued.state)
        if states == ["retry"] or queued.state == "failed":
            (unsent,) = unsent_deliveries(at=clock.now())
            assert unsent.missing == ("sora@example.com",)
            assert unsent.reason
    assert (*states, queued.may_have_arrived_twice) == fate
    assert taken <= 1 + (change[0] == b".")
    assert Event.objects.filter(name="DeliverySent").count() == (states[-1] == "sent")


def line_to(mailbox) -> tuple[str, int, str]:
    return mailbox.smtp_host, mailbox.smtp_port, "none"
