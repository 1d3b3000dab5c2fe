import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db.models import Sum

from dangol.goodwill.models import Entry
from dangol.inbox.models import Conversation, Message, Wait
from dangol.kernel.models import AuditEntry, Event
from dangol.orders.models import Order
from dangol.privacy import erasing
from dangol.privacy.commands import erase_customer
from dangol.privacy.erasing import erase_further
from dangol.privacy.errors import ErasedBefore, OtherName
from dangol.privacy.models import Erasure
from dangol.search import index
from tests.parts.cast import JAMES, NOON, mail
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
        mail(SHE, "Re: cold", message_id="9@planted.example", headers={"In-Reply-To": "<1@planted.example>"})
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


@pytest.mark.only_sqlite
def test_nothing_of_a_person_is_left_anywhere_in_the_data_folder(migrated_folder, tmp_path):
    folder = tmp_path / "data"
    command = [sys.executable, "-m", "tests.parts.planted", str(folder)]
    shutil.copytree(migrated_folder, folder)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
    left = {path.name: traces_in(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}
    assert {name: traces for name, traces in left.items() if traces} == {}
