import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.email.addresses import is_one_of, needs_smtputf8, normalise, without_plus


@pytest.mark.parametrize(
    ("given_address", "expected"),
    [
        ("Sora@Customer.TEST", "Sora@customer.test"),
        (" <sora@customer.test> ", "sora@customer.test"),
        ("sora@고객.test", "sora@xn--i49alo.test"),
        ("박지훈@customer.test", "박지훈@customer.test"),
        ("a..b@docomo.test", "a..b@docomo.test"),
        ('"so ra"@customer.test', '"so ra"@customer.test'),
        ("sora@[192.0.2.1]", "sora@[192.0.2.1]"),
        ("sora@customer.test.", "sora@customer.test"),
    ],
)
def test_an_address_is_read_as_it_can_be_delivered_to(given_address: str, expected: str) -> None:
    assert normalise(given_address) == expected


@pytest.mark.parametrize(
    "bad",
    [
        "sora",
        "@customer.test",
        "sora@",
        "so ra@customer.test",
        "sora@cust omer.test",
        "a@b@customer.test",
        "sora@customer..test",
        "sora,tom@customer.test",
        "sora@customer.test\r\nBcc: tom@x.test",
        "so\r\nra@customer.test",
        "x" * 65 + "@customer.test",
        '"a\r\nb"@customer.test',
        "sora@" + "x" * 64 + ".test",
    ],
)
def test_what_cannot_be_delivered_to_is_none(bad: str) -> None:
    assert normalise(bad) is None


@given(st.text())
def test_what_is_read_stays_the_same_and_never_breaks_a_line(text: str) -> None:
    once = normalise(text) or normalise(f"{text}@x.test") or normalise(f"a@{text}")
    if once:
        assert normalise(once) == once
        assert "\r" not in once
        assert "\n" not in once
        assert once.rpartition("@")[2].isascii()


def test_only_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    assert needs_smtputf8("박지훈@customer.test")
    assert not needs_smtputf8(normalise("sora@고객.test") or "")


def test_an_address_of_ours_is_known_in_any_case_and_with_any_plus() -> None:
    assert without_plus("Shop+c1-abc@MoonBurger.test") == "shop@moonburger.test"
    assert is_one_of("SHOP+x+y@moonburger.test", ["Shop+orders@moonburger.test"])
    assert not is_one_of("shop@elsewhere.test", ["shop@moonburger.test"])
    assert not is_one_of(None, ["shop@moonburger.test"])
