"""Many rows at once are what one at a time would have been."""

import traceback
from datetime import timedelta

import pytest
from django.db import DatabaseError, DataError, OperationalError, connection, transaction

from dangol.channels.models import Raw
from dangol.customers.models import Customer
from dangol.inbox.models import Conversation, Message, Reference
from dangol.kernel.models import Event
from dangol.kernel.rows import insert_rows, update_rows
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
ODD = 'tab\t, "quotes", back\\slash, \\N, line\nand \r, 한글 🍔'


def events(count: int, **other) -> list[Event]:
    return [
        Event(name=f"Event{each}", happened_at=NOON + timedelta(seconds=each), recorded_at=NOON, **other)
        for each in range(count)
    ]


def test_rows_have_ids_that_go_on_and_hold_what_they_were_given():
    before = Event.objects.create(name="First", happened_at=NOON, recorded_at=NOON)
    rows = events(30, data={"text": ODD, "none": None, "list": [1, {"a": True}]}, silent=True, customer_id=7)
    insert_rows(rows)
    assert sorted(row.pk for row in rows) == list(range(before.pk + 1, before.pk + 31))
    for row in rows:
        stored = Event.objects.get(pk=row.pk)
        assert (stored.name, stored.happened_at, stored.data) == (row.name, row.happened_at, row.data)
        assert (stored.silent, stored.customer_id, stored.actor_id) == (True, 7, None)
    last = Event.objects.create(name="Last", happened_at=NOON, recorded_at=NOON)
    assert last.pk > rows[-1].pk
    rows[0].name = "Changed"
    rows[0].save()  # changes the row, and makes no other
    assert Event.objects.filter(pk=rows[0].pk).values_list("name", flat=True).get() == "Changed"
    assert Event.objects.count() == 32


def test_rows_whose_ids_nobody_needs_are_numbered_in_their_order(django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        insert_rows(events(30), with_ids=False)
    stored = Event.objects.order_by("pk").values_list("name", flat=True)
    assert list(stored) == [f"Event{each}" for each in range(30)]


def test_bytes_texts_choices_and_times_are_stored_as_django_stores_them(mailbox):
    values = {"channel": mailbox, "received_at": NOON, "stored_at": NOON, "source": ODD}
    one, other = (
        Raw(
            key=key,
            state=Raw.State.DOUBLE,
            tries=2,
            is_silent=True,
            **Raw.fields_for(b"\x00\\x\xff"),
            **values,
        )
        for key in ("a", "b")
    )
    insert_rows([one])
    other.save()
    with connection.cursor() as cursor:
        columns = ", ".join(field.column for field in Raw._meta.fields if field.column not in ("id", "key"))
        cursor.execute(f"SELECT {columns} FROM {Raw._meta.db_table} ORDER BY id")
        first, second = (tuple(map(bytes_of, row)) for row in cursor.fetchall())
    assert first == second
    assert Raw.objects.get(pk=one.pk).content == b"\x00\\x\xff"


def bytes_of(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def test_objects_that_got_their_id_after_they_were_assigned_are_linked_and_stay_at_hand(
    mailbox, django_assert_max_num_queries
):
    customer = Customer.objects.create(name="Sora", created_at=NOON)
    conversation = Conversation(
        channel=mailbox, customer=customer, state="done", due_at=NOON, last_message_at=NOON, created_at=NOON
    )
    message = Message(channel=mailbox, conversation=conversation, direction="in", happened_at=NOON)
    reference = Reference(message=message, channel=mailbox, digest="x", is_own_id=True)
    with django_assert_max_num_queries(6):
        for rows in ([conversation], [message], [reference]):
            insert_rows(rows)
        assert reference.message.conversation.customer is customer
    stored = Reference.objects.get()
    assert (stored.message_id, stored.message.conversation_id) == (message.pk, conversation.pk)


def test_what_the_database_refuses_is_raised_as_django_does(mailbox):
    same = {"channel": mailbox, "key": "same", "received_at": NOON, "stored_at": NOON, "size": 0}
    with pytest.raises(DatabaseError), transaction.atomic():
        insert_rows([Raw(**same), Raw(**same)])
    assert not Raw.objects.exists()


@pytest.mark.only_postgres
def test_a_refusal_of_postgresql_says_nothing_of_the_value(mailbox):
    customer = Customer.objects.create(name="Sora", created_at=NOON)
    times = {"due_at": NOON, "last_message_at": NOON, "created_at": NOON}
    long = Conversation(channel=mailbox, customer=customer, subject="My rash and " * 100, **times)
    with pytest.raises(DataError) as refusal, transaction.atomic():
        insert_rows([long])
    assert str(refusal.value) == "COPY into inbox_conversation refused: sqlstate 22001"
    told = "".join(traceback.format_exception(refusal.value))
    assert "rash" not in told
    assert refusal.value.__context__ is None


@pytest.mark.only_postgres
def test_want_of_the_database_stays_known_as_one():
    other = connection.copy()
    try:
        with other.cursor() as held, connection.cursor() as cursor:
            held.execute("BEGIN")
            held.execute("LOCK TABLE kernel_event IN EXCLUSIVE MODE")
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(OperationalError) as refusal, transaction.atomic():
                insert_rows(events(1), with_ids=False)
    finally:
        other.close()
    assert str(refusal.value) == "COPY into kernel_event refused: sqlstate 55P03"


def test_only_the_named_fields_of_each_row_change(django_assert_max_num_queries):
    rows = events(3)
    insert_rows(rows)
    for row in rows:
        row.name, row.data, row.customer_id = f"New{row.pk}", {"id": row.pk}, 9
    update_rows(rows[:2], ["name", "data"])
    stored = list(Event.objects.order_by("pk").values_list("name", "data", "customer_id"))
    changed = [(f"New{row.pk}", {"id": row.pk}, None) for row in rows[:2]]
    assert stored == [*changed, ("Event2", {}, None)]


def test_no_rows_are_no_work(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows([])
        update_rows([], ["name"])
