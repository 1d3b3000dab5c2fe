import io
import json
import tracemalloc
import zipfile

import pytest
from django.urls import reverse
from django.utils import translation

from dangol.customers.models import Identity, Membership, Segment
from dangol.goodwill.models import Wish
from dangol.inbox.models import Message
from dangol.kernel.models import AuditEntry, Event
from dangol.privacy.command_line import NobodyThere, write_person_file
from dangol.privacy.commands import erase_customer
from dangol.privacy.errors import ErasedBefore
from dangol.privacy.person_file import person_file
from tests.parts.cast import JAMES, NOON, mail
from tests.parts.planted import ADDRESS, FAMILY, HANGUL, NAME, OTHER_ADDRESS, PHONE, WORDS, plant

pytestmark = pytest.mark.django_db


def opened(person) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(person_file(person, at=NOON))))


def test_all_that_is_known_of_a_person_is_in_the_file_and_nothing_of_others():
    person = plant()
    found = opened(person)
    assert found.testzip() is None
    page, data = found.read("index.html").decode(), json.loads(found.read("data.json"))
    for words in (NAME, ADDRESS, OTHER_ADDRESS, PHONE, WORDS, HANGUL, f"I, {NAME}, agree", "1001", "₩12,000"):
        assert words in page, words
    assert data["customer"]["family_name"] == FAMILY
    assert [row["address"] for row in data["identities"]] == [ADDRESS, PHONE, OTHER_ADDRESS]
    assert data["consents"][0]["wording"] == f"I, {NAME}, agree"
    assert data["tags"] == [FAMILY, "gold"]
    assert data["orders"][0]["lines"][0]["name"] == "Moon burger"
    assert data["refunds"][0]["amount_minor"] == 12_000
    assert data["given"][0]["what"] == f"a burger for {FAMILY}"
    assert [row["direction"] for row in data["messages"]] == ["in", "in", "out", "note", "in"]
    mails = [name for name in found.namelist() if name.startswith("mails/")]
    assert len(mails) == 4
    assert f"Subject: {WORDS} cold".encode() in found.read(mails[0])
    elsewhere = data["messages"][-1]
    assert elsewhere["text"].strip() == f"Me too, {WORDS}.", "in a conversation of James’s"
    assert f"Me too, {WORDS}.".encode() in found.read(elsewhere["mail"])
    (attached,) = data["messages"][0]["files"]
    assert found.read(attached).startswith(f"{WORDS} {HANGUL}".encode())
    assert f'href="{attached}"' in page
    assert "james@example.org" not in page


def test_what_was_wished_for_in_vain_and_the_segments_are_in_the_data_and_on_the_page(minji):
    person = plant()
    Wish.objects.update(state="refused", given=0)
    gold = Segment.objects.create(name="Gold", kind="list", created_at=NOON)
    Membership.objects.create(segment=gold, customer=person, since=NOON)
    Message.objects.filter(direction="out").update(bcc=[{"name": "", "address": "till@moonburger.test"}])
    found = opened(person)
    data, page = json.loads(found.read("data.json")), found.read("index.html").decode()
    assert (data["segments"], data["given"]) == (["Gold"], [])
    assert "<dt>Segments</dt><dd>Gold</dd>" in page
    assert "What was given to you" not in page
    in_vain = page.partition("What you wished for and did not get")[2].partition("</ul>")[0]
    assert f"a burger for {FAMILY} · ₩3,000" in in_vain
    assert "(not given)" in in_vain
    (wish,) = data["wished"]
    assert (wish["what"], wish["became"], wish["wished_minor"]) == (
        f"a burger for {FAMILY}",
        "refused",
        3_000,
    )
    assert [row["bcc"] for row in data["messages"] if row["bcc"]] == [
        [{"name": "", "address": "till@moonburger.test"}]
    ]


def test_it_is_in_the_language_of_who_asks_while_others_are_served():
    person = plant()
    with translation.override("ko"):
        pieces = person_file(person, at=NOON)
    with translation.override("en"):
        page = zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read("index.html").decode()
    assert '<html lang="ko">' in page
    assert "대화" in page


def test_no_file_name_leads_out_of_the_folder_and_no_words_become_part_of_the_page(receive):
    talk = receive(mail(text="<script>x</script>", files={"../../evil.sh": b"x", "a.<b>": b"y"})).conversation
    found = opened(talk.customer)
    assert sorted(name.rpartition("/")[0] for name in found.namelist()) == [
        "",
        "",
        "",
        "files",
        "files",
        "mails",
    ]
    assert "<script>" not in found.read("index.html").decode()


def test_it_takes_no_more_memory_with_three_times_as_many_messages(receive):
    first = receive(mail(JAMES, message_id="first@example.org"))

    def peak(times: int) -> int:
        values = {"conversation": first.conversation, "channel": first.message.channel, "direction": "in"}
        Message.objects.bulk_create(
            Message(**values, text="x" * 100_000, happened_at=NOON) for _number in range(times)
        )
        tracemalloc.start()
        for _piece in person_file(first.conversation.customer, at=NOON):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(60), peak(120)
    assert many < few * 1.2, (few, many)


def test_who_takes_it_with_them_is_on_record(tmp_path, receive):
    person = receive(mail()).conversation.customer
    write_person_file("Sora@example.com", tmp_path / "sora.zip")
    assert (tmp_path / "sora.zip").stat().st_mode & 0o777 == 0o600
    assert zipfile.is_zipfile(tmp_path / "sora.zip")
    assert AuditEntry.objects.get(act="export_person").thing_id == person.pk
    assert Event.objects.get(name="PersonExported").customer_id == person.pk
    Identity.objects.create(kind="phone", address="01012345678", customer=person, created_at=NOON)
    for n, who in enumerate(("010-1234-5678", "+82 10 1234 5678", f"{person.pk}")):
        write_person_file(who, tmp_path / f"{n}.zip")
        assert AuditEntry.objects.filter(act="export_person", thing_id=person.pk).count() == n + 2
    for who in ("nobody@example.com", "010-1234-0000", "9" * 40):
        with pytest.raises(NobodyThere):
            write_person_file(who, tmp_path / "nobody.zip")
    erase_customer(actor=None, customer=person, name="Sora Kim", at=NOON)
    with pytest.raises(ErasedBefore):
        write_person_file(str(person.pk), tmp_path / "again.zip")
    assert not (tmp_path / "again.zip").exists()


def test_the_page_says_what_goes_and_what_stays_and_asks_for_the_name(client, minji):
    person = plant()
    client.force_login(minji)
    page = client.get(reverse("customer_data", args=[person.pk])).content.decode()
    for words in (
        "3 addresses",
        "the words of 4 messages",
        "1 order",
        "1 entry of the ledger: ₩3,000",
        "1 note",
    ):
        assert words in page, words
    url = reverse("customer_erasure", args=[person.pk])
    wrong = client.post(url, {"name": "Sora"})
    assert wrong.status_code == 422
    assert "nothing was erased" in wrong.content.decode()
    assert client.post(url, {"name": NAME}, follow=True).status_code == 200
    page = client.get(reverse("customer_data", args=[person.pk])).content.decode()
    assert "Being erased" in page
    assert NAME not in client.get(reverse("customer", args=[person.pk])).content.decode()
