import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.customers.likeness import Facts, likeness, local_parts

SORA = frozenset({"kim sora"})


@pytest.mark.parametrize(
    ("one", "other", "signs", "is_enough"),
    [
        (Facts(names=SORA), Facts(names=SORA), ("name",), True),
        (Facts(names=SORA), Facts(names=frozenset({"james lee"})), (), False),
        (
            Facts(names=SORA, birthday=(2, 29)),
            Facts(names=SORA, birthday=(2, 29)),
            ("name_and_birthday",),
            True,
        ),
        (Facts(names=SORA, birthday=(2, 29)), Facts(names=SORA, birthday=(3, 1)), ("name", "other_birthday"), False),
        (Facts(names=SORA, birth_year=1980), Facts(names=SORA, birth_year=1981), ("name", "other_birthday"), False),
        (Facts(phones=frozenset({"01012344471"})), Facts(phones=frozenset({"01012344471"})), ("phone",), True),
        (Facts(emails=frozenset({"a@b.c"})), Facts(order_emails=frozenset({"a@b.c"})), ("order_email",), True),
        (Facts(company="moon"), Facts(company="moon"), ("company",), False),
        (
            Facts(emails=frozenset({"jihunpark@a.kr"}), company="moon"),
            Facts(emails=frozenset({"jihunpark@b.com"}), company="moon"),
            ("local_part", "company"),
            True,
        ),
        (Facts(), Facts(), (), False),
    ],
)  # fmt: skip
def test_signs_weigh_what_they_say(one, other, signs, is_enough):
    found = likeness(one, other)
    assert (found.signs, found.is_enough) == (signs, is_enough)


def test_a_word_that_many_addresses_begin_with_says_nothing():
    emails = frozenset({"info@a.com", "orders@a.com", "kim@a.com", "jihun.park+news@a.com"})
    assert local_parts(emails) == {"jihun.park"}


WORDS = st.frozensets(st.sampled_from(["kim sora", "james lee", "park jihun", "x"]), max_size=2)
EMAILS = st.frozensets(st.sampled_from(["sorakim@a.com", "sorakim@b.com", "james@a.com"]), max_size=2)
FACTS = st.builds(
    Facts,
    names=WORDS,
    phones=WORDS,
    emails=EMAILS,
    order_emails=EMAILS,
    birthday=st.none() | st.tuples(st.integers(1, 2), st.integers(1, 2)),
    birth_year=st.none() | st.integers(1980, 1982),
    address=st.sampled_from(["", "here"]),
    company=st.sampled_from(["", "moon"]),
)


@given(FACTS, FACTS)
def test_it_is_the_same_whoever_is_looked_at_first(one, other):
    assert likeness(one, other) == likeness(other, one)
