import shutil
import subprocess
import sys
import unicodedata
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db.models import Sum
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.commands import Arrival, store_raw
from dangol.channels.erasing import Lookout, pattern_of
from dangol.channels.models import Delivery, Raw
from dangol.channels.outbox import ClaimLost, claim_delivery, deliver_due, hand_over
from dangol.customers.commands.profiles import set_tags
from dangol.customers.errors import Erased
from dangol.customers.models import Identity, Segment, Tag
from dangol.customers.tests.people import person as somebody
from dangol.goodwill.models import Entry
from dangol.inbox.commands import take_in
from dangol.inbox.commands.conversations import add_note
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, settle_failed_reply
from dangol.inbox.forgetting import of_the_erased
from dangol.inbox.intake import take_in_batch
from dangol.inbox.mail_import import import_mail
from dangol.inbox.models import Attachment, Conversation, Draft, Message, Wait
from dangol.kernel import clock
from dangol.kernel.models import AuditEntry, Event
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order
from dangol.orders.tests.shop import order
from dangol.privacy import erasing
from dangol.privacy.commands import erase_customer
from dangol.privacy.erasing import erase_further
from dangol.privacy.errors import ErasedBefore, OtherName
from dangol.privacy.models import Erasure
from dangol.search import index
from tests.parts.cast import JAMES, NOON, SHOP, mail
from tests.parts.planted import (
    ADDRESS,
    NAME,
    SHE,
    WORDS,
    erase_whole,
    plant,
    traces_in,
    traces_in_tables,
)

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[4]
KIM = "Kim <kim@example.kr>"


@pytest.fixture(autouse=True)
def _files_go_at_once(monkeypatch):
    monkeypatch.setattr(erasing, "UNTOUCHED", 0)
    # Not within the transaction of a test; the last test here does it for real.
    monkeypatch.setattr(erasing, "empty_the_journal", lambda: True)


def ledger() -> dict[str, object]:
    return {
        "entries": Entry.objects.count(),
        **Entry.objects.aggregate(Sum("booked"), Sum("estimated"), Sum("amount")),
        "orders": list(Order.objects.values_list("number", "amount", "customer")),
        "waits": Wait.objects.count(),
        "messages": Message.objects.count(),
    }


def test_nothing_of_a_person_is_left_in_any_table_and_the_sums_are_what_they_were():
    person = plant()
    before, planted = ledger(), traces_in_tables()
    assert {
        "channels.Raw.body",
        "channels.Delivery.body",
        "channels.DeliveryRecipient.address",
        "customers.Customer.name",
        "customers.Identity.address",
        "customers.Merge.kept_before",
        "customers.Tag.name",
        "inbox.Message.text",
        "inbox.Message.cc",
        "inbox.Attachment.filename",
        "inbox.Draft.text",
        "orders.Order.contact_name",
        "orders.Refund.reason",
        "orders.FileImport.sample",
        "goodwill.Wish.what",
    } <= planted.keys()

    erase_whole(person)

    assert traces_in_tables() == {}
    assert ledger() == before
    assert before["entries"]
    assert not index.find("message", WORDS, limit=9)
    assert not index.find("customer", NAME, limit=9)
    assert set(Conversation.objects.filter(customer=person).values_list("state", flat=True)) == {"done"}
    assert Message.objects.get(from_address="james@example.org").text.strip() == "Write to […] too."
    assert Event.objects.get(name="CustomerErased").customer_id == person.pk
    assert AuditEntry.objects.get(act="erase_customer").thing_id == person.pk


def test_one_who_writes_again_is_somebody_new(receive):
    person = plant()
    erase_whole(person)
    again = receive(
        mail(SHE, "Re: cold", message_id="9@planted.example", headers={"In-Reply-To": "<1@planted.example>"}),
        at=NOON + timedelta(hours=2),
    )
    assert again.opens
    assert again.conversation.customer_id != person.pk


def test_a_file_that_somebody_else_has_stays(receive):
    same = {"menu.pdf": b"menu" * 200_000}
    receive(mail(JAMES, message_id="5@example.org", files=same))
    receive(mail(SHE, message_id="6@planted.example", files={**same, "own.pdf": b"own" * 200_000}))
    hers, shared = (Message.objects.get(from_address=who) for who in (ADDRESS, "james@example.org"))
    own = hers.attachments.get(filename="own.pdf").sha256
    erase_whole(hers.conversation.customer)
    assert shared.attachments.get().content == same["menu.pdf"]
    assert not default_storage.exists(f"{own[:2]}/{own[2:4]}/{own}")


def test_one_that_is_killed_goes_on_where_it_was(monkeypatch):
    person = plant()
    monkeypatch.setattr(erasing, "MESSAGES", 1)
    erase_customer(actor=None, customer=person, name=NAME, at=NOON)
    for name in erasing.STEPS:
        whole = erasing.STEPS[name]

        def dies_at_its_end(row, whole=whole):
            whole(row)
            raise KeyboardInterrupt

        for _time in range(20):
            monkeypatch.setitem(erasing.STEPS, name, dies_at_its_end)
            if Erasure.objects.get().step == name:
                with pytest.raises(KeyboardInterrupt):
                    erase_further()
            monkeypatch.setitem(erasing.STEPS, name, whole)
            if Erasure.objects.get().step != name:
                break
            assert erase_further()
    while erase_further():
        pass
    assert Erasure.objects.get().finished_at
    assert traces_in_tables() == {}


def test_who_is_erased_is_named_and_only_once(minji, hana):
    person = plant()
    with pytest.raises(OtherName):
        erase_customer(actor=minji, customer=person, name="Sora", at=NOON)
    assert person.erased_at is None
    erase_customer(actor=minji, customer=person, name=f"  {NAME} ", at=NOON)
    with pytest.raises(ErasedBefore):
        erase_customer(actor=minji, customer=person, name=NAME, at=NOON)


def forget(person, actor=None):
    erase_customer(actor=actor, customer=person, name=person.name, at=NOON)
    while erase_further():
        pass


def bounce(*, of, to):
    return (
        f"From: MAILER-DAEMON@mx.example\nTo: {SHOP}\nSubject: Returned\nMessage-ID: <{of}.b@mx.example>\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\n"
        f"{to} is unknown.\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; {to}\nAction: failed\nStatus: 5.1.1\n\n--x\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: <{of}>\nTo: {to}\n--x--\n"
    ).encode()


def answer(actor, talk, text="Sorry."):
    draft = save_draft(actor=actor, conversation=talk, text=text, at=NOON)
    return send_reply(actor=actor, draft=draft, key=uuid4(), at=NOON)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("kim@example.kr", "[…]"),
        ("메일은kim@example.kr로", "메일은[…]로"),
        ("<Kim@Example.kr>, (kim@example.kr).", "<[…]>, ([…])."),
        ("mailto:kim@example.kr?subject=x", "mailto:[…]?subject=x"),
        *((longer, longer) for longer in ("hakim@example.kr", "ha.kim@example.kr", "kim@example.kr.au")),
        *((longer, longer) for longer in ("kim@example.kr-shop.com", "kim@example.krx", "1kim@example.kr")),
        ("order 9010-1234-5678", "order 9010-1234-5678"),
        ("call 010-1234-5678.", "call […]."),
    ],
)
def test_an_address_is_found_as_itself_alone(text, left):
    assert pattern_of(["kim@example.kr", "010-1234-5678"]).sub("[…]", text) == left


def test_who_has_a_longer_address_keeps_all_of_their_mail(receive, hana):
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    other = receive(mail("Ha <hakim@example.kr>", text="I am hakim@example.kr.", message_id="2@example.kr"))
    double = mail("Ha <hakim@example.kr>", text="I am hakim@example.kr.", message_id="2@example.kr")
    receive(double.replace(b"To: ", b"Received: elsewhere\nTo: ", 1))
    sent = answer(hana, other.conversation)
    forget(kim)
    other.message.refresh_from_db()
    assert other.message.text.strip() == "I am hakim@example.kr."
    assert other.message.raw.size
    assert Raw.objects.get(size=0).pk == Message.objects.get(conversation__customer=kim).raw_id
    delivery = Delivery.objects.get(pk=sent.delivery_id)
    assert (delivery.state, delivery.size > 0) == ("queued", True)


def test_the_shops_own_address_leads_to_nobody_elses_mail(receive, hana):
    """A form on its website writes from it, and somebody tidies that customer away."""
    theirs = receive(mail(JAMES, text=f"I wrote to {SHOP}.", message_id="1@example.org"))
    form = receive(mail(f"Form <{SHOP}>", "Form", message_id="2@moonburger.test")).conversation.customer
    forget(form)
    theirs.message.refresh_from_db()
    assert theirs.message.text.strip() == f"I wrote to {SHOP}."
    assert theirs.message.to == [{"name": "", "address": SHOP}]
    assert theirs.message.raw.size


def test_an_answer_to_somebody_else_leaves_before_it_is_emptied(receive, hana, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    sent = answer(hana, receive(mail(JAMES, message_id="2@x")).conversation, "Write to kim@example.kr.")
    forget(kim)
    delivery = Delivery.objects.get(pk=sent.delivery_id)
    assert (delivery.state, delivery.size > 0) == ("queued", True)
    assert Erasure.objects.get().finished_at is None

    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=1))
    assert deliver_due()
    while erase_further():
        pass
    delivery.refresh_from_db()
    sent.refresh_from_db()
    assert (delivery.state, delivery.size, sent.text) == ("sent", 0, "Write to […].")
    assert Erasure.objects.get().finished_at


def test_who_gets_a_copy_beside_the_person_gets_it_first(receive, hana, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    kim = receive(mail(KIM, message_id="1@example.kr")).conversation.customer
    talk = receive(mail(JAMES, message_id="2@x", headers={"Cc": "Kim@example.kr"})).conversation
    sent = answer(hana, talk)
    assert sent.delivery.recipients.filter(address="Kim@example.kr").exists()
    forget(kim)
    assert Delivery.objects.get(pk=sent.delivery_id).state == "queued"
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=4))
    while erase_further():
        pass
    assert not Delivery.objects.get(pk=sent.delivery_id).recipients.filter(address__icontains="kim").exists()


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


def test_who_asked_to_be_forgotten_does_not_wait_behind_those_whom_the_night_forgets(receive, minji):
    old = receive(mail(JAMES, message_id="1@x")).conversation.customer
    asked = receive(mail(message_id="2@x")).conversation.customer
    erase_customer(actor=None, customer=old, name="James Lee", at=NOON)
    erase_customer(actor=minji, customer=asked, name="Sora Kim", at=NOON)
    assert erase_further()
    assert Message.objects.get(conversation__customer=asked).text == ""
    assert Message.objects.get(conversation__customer=old).text


def test_a_word_that_a_segment_asks_for_stays_a_word(minji):
    sora = somebody("Sora", "sora@example.com")
    set_tags(actor=minji, customer=sora, names=["gold", "Sora the loud"], at=NOON)
    rule = {"version": 1, "rule": {"all": [{"fact": "tag", "in": [str(Tag.objects.get(name="gold").pk)]}]}}
    Segment.objects.create(name="Gold", rule=rule, created_at=NOON)
    forget(sora)
    assert list(Tag.objects.values_list("name", flat=True)) == ["gold"]


def test_a_korean_name_is_the_same_however_its_letters_are_put_together():
    sora = somebody(unicodedata.normalize("NFD", "박지훈"), "jihoon@example.kr")
    erase_customer(actor=None, customer=sora, name=unicodedata.normalize("NFC", "박지훈"), at=NOON)
    assert Erasure.objects.get().customer_id == sora.pk


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


def test_all_whom_the_night_forgets_are_looked_for_in_one_pass_through_the_mail(receive, hana, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    monkeypatch.setattr(erasing, "WINDOW", 4)
    people = []
    for n in range(6):
        address = f"guest{n}@example.kr"
        people.append(receive(mail(f"G{n} <{address}>", message_id=f"{n}@g")).conversation.customer)
        receive(mail(JAMES, f"About {n}", f"Ask {address} or ha{address}.", message_id=f"{n}@j"))
    held = answer(hana, receive(mail(JAMES, "Held", message_id="9@j")).conversation, "Ask guest1@example.kr.")
    for n, person in enumerate(people):
        erase_customer(actor=None, customer=person, name=f"G{n}", at=NOON)
    looked = []
    read = erasing.messages_naming

    def counted(lookout, *, first, last, until):
        looked.append(first)
        return read(lookout, first=first, last=last, until=until)

    monkeypatch.setattr(erasing, "messages_naming", counted)
    while erase_further():
        pass
    windows = -(-Message.objects.count() // erasing.WINDOW)
    assert len(looked) <= windows + 4, looked
    texts = set(Message.objects.filter(subject__startswith="About").values_list("text", flat=True))
    assert texts == {f"Ask […] or haguest{n}@example.kr." for n in range(6)}
    assert Erasure.objects.filter(finished_at=None).get().customer == people[1], "an answer leaves first"
    held.refresh_from_db()
    assert "guest1@example.kr" in held.text
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=4))
    while erase_further():
        pass
    held.refresh_from_db()
    assert "guest1" not in held.text
    assert not Erasure.objects.filter(finished_at=None).exists()


MANY = ("kim@x.kr", "a@x.kr", "010-111", "+11 0111", "(01) 10-1", "kim.ha", "k@h", "김@x.kr", "kim@한글.kr")


@given(st.lists(st.sampled_from([*MANY, *"a1.-@_%+( )가", "KIM@X.KR"]), max_size=9).map("".join))
def test_many_addresses_are_found_where_each_of_them_would_be(text):
    meant = {each for each in MANY if pattern_of([each]).search(text)}
    assert meant <= set(Lookout(MANY).likely_in(text))


@pytest.mark.only_sqlite
def test_nothing_of_a_person_is_left_anywhere_in_the_data_folder(migrated_folder, tmp_path):
    folder = tmp_path / "data"
    command = [sys.executable, "-m", "tests.parts.planted", str(folder)]
    shutil.copytree(migrated_folder, folder)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
    left = {path.name: traces_in(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    assert {name: traces for name, traces in left.items() if traces} == {}
