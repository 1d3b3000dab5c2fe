import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.search.snippets import marked, snippet
from dangol.search.words import plain, terms

LONG = (
    "We waited long. " * 30
    + "The burger was cold when it came to 마포구 배송지 주소. "
    + "Never again. " * 40
)


def shown(pieces) -> str:
    return "".join(f"[{piece.text}]" if piece.is_match else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "query", "wanted"),
    [
        ("Cold burger", "burger", "Cold [burger]"),
        ("Cold burger", "BURG", "Cold [burg]er"),
        ("Hamburger", "burger", "Hamburger"),  # a word begins where it begins
        ("The café is open", "cafe", "The [café] is open"),
        ("ＣＯＬＤ burger", "cold", "[ＣＯＬＤ] burger"),
        ("배송지 주소가 바뀌었어요", "배송", "[배송]지 주소가 바뀌었어요"),
        ("무료배송 쿠폰", "배송", "무료[배송] 쿠폰"),
        ("주문했는데요", "주", "[주]문했는데요"),
        ("Order MB-2041 is late", "mb 2041", "Order [MB]-[2041] is late"),
        ("Order MB-2041 is late", '"MB-2041"', "Order [MB-2041] is late"),
        ("cold coffee, cold burger", '"cold burger"', "cold coffee, [cold burger]"),
        ("sora@example.com", "sora@example", "[sora@example].com"),
        ("nothing here", "", "nothing here"),
        ("nothing here", "!?", "nothing here"),
        ("a <b> & c", "b", "a <[b]> & c"),
    ],
)
def test_what_matches_is_marked_as_it_was_written(text, query, wanted):
    assert shown(marked(text, query)) == wanted


def test_korean_typed_on_a_mac_is_marked_too():
    assert shown(marked(unicodedata.normalize("NFD", "무료 배송"), "배송")) == "무료 [배송]"


def test_a_snippet_shows_the_match_in_its_sentence():
    said = shown(snippet(LONG, "배송 cold"))
    assert "The burger was [cold] when it came" in said
    assert said.startswith("…")
    assert said.endswith("…")
    assert len(said) < 240


def test_a_short_text_is_shown_whole():
    assert shown(snippet("The burger\n was   cold.", "cold")) == "The burger was [cold]."


def test_a_text_without_a_match_is_shown_from_its_beginning():
    assert shown(snippet(LONG, "refund")).startswith("We waited long.")


@given(st.text(max_size=300), st.text(max_size=12))
def test_marking_never_fails_and_never_changes_a_letter(text, query):
    whole = " ".join(unicodedata.normalize("NFC", text).split())
    assert "".join(piece.text for piece in marked(text, query)) == whole
    snippet(text, query, length=40)


@given(
    st.text(alphabet="abcd12 배송지주문-.", max_size=60),
    st.text(alphabet="abcd12배송지주문", min_size=1, max_size=4),
)
def test_where_the_index_finds_a_word_it_is_marked(text, query):
    found = all(term.occurs_in(plain(text)) for term in terms(query))
    assert any(piece.is_match for piece in marked(text, query)) == found
