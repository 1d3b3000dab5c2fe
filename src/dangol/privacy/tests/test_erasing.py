import shutil
import subprocess
import sys
import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.erasing import Lookout, pattern_of
from dangol.channels.models import Delivery, Raw
from dangol.channels.outbox import deliver_due
from dangol.customers.commands.profiles import set_tags
from dangol.customers.models import Segment, Tag
from dangol.customers.tests.people import person as somebody
from dangol.goodwill.models import Entry
from dangol.inbox.models import Conversation, Message, Wait
from dangol.kernel import clock
from dangol.kernel.models import AuditEntry, Event
from dangol.orders.models import Order
from dangol.privacy import erasing
from dangol.privacy.commands import erase_customer
from dangol.privacy.erasing import erase_further
from dangol.privacy.errors import ErasedBefore, OtherName
from dangol.privacy.models import Erasure
from dangol.privacy.tests.erased import KIM, answer, forget
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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files_go_at_once")]
ROOT = Path(__file__).resolve().parents[4]


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
