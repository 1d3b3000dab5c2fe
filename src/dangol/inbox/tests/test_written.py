import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.inbox.written import read_parties, write_parties


@pytest.mark.parametrize(
    ("line", "parties"),
    [
        ("", []),
        ("sora@example.com", [("", "sora@example.com")]),
        (
            "Sora Kim <sora@example.com>, james@example.org",
            [("Sora Kim", "sora@example.com"), ("", "james@example.org")],
        ),
        (
            "박지훈 <jihoon@example.kr>; hana@moonburger.test",
            [("박지훈", "jihoon@example.kr"), ("", "hana@moonburger.test")],
        ),
        ('"Kim, Sora" <sora@example.com>', [("Kim, Sora", "sora@example.com")]),
        ("sora", [("", "sora")]),
    ],
)
def test_people_are_read_as_they_are_typed(line, parties):
    assert [(each["name"], each["address"]) for each in read_parties(line)] == parties


def test_what_is_no_address_is_kept_to_be_corrected():
    kept = read_parties("Sora Kim <sora@example.com>, not an address <, james@example.org")

    assert any("not an address" in each["address"] or each["address"].startswith("not") for each in kept)


@given(
    st.lists(
        st.tuples(
            st.text("Sora Kim박지훈,;.<>@", max_size=12),
            st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.test", fullmatch=True),
        ),
        max_size=4,
    )
)
def test_what_is_written_is_read_again(people):
    parties = [{"name": name, "address": address} for name, address in people]

    again = read_parties(write_parties(parties))

    assert [each["address"] for each in again] == [address for _, address in people]
