from datetime import timedelta
from email import message_from_bytes, policy
from uuid import uuid4

import pytest

from dangol.channels.commands import AlreadyOnItsWay
from dangol.channels.incoming import IncomingAttachment
from dangol.channels.models import Delivery
from dangol.channels.outbox import claim_delivery, deliver_due
from dangol.inbox.commands.conversations import add_note, assign_conversation, close_conversation
from dangol.inbox.commands.drafts import attach_file, save_draft
from dangol.inbox.commands.replies import (
    UNDO_SECONDS,
    send_reply,
    settle_failed_reply,
    settle_sent_reply,
    undo_reply,
)
from dangol.inbox.errors import (
    AddressUnclear,
    CannotSend,
    NobodyToWriteTo,
    NothingToSend,
    NotYourReply,
    StaleReply,
)
from dangol.inbox.models import Attachment, Conversation, Draft, Message, Wait
from dangol.kernel.models import Event
from tests.parts.cast import JAMES, NOON, SHOP, mail

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=9)


@pytest.fixture
def asked(receive) -> Conversation:
    return receive(mail(message_id="1@example.com")).conversation


def answer(staff, conversation, text="Sorry! A fresh one is on its way.", at=LATER) -> Message:
    draft = save_draft(actor=staff, conversation=conversation, text=text, at=at - timedelta(minutes=2))
    return send_reply(actor=staff, draft=draft, key=uuid4(), at=at)


def hand_over(message: Message, at) -> None:
    Delivery.objects.filter(pk=message.delivery_id).update(due_at=at - timedelta(days=400))
    assert deliver_due() == 1
    Delivery.objects.filter(pk=message.delivery_id).update(sent_at=at)
    settle_sent_reply(delivery_id=message.delivery_id, at=at)


def sent_mail(message: Message):
    return message_from_bytes(message.delivery.content, policy=policy.default)


def test_a_reply_is_queued_for_ten_seconds_and_the_conversation_is_answered(asked, hana):
    message = answer(hana, asked)

    asked.refresh_from_db()
    assert asked.state == "answered"
    assert message.delivery.due_at == LATER + timedelta(seconds=UNDO_SECONDS)
    assert claim_delivery(at=LATER) is None
    assert not Draft.objects.exists()
    assert Event.objects.get(name="ReplyQueued").data["message_id"] == message.pk


def test_the_clock_stops_when_the_server_takes_the_mail_and_not_before(asked, hana):
    message = answer(hana, asked)
    assert Wait.objects.get().answered_at is None
    hand_over(message, LATER + timedelta(seconds=12))

    wait = Wait.objects.get()
    assert wait.wall_seconds == 9 * 60 + 12
    assert (wait.answered_by, wait.answer, wait.is_kept) == (hana, message, True)
    assert Event.objects.get(name="ReplySent").data["waited_wall_seconds"] == 9 * 60 + 12


def test_sending_and_closing_at_once_counts_as_an_answer(asked, hana):
    message = answer(hana, asked)
    close_conversation(actor=hana, conversation=asked, at=LATER)
    hand_over(message, LATER + timedelta(seconds=12))
    wait = Wait.objects.get()
    assert (wait.wall_seconds, wait.dropped_at) == (9 * 60 + 12, None)
    asked.refresh_from_db()
    assert asked.state == "done"


def test_undoing_what_was_sent_and_closed_makes_the_customer_wait_again(asked, hana):
    message = answer(hana, asked)
    close_conversation(actor=hana, conversation=asked, at=LATER)
    undo_reply(actor=hana, message=message, at=LATER)
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_only_who_sent_a_reply_or_leads_takes_it_back(asked, hana, tom, dongsuk):
    message = answer(hana, asked)
    with pytest.raises(NotYourReply):
        undo_reply(actor=tom, message=message, at=LATER)
    message.refresh_from_db()
    assert (message.undone_at, message.delivery.state) == (None, "queued")
    assert not Event.objects.filter(name="ReplyUndone").exists()

    undo_reply(actor=dongsuk, message=message, at=LATER)
    assert Event.objects.get(name="ReplyUndone").actor_id == dongsuk.pk
    with pytest.raises(NotYourReply):
        undo_reply(actor=tom, message=message, at=LATER)


def test_settling_twice_counts_once(asked, hana):
    message = answer(hana, asked)
    hand_over(message, LATER)
    settle_sent_reply(delivery_id=message.delivery_id, at=LATER + timedelta(hours=1))
    assert Wait.objects.get().wall_seconds == 9 * 60


def test_a_reply_threads_at_the_customers(asked, hana):
    written = sent_mail(answer(hana, asked))
    assert written["In-Reply-To"] == "<1@example.com>"
    assert written["References"] == "<1@example.com>"
    assert written["Subject"] == "Re: Cold burger"
    assert written["Reply-To"].addresses[0].addr_spec.startswith("hello+c")


def test_the_answer_to_our_reply_comes_back_to_the_conversation(asked, hana, receive):
    message = answer(hana, asked)
    hand_over(message, LATER)
    back = mail(
        subject="danke", message_id="2@example.com", headers={"In-Reply-To": f"<{message.message_id}>"}
    )
    taken = receive(back, at=LATER + timedelta(hours=1))
    assert taken.conversation == asked
    assert Wait.objects.get(answered_at=None).kind == "next"


def test_a_second_click_sends_nothing(asked, hana):
    draft = save_draft(actor=hana, conversation=asked, text="Sorry!", at=LATER)
    key = uuid4()
    first = send_reply(actor=hana, draft=draft, key=key, at=LATER)
    assert send_reply(actor=hana, draft=draft, key=key, at=LATER) == first
    assert Delivery.objects.count() == 1


def test_a_reply_against_an_older_state_is_refused_and_its_text_kept(asked, hana, tom, receive):
    draft = save_draft(actor=hana, conversation=asked, text="Hana's words", at=LATER)
    answer(tom, asked)
    with pytest.raises(StaleReply):
        send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)
    assert Draft.objects.get(staff=hana).text == "Hana's words"
    assert Delivery.objects.count() == 1


def test_a_customers_new_message_refuses_a_reply_too(asked, hana, receive):
    draft = save_draft(actor=hana, conversation=asked, text="Sorry!", at=LATER)
    receive(mail(message_id="2@example.com", headers={"In-Reply-To": "<1@example.com>"}), at=LATER)
    with pytest.raises(StaleReply):
        send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)


def test_a_note_and_an_assignment_do_not_refuse_a_reply(asked, hana, tom):
    draft = save_draft(actor=hana, conversation=asked, text="Sorry!", at=LATER)
    add_note(actor=tom, conversation=asked, text="my mistake", at=LATER)
    assign_conversation(actor=tom, conversation=asked, assignee=tom, at=LATER)
    assert send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)


def test_everybody_in_to_and_cc_stays_in_and_we_are_not_among_them(receive, hana):
    raw = mail(to=f"{SHOP}, {JAMES}", headers={"Cc": "Ana <ana@example.com>, HELLO@moonburger.test"})
    message = answer(hana, receive(raw).conversation)
    assert [party["address"] for party in message.to] == ["sora@example.com", "james@example.org"]
    assert [party["address"] for party in message.cc] == ["ana@example.com"]


def test_bcc_is_on_the_envelope_and_nowhere_in_the_mail(asked, hana):
    draft = save_draft(
        actor=hana, conversation=asked, text="Sorry!", at=LATER, bcc=[{"address": "boss@moonburger.test"}]
    )
    message = send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)
    assert b"boss@moonburger.test" not in message.delivery.content
    assert message.delivery.recipients.filter(role="bcc", address="boss@moonburger.test").exists()


def test_one_source_gives_text_and_html(asked, hana):
    written = sent_mail(answer(hana, asked, "We are **very** sorry."))
    assert "very" in written.get_body(("plain",)).get_content()
    assert "<strong>very</strong>" in written.get_body(("html",)).get_content()


def test_signatures_of_person_and_mailbox_end_the_mail(asked, hana):
    hana.signature = "Hana, kitchen"
    hana.save()
    asked.channel.signature = "Moon Burger, Seoul"
    asked.channel.save()
    text = sent_mail(answer(hana, asked)).get_body(("plain",)).get_content()
    assert text.index("Hana, kitchen") < text.index("Moon Burger, Seoul")


def test_files_travel_from_the_draft_into_the_mail(asked, hana):
    draft = save_draft(actor=hana, conversation=asked, text="The menu", at=LATER)
    attach_file(
        actor=hana, draft=draft, file=IncomingAttachment("메뉴.pdf", "application/pdf", b"%PDF", False, None)
    )
    message = send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)
    (part,) = sent_mail(message).iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("메뉴.pdf", b"%PDF")
    assert Attachment.objects.get().message == message


def test_undo_takes_the_reply_back_and_the_customer_waits_as_before(asked, hana):
    due = Conversation.objects.get().due_at
    message = answer(hana, asked)
    draft = undo_reply(actor=hana, message=message, at=LATER + timedelta(seconds=3))

    asked.refresh_from_db()
    assert (asked.state, asked.due_at, asked.message_count) == ("waiting", due, 1)
    assert draft.text == message.text
    assert Delivery.objects.get().state == "undone"
    assert deliver_due() == 0
    assert Wait.objects.get().answered_at is None
    assert Event.objects.filter(name="ReplyUndone").count() == 1


def test_what_was_undone_can_be_sent_again(asked, hana):
    draft = undo_reply(actor=hana, message=answer(hana, asked), at=LATER)
    assert send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER + timedelta(minutes=1)).delivery


def test_undo_twice_is_undo_once(asked, hana):
    message = answer(hana, asked)
    undo_reply(actor=hana, message=message, at=LATER)
    message.refresh_from_db()
    undo_reply(actor=hana, message=message, at=LATER)
    assert Event.objects.filter(name="ReplyUndone").count() == 1


def test_what_has_left_cannot_be_undone(asked, hana):
    message = answer(hana, asked)
    hand_over(message, LATER)
    with pytest.raises(AlreadyOnItsWay):
        undo_reply(actor=hana, message=message, at=LATER + timedelta(minutes=1))


def test_a_reply_that_fails_leaves_the_customer_waiting_with_the_clock_running(asked, hana):
    message = answer(hana, asked)
    settle_failed_reply(delivery_id=message.delivery_id, at=LATER)
    asked.refresh_from_db()
    assert asked.state == "waiting"
    assert Wait.objects.get().answered_at is None
    assert Event.objects.filter(name="ReplyFailed").count() == 1


def test_an_answer_that_came_back_was_none_and_the_clock_goes_on(asked, hana):
    message = answer(hana, asked)
    hand_over(message, LATER)
    assert Wait.objects.get().answered_at is not None
    message.delivery.recipients.update(state="bounced")
    settle_failed_reply(delivery_id=message.delivery_id, at=LATER + timedelta(minutes=5))
    wait = Wait.objects.get()
    assert (wait.answered_at, wait.answer, wait.wall_seconds, wait.is_kept) == (None, None, None, None)
    asked.refresh_from_db()
    assert (asked.state, asked.waiting_since) == ("waiting", NOON)


def test_an_answer_that_reached_the_customer_stays_one_when_a_copy_comes_back(receive, hana):
    conversation = receive(mail(headers={"Cc": JAMES})).conversation
    message = answer(hana, conversation)
    hand_over(message, LATER)
    message.delivery.recipients.filter(role="cc").update(state="bounced")
    settle_failed_reply(delivery_id=message.delivery_id, at=LATER)
    assert Wait.objects.get().answered_at == LATER


def test_a_question_that_crosses_the_answer_waits_on_its_own(asked, hana, receive):
    message = answer(hana, asked)
    receive(
        mail(message_id="2@example.com", headers={"In-Reply-To": "<1@example.com>"}),
        at=LATER + timedelta(seconds=5),
    )
    hand_over(message, LATER + timedelta(seconds=10))

    asked.refresh_from_db()
    assert asked.state == "waiting"
    wait = Wait.objects.get(answered_at=None)
    assert (wait.started_at, wait.kind) == (LATER + timedelta(seconds=5), "next")
    assert asked.due_at == wait.due_at


def test_a_mail_to_somebody_else_answers_nobody(asked, hana):
    draft = save_draft(
        actor=hana,
        conversation=asked,
        text="Is it in stock?",
        at=LATER,
        to=[{"address": "supplier@example.com"}],
    )
    message = send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)
    hand_over(message, LATER)
    assert Wait.objects.get().answered_at is None
    asked.refresh_from_db()
    assert asked.state == "waiting"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_is_not_sent(asked, hana, text):
    draft = save_draft(actor=hana, conversation=asked, text=text, at=LATER)
    with pytest.raises(NothingToSend):
        send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)


def test_nobody_is_not_written_to(asked, hana):
    draft = save_draft(actor=hana, conversation=asked, text="hello", at=LATER, to=[], cc=[])
    with pytest.raises(NobodyToWriteTo):
        send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)


def test_what_is_no_address_is_refused_by_name(asked, hana):
    with pytest.raises(AddressUnclear, match="sora at home"):
        save_draft(actor=hana, conversation=asked, text="hello", at=LATER, to=[{"address": "sora at home"}])


def test_a_mailbox_without_outgoing_server_says_so(asked, hana):
    mailbox = asked.channel.mailbox
    mailbox.outgoing = "smtp"
    mailbox.save()
    draft = save_draft(actor=hana, conversation=asked, text="hello", at=LATER)
    with pytest.raises(CannotSend):
        send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)


def test_a_mail_that_came_before_the_answer_but_was_stored_after_it_waits_on_its_own(asked, hana, receive):
    message = answer(hana, asked)
    late = mail(message_id="2@example.com", headers={"In-Reply-To": "<1@example.com>"})
    unseen = receive(late, at=LATER - timedelta(seconds=5)).message
    hand_over(message, LATER + timedelta(seconds=10))

    asked.refresh_from_db()
    assert (asked.state, asked.last_message_id) == ("waiting", unseen.pk)
    assert Wait.objects.get(answered_at=None).started_at == LATER - timedelta(seconds=5)


def test_a_wait_is_dropped_when_only_a_supplier_was_written_to(asked, hana):
    draft = save_draft(
        actor=hana, conversation=asked, text="?", at=LATER, to=[{"address": "supplier@example.com"}]
    )
    send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)
    close_conversation(actor=hana, conversation=asked, at=LATER)
    assert Wait.objects.get().dropped_at == LATER


def test_a_reply_into_a_conversation_that_has_just_become_another_is_refused(asked, hana, receive):
    other = receive(mail(JAMES, "Tasting")).conversation
    draft = save_draft(actor=hana, conversation=other, text="Sorry!", at=LATER)
    Conversation.objects.filter(pk=other.pk).update(merged_into=asked)
    with pytest.raises(StaleReply):
        send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)


def test_undo_keeps_what_was_begun_since(asked, hana):
    message = answer(hana, asked, "First.")
    save_draft(actor=hana, conversation=asked, text="Second.", at=LATER)
    draft = undo_reply(actor=hana, message=message, at=LATER)
    assert draft.text == "First.\n\nSecond."


def test_a_bounced_acknowledgement_reopens_nothing(asked, hana):
    message = answer(hana, asked)
    Message.objects.filter(pk=message.pk).update(automatic="auto-reply")
    close_conversation(actor=hana, conversation=asked, at=LATER)
    settle_failed_reply(delivery_id=message.delivery_id, at=LATER)
    asked.refresh_from_db()
    assert asked.state == "done"


def test_what_a_supplier_wrote_is_not_quoted_to_the_customer(asked, hana, receive):
    receive(
        mail(
            "Supplier <supplier@example.com>",
            "prices",
            "Two cents each.",
            message_id="s@example.com",
            headers={"In-Reply-To": "<1@example.com>"},
        ),
        at=LATER,
    )
    asked.refresh_from_db()
    draft = save_draft(
        actor=hana, conversation=asked, text="Sorry!", at=LATER, to=[{"address": "sora@example.com"}], cc=[]
    )
    message = send_reply(actor=hana, draft=draft, key=uuid4(), at=LATER)
    assert "Two cents" not in sent_mail(message).get_body(("plain",)).get_content()


def test_an_answer_names_the_mail_that_its_parent_answered_where_that_has_no_references(receive, hana):
    opened = receive(mail(message_id="2@example.com", headers={"In-Reply-To": "<1@elsewhere.example>"}))
    message = answer(hana, opened.conversation)
    assert sent_mail(message)["References"].split() == ["<1@elsewhere.example>", "<2@example.com>"]


def test_an_answer_in_a_very_long_thread_still_names_its_first_mail(receive, hana):
    chain = " ".join(f"<{number}@elsewhere.example>" for number in range(300))
    opened = receive(mail(message_id="last@example.com", headers={"References": chain}))
    names = sent_mail(answer(hana, opened.conversation))["References"]
    assert names.split()[0] == "<0@elsewhere.example>"
    assert names.split()[-1] == "<last@example.com>"
    assert len(" ".join(names.split())) <= 1000
