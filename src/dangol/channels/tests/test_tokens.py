import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.email.tokens import (
    make_message_id,
    make_tag,
    make_token,
    plus_address,
    read_message_id,
    read_plus_address,
    read_subject,
    read_token,
)

KEY = b"k" * 32
OTHER_KEY = b"o" * 32
IDS = st.integers(0, 2**63 - 1)


@given(IDS)
def test_every_conversation_is_read_back_from_all_three_places(number: int) -> None:
    assert read_message_id(KEY, make_message_id(KEY, number, "a1", "moonburger.test")) == number
    assert read_plus_address(KEY, plus_address(KEY, number, "shop@moonburger.test")) == number
    assert read_subject(KEY, f"Re: 주문 {make_tag(KEY, number)} 문의") == number


@given(IDS)
def test_another_installation_reads_nothing(number: int) -> None:
    assert read_token(OTHER_KEY, make_token(KEY, number)) is None
    assert read_message_id(OTHER_KEY, make_message_id(KEY, number, "a1", "moonburger.test")) is None


@given(IDS, IDS)
def test_a_signature_does_not_fit_another_conversation(number: int, other: int) -> None:
    signature = make_token(KEY, number).partition("-")[2]
    forged = make_token(KEY, other).partition("-")[0] + "-" + signature
    assert read_token(KEY, forged) == (number if number == other else None)


@given(IDS, st.data())
def test_a_token_with_one_letter_changed_is_no_token(number: int, data: st.DataObject) -> None:
    token = make_token(KEY, number)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(
        st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-+.").filter(lambda x: x != token[at])
    )
    assert read_token(KEY, token[:at] + letter + token[at + 1 :]) is None


@given(st.text())
def test_nothing_that_strangers_write_is_read_as_ours(text: str) -> None:
    assert read_token(KEY, text) is None
    assert read_message_id(KEY, text) is None
    assert read_plus_address(KEY, text) is None
    assert read_subject(KEY, text) is None


@given(st.from_regex(r"c[1-9a-z][0-9a-z]{0,12}-[a-z2-7]{12}", fullmatch=True))
def test_a_token_that_only_looks_right_is_not_read(token: str) -> None:
    assert read_token(KEY, token) is None


@given(IDS, st.data())
def test_servers_may_change_the_case_of_an_address(number: int, data: st.DataObject) -> None:
    address = plus_address(KEY, number, "Shop@MoonBurger.test")
    cases = data.draw(st.lists(st.booleans(), min_size=len(address), max_size=len(address)))
    changed = "".join(
        letter.upper() if up else letter.lower() for letter, up in zip(address, cases, strict=True)
    )
    assert read_plus_address(KEY, changed) == number


def test_a_mailbox_that_has_a_plus_already_keeps_it() -> None:
    address = plus_address(KEY, 7, "shop+orders@moonburger.test")
    assert address.startswith("shop+orders+c7-")
    assert read_plus_address(KEY, address) == 7
    assert read_plus_address(KEY, address.replace("@", "+more@")) == 7
    assert read_plus_address(KEY, "shop+orders@moonburger.test") is None


def test_a_mailbox_with_a_very_long_name_goes_without() -> None:
    long = "x" * 50 + "@moonburger.test"
    assert plus_address(KEY, 7, long) == long
    with pytest.raises(ValueError, match="address"):
        plus_address(KEY, 7, "no address")


def test_a_message_id_carries_the_host_of_the_mailbox() -> None:
    message_id = make_message_id(KEY, 7, "a1", "MoonBurger.test")
    assert message_id.endswith(".a1@moonburger.test")
    assert make_message_id(KEY, 7, "a1", "달버거.test").endswith("@xn--v69az6js0i.test")
    assert read_message_id(KEY, f" <{message_id.upper()}>") == 7


@pytest.mark.parametrize(
    ("unique", "host"),
    [
        ("a b", "x.test"),
        ("a>\r\nBcc: x@y.test", "x.test"),
        ("", "x.test"),
        ("a", "x y"),
        ("a", ""),
        ("a", "x>.test"),
    ],
)
def test_a_message_id_that_would_break_its_header_is_refused(unique: str, host: str) -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        make_message_id(KEY, 7, unique, host)


def test_a_token_is_an_hmac_and_short_enough_for_a_local_part() -> None:
    digest = hmac.digest(KEY, b"dangol:conversation-in-mail:35", hashlib.sha256)
    assert make_token(KEY, 35) == "cz-" + base64.b32encode(digest).decode().lower()[:12]
    assert len(make_token(KEY, 2**63 - 1)) <= 27


def test_the_first_genuine_tag_in_a_subject_counts() -> None:
    forged = make_tag(OTHER_KEY, 1)
    assert read_subject(KEY, f"[#123] {forged} Fwd: {make_tag(KEY, 9).upper()}") == 9


def test_a_letter_that_only_folds_to_one_of_ours_is_not_read() -> None:
    token = next(token for number in range(1000) if "k" in (token := make_token(KEY, number)))
    assert read_token(KEY, token.replace("k", "\N{KELVIN SIGN}")) is None


def test_leading_zeros_and_a_weak_key_are_refused() -> None:
    digits, _, signature = make_token(KEY, 5).partition("-")
    assert read_token(KEY, f"c0{digits[1:]}-{signature}") is None
    with pytest.raises(ValueError, match="key"):
        make_token(b"short", 5)
    with pytest.raises(ValueError, match="positive"):
        make_token(KEY, -1)
