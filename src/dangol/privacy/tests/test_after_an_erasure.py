"""What is on its way when somebody is erased, or comes afterwards: it brings nobody back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.models import Delivery, Raw
from dangol.channels.outbox import ClaimLost, claim_delivery, hand_over
from dangol.customers.errors import Erased
from dangol.customers.models import Identity
from dangol.inbox.commands import take_in
from dangol.inbox.commands.conversations import add_note
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, settle_failed_reply
from dangol.inbox.forgetting import of_the_erased
from dangol.inbox.intake import take_in_batch
from dangol.inbox.mail_import import import_mail
from dangol.inbox.models import Attachment, Conversation, Draft, Message
from dangol.kernel import clock
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order
from dangol.orders.tests.shop import order
from dangol.privacy import erasing
from dangol.privacy.commands import erase_customer
from dangol.privacy.erasing import erase_further
from dangol.privacy.models import Erasure
from dangol.privacy.tests.erased import KIM, answer, forget
from tests.parts.cast import JAMES, NOON, SHOP, mail
from tests.parts.planted import SHE, erase_whole, plant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files_go_at_once")]


def test_one_who_writes_again_is_somebody_new(receive):
    person = plant()
    erase_whole(person)
    again = receive(
        mail(SHE, "Re: cold", message_id="9@planted.example", headers={"In-Reply-To": "<1@planted.example>"}),
        at=NOON + timedelta(hours=2),
    )
    assert again.opens
    assert again.conversation.customer_id != person.pk


def bounce(*, of, to):
    return (
        f"From: MAILER-DAEMON@mx.example\nTo: {SHOP}\nSubject: Returned\nMessage-ID: <{of}.b@mx.example>\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\n"
        f"{to} is unknown.\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; {to}\nAction: failed\nStatus: 5.1.1\n\n--x\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: <{of}>\nTo: {to}\n--x--\n"
    ).encode()


def test_a_mail_that_is_just_handed_over_does_not_come_back(receive, hana, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=1))
    talk = receive(mail()).conversation
    answer(hana, talk)
    claimed = claim_delivery(at=clock.now())
    forget(talk.customer)
    with pytest.raises(ClaimLost):
        hand_over(claimed)
    kept = Delivery.objects.get(pk=claimed.pk)
    assert (kept.state, kept.size, kept.recipients.get().address) == ("undone", 0, "")


def test_an_answer_to_our_own_mail_is_a_new_matter_as_well(receive, hana):
    talk = receive(mail(message_id="1@example.com")).conversation
    headers = {"In-Reply-To": f"<{answer(hana, talk).message_id}>"}
    forget(talk.customer)
    again = receive(mail(subject="Re: Cold burger", message_id="2@example.com", headers=headers))
    assert again.opens
    assert again.conversation.customer_id != talk.customer_id
    talk.refresh_from_db()
    assert (talk.state, talk.preview) == ("done", "")


def test_a_page_that_was_open_keeps_nothing_of_the_person_any_more(receive, hana):
    talk = receive(mail()).conversation
    forget(talk.customer)
    talk = Conversation.objects.get(pk=talk.pk)
    with pytest.raises(Erased):
        save_draft(actor=hana, conversation=talk, text="Dear Sora", at=NOON)
    with pytest.raises(Erased):
        add_note(actor=hana, conversation=talk, text="Sora called", at=NOON)
    assert not Draft.objects.exists()


def test_an_old_mailbox_that_is_read_again_does_not_bring_anybody_back(receive, mailbox):
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    forget(kim)
    old = mail(
        KIM, "Older", message_id="0@example.kr", date=NOON - timedelta(days=9), files={"kim.txt": b"Kim"}
    )
    done = import_mail(channel=mailbox, messages=[("a", old), ("b", mail(JAMES, message_id="3@x"))])
    assert (done.new, done.conversations) == (2, 1), "that it came is known, so that it does not come again"
    assert import_mail(channel=mailbox, messages=[("a", old)]).new == 0
    assert not Identity.objects.filter(address="kim@example.kr").exists()
    assert Raw.objects.filter(state=Raw.State.DOUBLE, size=0).count() == 1
    again = receive(mail(KIM, "New", message_id="4@example.kr"))
    assert again.conversation.customer_id != kim.pk, "who writes again is somebody new"
    after = mail(KIM, "After", message_id="5@example.kr", date=NOON + timedelta(minutes=1))
    assert import_mail(channel=mailbox, messages=[("c", after)]).new == 1
    assert Message.objects.filter(subject="After").exists()


def test_what_comes_while_an_erasure_goes_on_stays_and_is_answered(receive, hana, monkeypatch):
    """It may wait for days until an answer to somebody else has left."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    to_james = answer(hana, receive(mail(JAMES, message_id="2@x")).conversation, "Write to kim@example.kr.")
    forget(kim)
    assert Erasure.objects.get().step == "mentions"
    later = NOON + timedelta(minutes=5)
    again = receive(mail(KIM, "Who has my data?", message_id="3@example.kr"), at=later)
    other = receive(mail(JAMES, text="Is kim@example.kr still there?", message_id="4@x"), at=later)
    sora = source_named("", at=NOON)
    take_orders(
        actor=None, source=sora, at=later,
        orders=[order("9", contact_name="Kim", contact_email="kim@example.kr", ordered_at=later)],
    )  # fmt: skip
    monkeypatch.setattr(clock, "now", lambda: later)
    draft = save_draft(actor=hana, conversation=again.conversation, text="Nobody.", at=later)
    sent = send_reply(actor=hana, draft=draft, key=uuid4(), at=later)
    monkeypatch.setattr(clock, "now", lambda: NOON + erasing.PATIENCE + timedelta(minutes=1))
    while erase_further():
        pass
    assert Erasure.objects.get().finished_at
    for taken, words in ((again, "Who has my data?"), (other, "Is kim@example.kr still there?")):
        taken.message.refresh_from_db()
        assert words in f"{taken.message.subject} {taken.message.text}"
        assert taken.message.raw.size
    sent.refresh_from_db()
    delivery = Delivery.objects.get(pk=sent.delivery_id)
    assert (delivery.state, delivery.size > 0, sent.text) == ("queued", True, "Nobody.")
    assert Order.objects.get().contact_name == "Kim"
    to_james.refresh_from_db()
    assert to_james.text == "Write to […]."


def test_mail_that_was_here_and_not_filed_when_its_writer_was_erased_brings_nobody_back(receive, mailbox):
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    waiting, after = (
        mail(KIM, "Waiting", message_id="2@example.kr"),
        mail(KIM, "After", message_id="3@example.kr"),
    )
    for raw, at in ((waiting, NOON - timedelta(minutes=1)), (after, NOON + timedelta(minutes=1))):
        assert store_raw(channel=mailbox, arrivals=[Arrival(raw, NOON - timedelta(hours=1))], at=at)
    forget(kim)
    assert take_in_batch() == 2
    assert not Message.objects.filter(subject="Waiting").exists()
    assert Raw.objects.get(state=Raw.State.DOUBLE).size == 0
    assert Message.objects.get(subject="After").conversation.customer_id != kim.pk


def test_files_of_a_mail_whose_writer_is_erased_while_it_is_filed_are_cleared_away(
    client, hana, receive, mailbox, monkeypatch
):
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    shared = receive(mail(JAMES, message_id="2@x", files={"menu.pdf": b"menu"})).message.attachments.get()
    written = mail(KIM, message_id="3@example.kr", files={"kim.txt": b"I am Kim", "menu.pdf": b"menu"})
    assert store_raw(channel=mailbox, arrivals=[Arrival(written, NOON)], at=NOON - timedelta(minutes=1))
    looks = []

    def erased_behind_the_first_look(arrivals):
        found = of_the_erased(arrivals)
        if not looks:
            forget(kim)
        looks.append(len(found))
        return found

    monkeypatch.setattr(take_in, "of_the_erased", erased_behind_the_first_look)
    assert take_in_batch() == 1
    assert looks == [0, 1]
    own = Attachment.left_over().exclude(sha256=shared.sha256).get()
    client.force_login(hana)
    assert client.get(reverse("attachment", args=[own.pk])).status_code == 404
    path = f"{own.sha256[:2]}/{own.sha256[2:4]}/{own.sha256}"
    monkeypatch.setattr(erasing, "UNTOUCHED", 600)
    assert erase_further() == 0, "somebody may just be keeping the same bytes"
    assert default_storage.exists(path)
    monkeypatch.setattr(erasing, "UNTOUCHED", 0)
    assert erase_further() == 2
    assert not default_storage.exists(path)
    assert shared.content == b"menu"
    assert not Attachment.left_over().exists()


def test_who_is_erased_while_an_order_of_theirs_is_written_is_not_named_by_it(receive):
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    erase_customer(actor=None, customer=kim, name=kim.name, at=NOON)
    while Erasure.objects.get().step != "imports":
        assert erase_further()
    take_orders(actor=None, source=source_named("", at=NOON), orders=[order("9")], at=NOON)
    Order.objects.update(customer=kim, contact_name="Kim", contact_email="kim@example.kr")
    while erase_further():
        pass
    assert (Order.objects.get().contact_name, Order.objects.get().contact_email) == ("", "")


def test_a_report_that_comes_late_is_not_put_into_the_emptied_conversation(receive, mailbox, hana):
    talk = receive(mail(KIM, message_id="1@example.kr")).conversation
    sent = answer(hana, talk)
    forget(talk.customer)
    messages = Message.objects.count()
    late = bounce(of=sent.delivery.message_id, to="kim@example.kr")
    reports = [late, late.replace(b".b@mx", b".c@mx")]  # first that it waits, then that it was given up
    assert store_raw(channel=mailbox, arrivals=[Arrival(raw, NOON) for raw in reports], at=NOON) == 2
    assert take_in_batch() == 2
    talk.refresh_from_db()
    assert (talk.state, talk.preview, Message.objects.count()) == ("done", "", messages)
    assert set(Raw.objects.order_by("-pk").values_list("size", flat=True)[:2]) == {0}
    settle_failed_reply(delivery_id=sent.delivery_id, at=NOON)  # of a report that was taken in just before
    talk.refresh_from_db()
    assert talk.state == "done"
