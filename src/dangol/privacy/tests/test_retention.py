from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from dangol.customers.models import Customer
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.models import Attachment, Conversation, Draft, Message
from dangol.kernel import clock
from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import AuditEntry
from dangol.privacy import erasing, retention
from dangol.privacy.commands import change_retention
from dangol.privacy.models import RetentionPolicy
from dangol.privacy.retention import due_customers, due_files, due_talks, keep_no_longer
from dangol.search import index
from tests.parts.cast import JAMES, JIHOON, NOON, mail

pytestmark = pytest.mark.django_db
FOR_EVER = {"talk_months": None, "file_months": None, "customer_years": None}


@pytest.fixture
def years(receive, monkeypatch):
    """Sora wrote three years ago with a file, James a year ago, 박지훈 yesterday."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    monkeypatch.setattr(erasing, "UNTOUCHED", 0)
    for sender, days in ((None, 1100), (JAMES, 370), (JIHOON, 1)):
        at = NOON - timedelta(days=days)
        raw = mail(*([sender] if sender else []), date=at, files={"photo.jpg": f"{days}".encode()})
        receive(raw, at=at, silent=True)
    Customer.objects.update(created_at=NOON - timedelta(days=2000))


def night() -> int:
    turns = 0
    while keep_no_longer():
        turns += 1
    return turns


def test_all_is_kept_for_ever_until_an_owner_decides(years, minji, dongsuk):
    assert night() == 0
    change_retention(actor=minji, **FOR_EVER, at=NOON)
    assert night() == 0
    assert Message.objects.filter(text="").count() == 0
    with pytest.raises(NotAllowed):
        change_retention(actor=dongsuk, **{**FOR_EVER, "talk_months": 1}, at=NOON)


def test_old_conversations_lose_their_words_and_no_other(years, minji):
    policy = change_retention(actor=minji, **{**FOR_EVER, "talk_months": 24}, at=NOON)
    assert (due_talks(policy, NOON).count, due_talks(policy, NOON).examples) == (1, ("Cold burger",))
    assert night() == 1
    assert Message.objects.filter(text="").count() == 1
    assert Conversation.objects.filter(subject="").get().customer.name == "Sora Kim"
    assert due_talks(RetentionPolicy.objects.get(), NOON).count == 0
    assert AuditEntry.objects.get(act="keep_no_longer").after == {"messages": 1}
    assert night() == 0, "once a night"


def test_one_that_still_waits_is_left_alone(years, minji):
    Conversation.objects.update(state="waiting")
    policy = change_retention(actor=minji, talk_months=1, file_months=None, customer_years=1, at=NOON)
    assert (due_talks(policy, NOON).count, due_customers(policy, NOON).count) == (0, 0)
    assert night() == 0


def test_old_files_go_from_the_disk_and_their_mails_with_them(years, minji):
    shas = list(Attachment.objects.order_by("pk").values_list("sha256", flat=True))
    policy = change_retention(actor=minji, **{**FOR_EVER, "file_months": 6}, at=NOON)
    assert (due_files(policy, NOON).count, due_files(policy, NOON).examples) == (2, ("photo.jpg",) * 2)
    night()
    assert Attachment.objects.get().sha256 == shas[2]
    assert [default_storage.exists(f"{sha[:2]}/{sha[2:4]}/{sha}") for sha in shas] == [False, False, True]
    assert Message.objects.filter(text="").count() == 0, "what was said stays"
    assert sorted(Conversation.objects.values_list("file_count", flat=True)) == [0, 0, 1]
    assert [each.raw.size > 0 for each in Message.objects.order_by("pk")] == [False, False, True]


def test_customers_who_have_not_been_here_for_years_are_erased(years, minji):
    policy = change_retention(actor=minji, **{**FOR_EVER, "customer_years": 2}, at=NOON)
    assert due_customers(policy, NOON).examples == ("Sora Kim",)
    night()
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["", "James Lee", "박지훈"]


def test_nobody_is_erased_who_was_here_with_a_row_that_was_merged_twice(years, minji):
    """박지훈 became James, and James became Sora, who alone has been away for years."""
    sora, james, jihoon = (Customer.objects.get(name=name) for name in ("Sora Kim", "James Lee", "박지훈"))
    Customer.objects.filter(pk=jihoon.pk).update(merged_into=james)
    Customer.objects.filter(pk=james.pk).update(merged_into=sora)
    Conversation.objects.filter(customer=james).update(last_message_at=NOON - timedelta(days=1100))
    policy = change_retention(actor=minji, **{**FOR_EVER, "customer_years": 2}, at=NOON)
    assert due_customers(policy, NOON).count == 0
    Conversation.objects.filter(customer=jihoon).update(last_message_at=NOON - timedelta(days=1100))
    assert due_customers(policy, NOON).examples == ("Sora Kim",)


def test_what_the_search_and_a_draft_know_of_an_old_conversation_goes_with_its_words(years, minji, hana):
    talk = Conversation.objects.get(customer__name="Sora Kim")
    save_draft(actor=hana, conversation=talk, text="Dear Sora", at=NOON)
    assert talk.pk in index.find("conversation", "burger", limit=9)
    change_retention(actor=minji, **{**FOR_EVER, "talk_months": 24}, at=NOON)
    night()
    assert talk.pk not in index.find("conversation", "burger", limit=9)
    assert not Draft.objects.exists()


def test_files_are_removed_in_pieces_however_many_a_night_leaves(years, minji, monkeypatch):
    asked: list[int] = []

    def removing(files):
        asked.append(len(files))
        return erasing.remove_unused(files)

    monkeypatch.setattr(retention, "remove_unused", removing)
    monkeypatch.setattr(retention, "_AT_ONCE", 1)
    shas = list(Attachment.objects.order_by("pk").values_list("sha256", flat=True))
    change_retention(actor=minji, **{**FOR_EVER, "file_months": 6}, at=NOON)
    night()
    assert max(asked) == 1
    assert [default_storage.exists(f"{sha[:2]}/{sha[2:4]}/{sha}") for sha in shas] == [False, False, True]


def test_what_was_looked_at_tonight_is_not_looked_at_again(years, minji, monkeypatch):
    monkeypatch.setattr(retention, "_AT_ONCE", 1)
    change_retention(actor=minji, **{**FOR_EVER, "talk_months": 6}, at=NOON)
    assert keep_no_longer()
    first = Message.objects.get(text="")
    assert RetentionPolicy.objects.get().reached == {"messages": first.pk}
    night()
    assert Message.objects.filter(text="").count() == 2
    assert RetentionPolicy.objects.get().reached == {}


def test_one_who_is_written_with_in_the_same_instant_keeps_their_words(years, minji, monkeypatch):
    change_retention(actor=minji, **{**FOR_EVER, "talk_months": 24}, at=NOON)
    due = retention._next

    def found(policy, at):
        name_and_ids = due(policy, at)
        Conversation.objects.update(state="waiting")
        return name_and_ids

    monkeypatch.setattr(retention, "_next", found)
    night()
    assert not Message.objects.filter(text="").exists()


def test_no_more_are_erased_by_night_than_can_be_followed(years, minji, monkeypatch):
    monkeypatch.setattr(retention, "_PEOPLE", 1)
    monkeypatch.setattr(retention, "_OPEN_ERASURES", 1)
    monkeypatch.setattr(erasing, "empty_the_journal", lambda: True)
    change_retention(actor=minji, **{**FOR_EVER, "customer_years": 1}, at=NOON)
    night()
    assert Customer.objects.filter(erased_at=None).count() == 2
    while erasing.erase_further():
        pass
    night()
    assert Customer.objects.get(erased_at=None).name == "박지훈"


def test_a_night_that_is_broken_off_goes_on(years, minji, monkeypatch):
    change_retention(actor=minji, talk_months=1, file_months=1, customer_years=1, at=NOON)
    monkeypatch.setattr("dangol.privacy.retention._AT_ONCE", 1)
    assert keep_no_longer() == 1
    assert RetentionPolicy.objects.get().looked_on is None
    night()
    assert RetentionPolicy.objects.get().looked_on == NOON.date()
    assert Customer.objects.get(erased_at=None).name == "박지훈"
