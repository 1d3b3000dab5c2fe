"""A mail server that hangs beside a good one."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from dangol.channels.commands import queue_delivery
from dangol.channels.models import Channel, Delivery, Mailbox
from dangol.channels.outbox import claim_delivery
from dangol.channels.senders import SENDERS, Senders
from dangol.channels.tests.servers import HANG, served
from dangol.channels.tests.test_smtp import script
from dangol.loops import work_loops
from tests.parts.cast import NOON


def channel_at(port: int, name: str) -> Channel:
    channel = Channel.objects.create(name=name, created_at=NOON)
    Mailbox.objects.create(
        channel=channel,
        address=f"{name}@moonburger.test",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
    )
    return channel


def queue(channel: Channel, number: int) -> Delivery:
    return queue_delivery(
        channel=channel,
        kind="reply",
        content=b"Subject: hi\r\n\r\nhi\r\n",
        message_id=f"{number}@moonburger.test",
        envelope_from="hello@moonburger.test",
        recipients=[("to", "sora@example.com")],
        at=NOON,
        due_at=NOON + timedelta(seconds=number),
    )


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_server_that_hangs_holds_up_its_own_mail_and_that_of_no_other():
    senders = Senders()

    def send() -> None:
        senders.turn()
        connection.close()

    with served(script()) as good, served(script((b"RCPT", HANG))) as hanging:
        hangs, beside = channel_at(hanging.port, "hangs"), channel_at(hanging.port, "beside")
        first, second = queue(hangs, 1), queue(hangs, 2)
        by_the_same_server, elsewhere = queue(beside, 3), queue(channel_at(good.port, "good"), 4)
        thread = threading.Thread(target=send)
        thread.start()
        until(lambda: any(line.upper().startswith(b"RCPT") for line in hanging.heard))

        assert senders.spare_turn() == 1
        assert good.heard.count(b".") == 1
        elsewhere.refresh_from_db()
        assert elsewhere.state == "sent"
        assert senders.spare_turn() == 0, "one mail a server at a time, whatever the mailbox"
        for waiting in (second, by_the_same_server):
            waiting.refresh_from_db()
            assert (waiting.state, waiting.tries) == ("queued", 0)
        hanging.over.set()
        thread.join(30)
    assert not thread.is_alive()
    first.refresh_from_db()
    assert (first.state, first.tries) == ("retry", 1)
    assert senders.spare_turn() == 0, "nobody is at work"


@pytest.mark.django_db
def test_a_mailbox_whose_server_is_changed_while_it_hangs_still_sends_one_mail_at_a_time(
    mailbox, monkeypatch
):
    queue(mailbox, 1)
    second = queue(mailbox, 2)
    senders = Senders()

    def hangs(_delivery: Delivery) -> None:
        Mailbox.objects.update(smtp_host="smtp.new.test")
        assert senders.spare_turn() == 0

    monkeypatch.setattr("dangol.channels.senders.deliver", hangs)
    assert senders.turn() == 1
    second.refresh_from_db()
    assert second.tries == 0


@pytest.mark.django_db
def test_where_nobody_is_at_work_a_spare_sender_asks_for_nothing(mailbox, django_assert_num_queries):
    queue(mailbox, 1)
    with django_assert_num_queries(0):
        assert Senders().spare_turn() == 0


@pytest.mark.django_db
def test_a_mail_of_a_channel_that_is_left_out_is_not_claimed(mailbox):
    first, other = queue(mailbox, 1), queue(channel_at(25, "other"), 2)
    at = NOON + timedelta(minutes=1)
    assert claim_delivery(at=at, but=[mailbox.pk]) == other
    assert claim_delivery(at=at, but=[mailbox.pk]) is None
    assert claim_delivery(at=at) == first


@pytest.mark.django_db
def test_who_fails_at_a_mail_is_not_thought_to_be_at_it_any_more(mailbox, monkeypatch):
    queue(mailbox, 1)
    senders = Senders()

    def breaks(_delivery: Delivery) -> None:
        raise RuntimeError

    monkeypatch.setattr("dangol.channels.senders.deliver", breaks)
    with pytest.raises(RuntimeError):
        senders.turn()
    assert senders.spare_turn() == 0


def test_a_process_has_so_many_senders():
    assert [loop.name for loop in work_loops()].count("outbox") == SENDERS
