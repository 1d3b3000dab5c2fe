from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest

from dangol.channels.commands import Arrival, claim_raw, store_raw
from dangol.channels.email import tokens
from dangol.channels.email.parse import parse
from dangol.channels.email.thread_index import child_of, root_of
from dangol.channels.models import Channel, Mailbox
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply
from dangol.inbox.commands.take_in import take_in
from dangol.inbox.models import Conversation, Wait
from dangol.inbox.threading import mail_key
from tests.parts.cast import JAMES, NOON, SHOP, SORA, mail

pytestmark = pytest.mark.django_db


def reply(number: int, parents: list[int], sender: str = SORA, named: str = "References") -> bytes:
    header = " ".join(f"<{parent}@example.com>" for parent in parents)
    return mail(
        sender,
        "Re: Cold burger",
        f"part {number}",
        message_id=f"{number}@example.com",
        headers={named: header},
    )


def alive() -> int:
    return Conversation.objects.filter(merged_into=None).count()


def test_a_reply_joins_by_in_reply_to(receive):
    first = receive(mail(message_id="1@example.com"))
    assert receive(reply(2, [1], named="In-Reply-To")).conversation == first.conversation


def test_a_reply_joins_by_any_of_its_references(receive):
    first = receive(mail(message_id="1@example.com"))
    assert receive(reply(9, [1, 77, 78])).conversation == first.conversation


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_one_matter_is_one_conversation_in_any_order_of_arrival(receive, order):
    thread = [
        mail(message_id="1@example.com"),
        reply(2, [1], named="In-Reply-To"),
        reply(3, [2], JAMES, named="In-Reply-To"),
        reply(4, [3], named="In-Reply-To"),
    ]
    for place in order:
        receive(thread[place])
    assert alive() == 1
    conversation = Conversation.objects.get(merged_into=None)
    assert conversation.messages.count() == conversation.message_count == 4
    assert conversation.subject == "Cold burger" or conversation.subject == "Re: Cold burger"
    assert Wait.objects.filter(answered_at=None, dropped_at=None).count() == 1


def test_two_replies_of_one_person_to_a_mail_that_never_comes_are_one_matter(receive):
    receive(reply(2, [1]))
    receive(reply(3, [1]))
    assert alive() == 1


def test_strangers_who_answer_the_same_newsletter_are_two_matters(receive):
    receive(reply(2, [1]))
    receive(reply(3, [1], JAMES))
    assert alive() == 2


def test_when_the_mail_that_both_answered_comes_they_are_one_matter(receive):
    receive(reply(2, [1]))
    receive(reply(3, [1], JAMES))
    receive(mail("Ana <ana@example.com>", message_id="1@example.com"))
    assert alive() == 1


def test_a_merged_conversation_keeps_leading_to_the_one_it_became(receive):
    receive(mail(message_id="1@example.com"))
    receive(reply(3, [2], named="In-Reply-To"))
    receive(reply(2, [1], named="In-Reply-To"))
    joined = Conversation.objects.exclude(merged_into=None).get()
    key = mail_key()
    late = mail(
        subject="hello again", to=tokens.plus_address(key, joined.pk, SHOP), message_id="9@example.com"
    )
    assert receive(late).conversation == joined.merged_into


def test_our_signed_address_joins_without_any_reference(receive):
    first = receive(mail(message_id="1@example.com")).conversation
    address = tokens.plus_address(mail_key(), first.pk, SHOP)
    assert receive(mail(JAMES, "new subject", to=address)).conversation == first


def test_a_forged_address_joins_nothing(receive):
    first = receive(mail(message_id="1@example.com")).conversation
    address = tokens.plus_address(b"somebody else's key", first.pk, SHOP)
    assert receive(mail(JAMES, "let me in", to=address)).conversation != first


def test_a_subject_token_joins_for_somebody_who_takes_part(receive):
    first = receive(mail(message_id="1@example.com")).conversation
    tag = tokens.make_tag(mail_key(), first.pk)
    assert receive(mail(SORA, f"Another try {tag}")).conversation == first


def test_a_stranger_never_joins_by_subject(receive):
    first = receive(mail(message_id="1@example.com")).conversation
    tag = tokens.make_tag(mail_key(), first.pk)
    assert receive(mail("Mallory <mallory@example.net>", f"Re: Cold burger {tag}")).conversation != first
    assert receive(mail(JAMES, "Re: Cold burger")).conversation != first
    assert alive() == 3


def test_message_ids_that_name_nothing_join_nothing(receive):
    receive(mail(message_id="1@example.com", headers={"References": "<>"}))
    receive(mail(JAMES, "Other", message_id="2@example.com", headers={"References": "<1>"}))
    receive(mail("Ana <ana@example.com>", "Third", message_id="3@example.com", headers={"References": "<1>"}))
    assert alive() == 3


# --- Outlook --------------------------------------------------------------------------------------

INDEX = "AdQc2DN7rLoS3hgnE/O76rpFzxN/EwAddF4A"
OTHER_INDEX = "AQHWLRNo4NaOjvXU8EODe0ZotrA8B6itzaxf"


def by_outlook(
    number: int, sender: str = SORA, subject: str = "RE: Cold burger", index: str = INDEX, **headers: str
) -> bytes:
    """A mail whose references were cut on its way."""
    fields = {"Thread-Index": index, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return mail(sender, subject, f"part {number}", message_id=f"{number}@outlook.example", headers=fields)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_thread_of_outlook_without_references_is_one_conversation_in_any_order(receive, order):
    thread = [
        by_outlook(1, subject="Cold burger"),
        by_outlook(2),
        by_outlook(3, subject="AW: Cold burger"),
        # Found by its reference; what has none is found by it.
        by_outlook(4, sender=JAMES, In_Reply_To="<3@outlook.example>"),
    ]
    for place in order:
        receive(thread[place])

    assert alive() == 1
    assert Conversation.objects.get(merged_into=None).message_count == 4


def test_a_stranger_never_joins_by_a_thread_index(receive):
    first = receive(by_outlook(1)).conversation

    assert receive(by_outlook(2, sender=JAMES)).conversation != first
    assert receive(by_outlook(3, sender=JAMES, Cc=SORA)).conversation != first


def test_another_topic_is_another_matter_in_the_same_thread_of_outlook(receive):
    first = receive(by_outlook(1)).conversation

    assert receive(by_outlook(2, subject="Job application")).conversation != first


def test_a_prefix_that_we_do_not_know_is_no_other_topic(receive):
    first = receive(by_outlook(1, Thread_Topic="Cold burger")).conversation

    taken = receive(by_outlook(2, subject="Ynt: Cold burger", Thread_Topic="Cold burger"))
    assert taken.conversation == first


def test_one_person_and_one_topic_in_two_threads_are_two_matters(receive):
    first = receive(by_outlook(1)).conversation

    assert receive(by_outlook(2, index=OTHER_INDEX)).conversation != first


def test_a_thread_index_looks_within_one_mailbox(receive):
    first = receive(by_outlook(1)).conversation
    other = Channel.objects.create(name="Jobs", created_at=NOON)
    Mailbox.objects.create(channel=other, address="jobs@moonburger.test", outgoing="kept")

    assert receive(by_outlook(2), channel=other).conversation != first


def test_nobody_can_name_a_hint_among_the_references(receive):
    receive(by_outlook(1))
    hint = "\0".join(("thread", root_of(INDEX).hex(), "cold burger", "sora@example.com"))
    forged = mail(JAMES, "x", message_id="2@example.com").replace(
        b"Subject:", b"References: <" + hint.encode() + b">\r\nSubject:", 1
    )
    receive(forged)

    assert alive() == 2


def test_whom_we_answered_joins_by_outlook_thread_without_references(receive, hana):
    conversation = receive(by_outlook(1, Cc=JAMES)).conversation
    draft = save_draft(actor=hana, conversation=conversation, text="Sorry!", at=NOON)
    ours = send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON + timedelta(minutes=3))
    sent = parse(ours.delivery.content)

    assert b"james@example.org" in ours.delivery.content
    assert sent.thread_topic == "Cold burger"
    assert sent.thread_index == child_of(INDEX, ours.happened_at, ours.message_id)
    assert receive(by_outlook(2, sender=JAMES)).conversation == conversation


def test_where_nobody_uses_outlook_we_begin_no_thread_of_our_own(receive, hana):
    conversation = receive(mail(message_id="1@example.com")).conversation
    draft = save_draft(actor=hana, conversation=conversation, text="Sorry!", at=NOON)
    ours = send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON)

    assert b"Thread-" not in ours.delivery.content


def test_an_answer_to_somebody_without_outlook_stays_in_the_thread_of_the_others(receive, hana):
    receive(by_outlook(1))
    taken = receive(reply_to_outlook())
    draft = save_draft(actor=hana, conversation=taken.conversation, text="Sorry!", at=NOON)
    ours = send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON)

    assert root_of(parse(ours.delivery.content).thread_index) == root_of(INDEX)


def reply_to_outlook() -> bytes:
    return mail(
        JAMES, "Re: Cold burger", "me too", message_id="7@phone.example",
        headers={"In-Reply-To": "<1@outlook.example>"}, date=NOON + timedelta(minutes=1),
    )  # fmt: skip


def test_an_answer_has_all_that_apple_mail_and_gmail_thread_by(receive, hana):
    receive(mail(message_id="1@example.com"))
    first = receive(reply(2, [1])).conversation
    draft = save_draft(actor=hana, conversation=first, text="Sorry!", at=NOON)
    sent = parse(send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON).delivery.content)

    assert sent.in_reply_to == "2@example.com"
    assert sent.references == ("1@example.com", "2@example.com")
    assert sent.subject == "Re: Cold burger"


def test_mail_of_outlook_is_filed_with_as_many_queries_as_any_other(receive, django_assert_max_num_queries):
    receive(by_outlook(1))
    many = [by_outlook(number, sender=f"P{number} <p{number}@example.com>") for number in range(2, 14)]
    channel = Channel.objects.get()
    store_raw(channel=channel, arrivals=[Arrival(raw, NOON) for raw in many], at=NOON)
    rows = claim_raw(limit=50, at=NOON)

    # One of them for what the playbooks of all their segments promise, one for whom somebody else met meanwhile, and
    # two, before the lock and under it, for whether anybody was erased.
    with django_assert_max_num_queries(34):
        take_in(arrivals=[(row, parse(row.content)) for row in rows], at=NOON)
    assert alive() == 13
