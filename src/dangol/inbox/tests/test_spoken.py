from datetime import timedelta
from uuid import uuid4

import pytest

from dangol.channels.models import Delivery, DeliveryRecipient
from dangol.inbox.commands.conversations import add_note
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, undo_reply
from dangol.inbox.spoken import message_views, newest_messages, read_beside, split_text
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(receive):
    return receive(mail(message_id="1@example.com", files={"menu.pdf": b"%PDF"})).conversation


def views(conversation, person, at=NOON + timedelta(minutes=5)):
    spoken = read_beside(conversation, newest_messages(conversation, most=None)[::-1])
    return list(message_views(spoken, customer_name="Sora Kim", person=person, at=at))


def answer(staff, conversation, at=NOON + timedelta(minutes=5)):
    draft = save_draft(actor=staff, conversation=conversation, text="A fresh one is on its way.", at=at)
    return send_reply(actor=staff, draft=draft, key=uuid4(), at=at)


def test_what_was_said_stands_in_order_with_who_said_it(asked, hana, tom):
    add_note(actor=hana, conversation=asked, text="My mistake.", at=NOON + timedelta(minutes=1))
    answer(tom, asked)

    said = views(asked, hana)

    assert [(one.direction, one.name) for one in said] == [
        ("in", "Sora Kim"),
        ("note", "Hana"),
        ("out", "Tom"),
    ]
    assert [one.opens_day for one in said] == [True, False, False]
    assert said[0].files[0].name == "menu.pdf"
    assert not said[0].files[0].is_picture


def test_only_who_sent_it_can_take_it_back_and_only_while_it_is_held(asked, hana, tom):
    sent_at = NOON + timedelta(minutes=5)
    answer(tom, asked, at=sent_at)

    assert views(asked, tom, at=sent_at)[-1].undo_until == sent_at + timedelta(seconds=10)
    assert views(asked, hana, at=sent_at)[-1].undo_until is None
    assert views(asked, tom, at=sent_at + timedelta(seconds=11))[-1].undo_until is None


def test_what_was_taken_back_says_that_nobody_got_it(asked, tom):
    message = answer(tom, asked)
    undo_reply(actor=tom, message=message, at=NOON + timedelta(minutes=5))

    last = views(asked, tom)[-1]

    assert last.is_undone
    assert [fate.icon for fate in last.fates] == ["undo"]


def test_a_mail_that_came_back_names_the_address_and_what_the_server_said(asked, tom):
    message = answer(tom, asked)
    Delivery.objects.filter(pk=message.delivery_id).update(state="sent", sent_at=NOON)
    DeliveryRecipient.objects.filter(delivery=message.delivery_id).update(
        state="bounced", status="5.1.1", server_said="No such user"
    )

    fates = views(asked, tom)[-1].fates

    assert [fate.tone for fate in fates] == ["", "bad"]
    assert "sora@example.com" in fates[1].words
    assert fates[1].said == "5.1.1 No such user"


@pytest.mark.parametrize(
    ("text", "new", "shown"),
    [
        ("Hello", "Hello", ("Hello", "")),
        ("Hello\n\nOn Friday Sora wrote:\n> Hi", "Hello", ("Hello", "On Friday Sora wrote:\n> Hi")),
        ("> Hi\n\nHello", "Hello", ("Hello", "> Hi\n\nHello")),
        ("> only a quote", "", ("> only a quote", "")),
    ],
)
def test_the_folded_rest_loses_nothing(text, new, shown):
    assert split_text(text, new) == shown
