from dataclasses import replace

import pytest

from dangol.channels.guard import (
    ANY_KIND_PER_ADDRESS,
    PER_MAILBOX,
    SAME_KIND_PER_ADDRESS,
    AlreadySent,
    why_not,
)

NOTHING = AlreadySent(0, 0, 0)
OURS = ["shop@moonburger.test", "hello@moonburger.test"]


def ask(
    recipient: str | None = "sora@customer.test",
    *,
    no_answer: str | None = None,
    is_silent: bool = False,
    has_bounced: bool = False,
    already_sent: AlreadySent = NOTHING,
) -> str | None:
    return why_not(
        no_answer=no_answer,
        is_silent=is_silent,
        recipient=recipient,
        our_addresses=OURS,
        has_bounced=has_bounced,
        already_sent=already_sent,
    )


def test_a_person_who_wrote_may_get_an_answer() -> None:
    assert ask() is None


@pytest.mark.parametrize("word", ["auto-submitted", "list", "null-return-path", "no-reply", "bounce", "own"])
def test_what_the_message_says_of_itself_counts(word: str) -> None:
    assert ask(no_answer=word) == word


def test_an_import_answers_nobody_whatever_else_holds() -> None:
    assert ask(is_silent=True) == "silent"
    assert ask(is_silent=True, no_answer="list") == "silent"


@pytest.mark.parametrize(
    "address", [None, "", "sora", "sora@", "@customer.test", "so ra@x.test", "a@b@", "x@-.test"]
)
def test_what_is_no_address_gets_nothing(address: str | None) -> None:
    assert ask(address) == "invalid-address"


@pytest.mark.parametrize(
    "address", ["shop@moonburger.test", "SHOP@MoonBurger.Test", "hello+c1-abcdefghijkl@moonburger.test"]
)
def test_we_never_answer_ourselves(address: str) -> None:
    assert ask(address) == "own"


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("MAILER-DAEMON@x.test", "mailer-daemon"),
        ("mailerdaemon@x.test", "mailer-daemon"),
        ("Postmaster@x.test", "postmaster"),
        ("no-reply@x.test", "no-reply"),
        ("noreply@x.test", "no-reply"),
        ("do_not_reply@x.test", "no-reply"),
        ("DoNotReply@x.test", "no-reply"),
        ("orders-noreply@x.test", "no-reply"),
        ("noreply+abc@x.test", "no-reply"),
        ("noreply2@x.test", "no-reply"),
        ("no.reply.kr@x.test", "no-reply"),
    ],
)
def test_nobody_reads_there(address: str, word: str) -> None:
    assert ask(address) == word


@pytest.mark.parametrize("address", ["noreen@x.test", "reply@x.test", "casanoreplyn@x.test", "norep@x.test"])
def test_people_whose_names_only_resemble_machines_are_answered(address: str) -> None:
    assert ask(address) is None


def test_an_address_that_bounced_for_good_gets_nothing_automatic() -> None:
    assert ask(has_bounced=True) == "bounced"


@pytest.mark.parametrize(
    ("field", "cap", "word"),
    [
        ("same_kind_to_address", SAME_KIND_PER_ADDRESS, "cap-kind"),
        ("any_kind_to_address", ANY_KIND_PER_ADDRESS, "cap-address"),
        ("from_mailbox", PER_MAILBOX, "cap-mailbox"),
    ],
)
def test_each_cap_lets_the_last_one_through_and_holds_the_next(field: str, cap: int, word: str) -> None:
    assert ask(already_sent=replace(NOTHING, **{field: cap - 1})) is None
    assert ask(already_sent=replace(NOTHING, **{field: cap})) == word


def test_two_machines_stop_within_three_mails() -> None:
    sent = 0
    for _ in range(1000):
        if ask(already_sent=AlreadySent(sent, sent, sent)) is None:
            sent += 1
    assert sent == SAME_KIND_PER_ADDRESS == 3
