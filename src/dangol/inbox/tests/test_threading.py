from itertools import permutations

import pytest

from dangol.channels.email import tokens
from dangol.inbox.models import Conversation, Wait
from dangol.inbox.threading import mail_key
from tests.parts.cast import JAMES, SHOP, SORA, mail

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
