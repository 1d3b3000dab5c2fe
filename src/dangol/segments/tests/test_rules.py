import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.segments.errors import EmptyGroup, NoConditions, NotANumber, NothingChosen, RuleUnclear, TooMuch
from dangol.segments.rules import (
    GENERATION_KEYS,
    All,
    AnyOf,
    Flag,
    Not,
    Number,
    OneOf,
    Rule,
    checked,
    read_rule,
    write_rule,
)

CONDITIONS: st.SearchStrategy[Rule] = st.one_of(
    st.builds(
        OneOf,
        st.just("generation"),
        st.lists(st.sampled_from(GENERATION_KEYS), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(OneOf, st.just("language"), st.sampled_from([("en",), ("ko",), ("en", "ko")])),
    st.builds(OneOf, st.just("tag"), st.sampled_from([("1",), ("2", "12")])),
    st.builds(OneOf, st.just("consent"), st.sampled_from([("news",), ("survey", "news")])),
    st.builds(
        Number,
        st.sampled_from(["orders", "spent", "complaints"]),
        st.sampled_from(["at_least", "at_most"]),
        st.integers(0, 60_000),
        st.booleans(),
    ),
    st.builds(
        Number,
        st.sampled_from(["tenure", "last_order", "last_seen", "has_brought"]),
        st.sampled_from(["at_least", "at_most"]),
        st.integers(0, 60),
    ),
    st.builds(Flag, st.sampled_from(["company", "birth_year_known", "was_brought"])),
)


def _grown(inner: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(All, parts), st.builds(AnyOf, parts), st.builds(Not, inner))


RULES = st.recursive(CONDITIONS, _grown, max_leaves=6)


@given(RULES)
def test_a_rule_is_the_same_after_it_was_kept(rule):
    kept = write_rule(rule)
    try:
        checked(rule)
    except TooMuch:
        with pytest.raises(TooMuch):
            read_rule(kept)
    else:
        assert read_rule(kept) == rule


NOT_TEXT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "fact", "in", "at_least", "version", "rule"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(NOT_TEXT)
def test_whatever_else_is_kept_is_refused_with_one_sentence(kept):
    for each in (kept, {"version": 1, "rule": kept}):
        assert _said_or_kept(each)


def _said_or_kept(kept) -> bool:
    try:
        rule = read_rule(kept)
    except RuleUnclear as refused:
        return bool(str(refused).strip())
    return read_rule(write_rule(rule)) == rule


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        (All(()), NoConditions),
        (All((Flag("company"), AnyOf(()))), EmptyGroup),
        (OneOf("generation", ()), NothingChosen),
        (OneOf("generation", ("x", "next")), RuleUnclear),
        (OneOf("tag", ("vip",)), RuleUnclear),
        (OneOf("brought_by", ("Sora",)), RuleUnclear),
        (OneOf("language", ("ko", "k\0")), RuleUnclear),
        (Number("orders", "at_least", -1), NotANumber),
        (Number("tenure", "at_least", 40_000), NotANumber),
        (Number("tenure", "at_least", 4, in_year=True), RuleUnclear),
        (Number("score", "at_least", 4), RuleUnclear),
        (Flag("angry"), RuleUnclear),
        (All((Flag("company"),) * 31), TooMuch),
        (All((All((All((All((Flag("company"),)),)),)),)), TooMuch),
    ],
)
def test_a_rule_that_cannot_be_counted_is_refused(rule, refusal):
    with pytest.raises(refusal):
        checked(rule)
