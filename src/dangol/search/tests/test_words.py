"""The rule of what matches, held against its definition."""

import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dangol.search.words import (
    LONGEST_QUERY,
    LONGEST_RUN,
    MOST_TOKENS,
    Term,
    fold,
    is_paired,
    plain,
    runs,
    terms,
    token_text,
    tokens,
)

SYLLABLES = "가나다라마주문배송지환불요청런단골김박"
LETTERS = "abcxyz"
texts = st.text(
    alphabet=st.one_of(
        st.sampled_from(SYLLABLES + LETTERS + "019 .,@-\n"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=60,
)


def matches(text: str, query: str) -> bool:
    """Whether the query finds the text, as an index would answer: by rows of tokens."""
    have = tokens(plain(text))
    wanted = terms(query)
    return bool(wanted) and all(_follow_each_other(term, have) for term in wanted)


def _follow_each_other(term: Term, have: list[str]) -> bool:
    *first, last = term.tokens
    for place in range(len(have) - len(first)):
        found = have[place + len(first)]
        if have[place : place + len(first)] == first and (
            found == last or (term.is_open and found.startswith(last))
        ):
            return True
    return False


@settings(deadline=None)
@given(texts, st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1), texts)
@example("내", "주문취소", "해주세요")
def test_any_part_of_a_korean_word_finds_it(before: str, word: str, after: str) -> None:
    text = before + word + after
    korean = [run for run in runs(text) if all("가" <= letter <= "힣" for letter in run)]
    for run in korean:
        for start in range(len(run)):
            for end in range(start + 1, min(start + 6, len(run)) + 1):
                assert matches(text, run[start:end])


@settings(deadline=None)
@given(texts, texts)
@example("주문 취소", "문취")
@example("주문 문취", "주문취")
@example("x2041", "204")
@example("2041", "041")
@example("a a1", "a 1")
def test_rows_of_tokens_find_exactly_what_the_definition_says(text: str, query: str) -> None:
    plain_text = plain(text)
    for term in terms(query):
        assert _follow_each_other(term, tokens(plain_text)) == term.occurs_in(plain_text)


@settings(deadline=None)
@given(texts)
def test_a_text_finds_itself_and_each_of_its_words(text: str) -> None:
    found = runs(text)
    assume(found)
    assert matches(text, f'"{" ".join(found)}"')
    for run in found:
        assert matches(text, run)


@settings(deadline=None)
@given(texts, st.integers(1, LONGEST_RUN + 5))
def test_the_beginning_of_a_word_finds_it_while_it_is_typed(text: str, length: int) -> None:
    for run in runs(text):
        # Long mixtures of letters and digits are codes: kept whole, and not looked for by half.
        if not is_paired(run) and (len(run) < 25 or run.isalpha() or run.isdigit()):
            assert matches(text, run[:length])


@settings(deadline=None)
@given(texts)
def test_what_is_kept_of_a_text_gives_the_same_tokens_again(text: str) -> None:
    kept = plain(text)
    assert plain(kept) == kept
    assert token_text(kept).split() == tokens(kept)


@settings(deadline=None)
@given(texts)
def test_tokens_hold_nothing_that_an_index_could_take_for_a_sign(text: str) -> None:
    for token in tokens(plain(text)):
        assert token
        assert all(letter.isalnum() if letter.isascii() else not letter.isspace() for letter in token)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_query_raises(query: str) -> None:
    for term in terms(query):
        assert term.tokens


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("배송지를 바꿔 주세요", "배송"),
        ("배송지를 바꿔 주세요", "배송지"),
        ("배송지를 바꿔 주세요", "송지"),
        ("배송지를 바꿔 주세요", "지"),
        ("배송지를 바꿔 주세요", "를"),
        ("배송지를 바꿔 주세요", "배"),
        ("런", "런"),
        ("카드결제가 안돼요", "결제"),
        ("주문 취소했어요", '"주문 취소"'),
        ("내주문 취소했어요", '"주문 취소"'),
        ("주문 2041번으로", "2041번"),
        ("주문 2041번으로", "2041"),
        ("Order MB-2041 is late", "mb-2041"),
        ("Order MB-2041 is late", "mb2041"),
        ("Order MB-2041 is late", "2041"),
        ("Order MB2041 is late", "2041"),
        ("Order MB2041 is late", "MB-20"),
        ("write to james@example.com", "james"),
        ("write to james@example.com", "example"),
        ("write to james@example.com", "james@example.com"),
        ("write to james@example.com", "james@exam"),
        ("Café Zoë", "cafe zoe"),
        ("cafe\u0301", "CAFÉ"),
        ("ＡＢＣ１２３", "abc123"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("ㅋㅋㅋ ㅏ", "ㅋㅋ"),
        ("ㅋㅏ", "ㅋ"),
        ("de\u00adliv\u200bery", "delivery"),
        (unicodedata.normalize("NFD", "환불"), "환불"),
        ("Straße", "strasse"),
        ("Мой заказ", "заказ"),
        ("मेरा ऑर्डर", "ऑर्डर"),
        ("東京都に送ってください", "京都"),
        ("thank you very much", '"thank you"'),
        ("thank you very much", "much thank"),
        ("thank you very much", "thank, you (very)"),
        ('a 27" screen', '27" scr'),
        ("snake_case", "case"),
    ],
)
def test_finds(text: str, query: str) -> None:
    assert matches(text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("배송지를 바꿔 주세요", "배지"),
        ("배송 취소지", "송지"),
        ("주문 취소", "문취"),
        ("주문 취소", '"취소 주문"'),
        ("주문을 취소", '"주문 취소"'),
        ("orders", "rders"),
        ("orders are late", "order late"),
        ("order", '"orde"'),
        ("thank him and you", '"thank you"'),
        ("12041", "2041"),
        ("anything", ""),
        ("anything", " \n\t"),
        ("anything", '"!?%^&*"'),
        ("anything", '"'),
        ("anything 😀", "😀"),
        ("any thing", "anything"),
    ],
)
def test_does_not_find(text: str, query: str) -> None:
    assert not matches(text, query)


@pytest.mark.parametrize("query", ["late OR lost", "late AND lost", "late NOT lost", "NEAR(late lost)"])
def test_words_of_a_query_language_are_just_words(query: str) -> None:
    assert not matches("it is late", query)


def test_signs_of_a_query_language_mean_nothing() -> None:
    assert terms("-late") == terms("late") == terms("late*") == terms("^late")
    assert terms("la*te") == terms("la-te")


def test_quotes_hold_words_together_and_a_lone_quote_does_not() -> None:
    assert [term.tokens for term in terms('"so late" again')] == [("so", "late"), ("again",)]
    assert [term.tokens for term in terms("“so late” again")] == [("so", "late"), ("again",)]
    assert [term.tokens for term in terms('5" so late')] == [("5",), ("so",), ("late",)]


def test_only_the_last_word_may_go_on_and_not_in_quotes() -> None:
    assert [term.is_open for term in terms("so late")] == [False, True]
    assert [term.is_open for term in terms('so "late"')] == [False, False]
    assert [term.is_open for term in terms("문 주문")] == [
        True,
        False,
    ]  # one syllable stands for all pairs with it


def test_encoded_data_does_not_bloat_the_index() -> None:
    blob = "a1b2c3d4" * 500
    assert tokens(plain(blob)) == [blob[:LONGEST_RUN]]
    assert matches(blob, blob)


def test_an_endless_text_is_indexed_up_to_a_limit() -> None:
    assert len(tokens(plain("단골" * MOST_TOKENS))) == MOST_TOKENS
    assert len(tokens(plain("regular " * MOST_TOKENS * 2))) == MOST_TOKENS
    assert len(tokens(plain("단골 regular " * MOST_TOKENS))) == MOST_TOKENS


def test_an_endless_query_is_cut() -> None:
    assert terms("regular " * LONGEST_QUERY) == terms("regular " * (LONGEST_QUERY // 8))


def test_text_that_is_no_valid_unicode_is_taken() -> None:
    assert runs("주문\ud800 ok\udcff") == ["주문", "ok"]
    assert fold("\ud800") == "\ud800"
