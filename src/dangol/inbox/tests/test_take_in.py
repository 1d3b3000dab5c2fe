from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Raw
from dangol.customers.models import Customer
from dangol.inbox.intake import take_in_batch
from dangol.inbox.models import Conversation, Message, Wait
from dangol.kernel.models import Event
from dangol.search import index
from tests.parts.cast import JAMES, JIHOON, NOON, SHOP, SORA, mail

pytestmark = pytest.mark.django_db


def test_a_first_mail_becomes_a_customer_a_conversation_and_a_running_clock(receive):
    taken = receive(mail(message_id="1@example.com"))

    conversation = taken.conversation
    assert (conversation.subject, conversation.state) == ("Cold burger", "waiting")
    assert conversation.customer.name == "Sora Kim"
    assert conversation.customer.identities.get().address == "sora@example.com"
    assert conversation.preview == "The burger was cold."
    wait = Wait.objects.get()
    assert (wait.kind, wait.started_at) == ("first", NOON)
    assert conversation.due_at == wait.due_at == NOON + timedelta(minutes=30)
    event = Event.objects.get(name="MessageArrived")
    assert event.data["opens"] is True
    assert event.customer_id == conversation.customer_id
    assert Raw.objects.get().state == "taken"


def test_events_hold_neither_text_nor_address(receive):
    receive(mail(message_id="1@example.com"))
    for event in Event.objects.all():
        assert all(isinstance(value, int | bool | None) for value in event.data.values())


def test_the_same_bytes_are_stored_once(receive):
    receive(mail(message_id="1@example.com"))
    assert receive(mail(message_id="1@example.com")).message is None
    assert Message.objects.count() == 1


def test_the_same_mail_by_two_ways_is_one_message(receive):
    receive(mail(message_id="1@example.com"))
    receive(b"Received: by another.example; today\r\n" + mail(message_id="1@example.com"))
    assert Message.objects.count() == 1
    assert sorted(Raw.objects.values_list("state", flat=True)) == ["double", "taken"]


def test_two_mails_that_share_a_message_id_are_both_kept(receive):
    receive(mail(message_id="1@broken.example"))
    receive(
        mail(
            subject="Another matter",
            text="Do you cater?",
            message_id="1@broken.example",
            date=NOON + timedelta(hours=1),
        )
    )
    assert Message.objects.count() == 2


def test_mail_without_a_message_id_is_taken_in_once(receive):
    receive(mail())
    receive(mail())
    assert Message.objects.count() == 1


def test_a_second_mail_of_a_waiting_customer_does_not_start_the_clock_again(receive):
    first = receive(mail(message_id="1@example.com"))
    receive(
        mail(message_id="2@example.com", headers={"In-Reply-To": "<1@example.com>"}),
        at=NOON + timedelta(minutes=10),
    )
    assert Wait.objects.get().started_at == NOON
    assert Conversation.objects.get().due_at == first.conversation.due_at


def test_machine_mail_is_filed_and_marked_and_waits_for_nobody(receive):
    taken = receive(
        mail(
            "Newsletter <news@shop.example>", "Deals", headers={"List-Unsubscribe": "<mailto:x@shop.example>"}
        )
    )
    assert taken.message.automatic == "bulk"
    assert (taken.conversation.state, taken.conversation.is_machine) == ("done", True)
    assert not Wait.objects.exists()


def test_an_out_of_office_joins_its_conversation_and_changes_nothing(receive, hana):
    taken = receive(mail(message_id="1@example.com"))
    due = taken.conversation.due_at
    receive(
        mail(
            subject="Out of office",
            headers={"In-Reply-To": "<1@example.com>", "Auto-Submitted": "auto-replied"},
        )
    )
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.due_at) == ("waiting", due)
    assert conversation.last_message_id == taken.message.pk


def test_an_import_is_silent_starts_no_clock_and_files_our_own_answers_as_ours(receive):
    receive(mail(message_id="1@example.com"), silent=True)
    answer = mail(
        f"Moon Burger <{SHOP}>",
        "Re: Cold burger",
        "So sorry!",
        to=SORA,
        message_id="2@moonburger.test",
        headers={"In-Reply-To": "<1@example.com>"},
    )
    taken = receive(answer, silent=True)
    assert taken.message.direction == "out"
    assert Conversation.objects.get().state == "done"
    assert not Wait.objects.exists()
    assert all(Event.objects.values_list("silent", flat=True))


def test_somebody_who_writes_our_address_as_sender_is_not_taken_for_us(receive):
    taken = receive(mail(f"Moon Burger <{SHOP}>", "Invoice"))
    assert taken.message.direction == "in"
    assert taken.conversation.state == "waiting"


def test_a_mail_without_any_sender_is_filed(receive):
    taken = receive(b"Subject: hello\r\n\r\nwho am I?\r\n")
    assert taken.conversation.subject == "hello"
    assert Customer.objects.count() == 1


def test_korean_text_and_names_are_kept_and_found_by_two_syllables(receive):
    taken = receive(mail(JIHOON, "포인트로 무료배송 되나요?", "쿠폰으로 바꿀 수 있나요?"))
    assert taken.conversation.customer.name == "박지훈"
    assert index.find("message", "쿠폰", limit=5) == [taken.message.pk]
    assert index.find("conversation", "무료", limit=5) == [taken.conversation.pk]
    assert index.find("customer", "지훈", limit=5) == [taken.conversation.customer_id]


def test_null_characters_and_broken_letters_do_not_stop_the_database(receive):
    taken = receive(mail(text="a\x00b").replace(b"a", b"\xed\xa0\x80a", 1))
    assert "\x00" not in taken.message.text


def test_files_come_along_once_by_what_they_hold(receive):
    taken = receive(mail(JAMES, files={"menu.pdf": b"%PDF-1.4 menu"}))
    attachment = taken.message.attachments.get()
    assert (attachment.filename, attachment.size) == ("menu.pdf", 13)
    assert attachment.content == b"%PDF-1.4 menu"
    assert taken.conversation.file_count == 1


@pytest.mark.only_sqlite
def test_taking_in_reads_no_table_from_end_to_end(mailbox):
    """With a million messages each batch would wait for it."""
    raws = [mail(f"c{n}@example.com", f"matter {n}", message_id=f"{n}@x.example") for n in range(3)]
    store_raw(channel=mailbox, arrivals=[Arrival(raw, NOON) for raw in raws], at=NOON)
    with CaptureQueriesContext(connection) as seen:
        assert take_in_batch() == 3
    grow = ("channels_raw", "channels_delivery", "customers_", "inbox_", "kernel_event", "search_")
    plans = [
        (line, query["sql"])
        for query in seen.captured_queries
        if query["sql"].startswith(("SELECT", "UPDATE", "DELETE"))
        for line in _plan(query["sql"])
    ]
    assert len(plans) > 10
    few = "customers_segment"  # a handful, as an owner has made them
    read_whole = [
        (line, sql)
        for line, sql in plans
        if line.startswith("SCAN") and line.split()[1].startswith(grow) and line.split()[1] != few
    ]
    partial = "USING INDEX raw_new"  # holds only what is not taken in yet
    first = 'FROM "customers_erasedaddress" LIMIT 1'  # whether there is any, and no further
    assert [
        (line, sql[:300]) for line, sql in read_whole if partial not in line and not sql.endswith(first)
    ] == []


def _plan(sql: str) -> list[str]:
    # The captured text has its values in it, a per cent sign among them would be taken for a placeholder.
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"), [])
        return [row[3] for row in cursor.fetchall()]
