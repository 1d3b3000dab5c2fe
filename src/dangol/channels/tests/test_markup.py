import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.email.markup import to_html, to_text


def links(markdown: str) -> list[str]:
    return re.findall(r'<a href="([^"]+)"', to_html(markdown))


def test_a_link_shows_its_words_and_in_plain_text_its_address_too() -> None:
    assert '<a href="https://moonburger.test/menu">메뉴</a>' in to_html(
        "[메뉴](https://moonburger.test/menu)"
    )
    assert (
        to_text("[메뉴](https://moonburger.test/menu)를 보세요")
        == "메뉴 (https://moonburger.test/menu)를 보세요"
    )
    assert to_text("<https://moonburger.test>") == "https://moonburger.test"
    assert to_text("[shop@moonburger.test](mailto:shop@moonburger.test)") == "shop@moonburger.test"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://moonburger.test/menu에서 보세요", "https://moonburger.test/menu"),
        ("https://moonburger.test/에서 보세요", "https://moonburger.test/"),
        ("https://moonburger.test입니다.", "https://moonburger.test"),
        ("(https://moonburger.test/a_(b)_c).", "https://moonburger.test/a_(b)_c"),
        ("see https://moonburger.test/?q=1&b=*2*, please", "https://moonburger.test/?q=1&amp;b=*2"),
        ("https://moonburger.test/wiki/한국", "https://moonburger.test/wiki/%ED%95%9C%EA%B5%AD"),
        ("**https://moonburger.test/a**", "https://moonburger.test/a"),
    ],
)
def test_a_web_address_is_a_link_without_what_only_follows_it(text: str, address: str) -> None:
    assert links(text) == [address]


@pytest.mark.parametrize(
    "text", ["[x](javascript:alert(1))", "<javascript:alert(1)>", "https://", "xhttps://a.test"]
)
def test_what_is_no_safe_address_is_no_link(text: str) -> None:
    assert links(text) == []


def test_korean_is_emphasised_without_the_space_that_it_does_not_write() -> None:
    assert "<strong>&quot;달빛 세트&quot;</strong>는" in to_html('**"달빛 세트"**는')
    assert "<strong>(중요)</strong>입니다" in to_html("이건**(중요)**입니다")


@pytest.mark.parametrize(
    "typed",
    [
        "5*3*2 = 30",
        "2026. 11. 22. 일요일",
        "11. 22. 일요일",
        "02) 123-4567",
        "2026) x",
        "snake_case_name",
        "[1]: http//x.test",
        "<b>bold</b> & &amp;",
        "C:\\Users",
        "#1 주문",
        "a < b > c",
    ],
)
def test_what_was_not_meant_as_markdown_comes_out_as_typed(typed: str) -> None:
    assert to_text(typed) == typed
    assert "<ol" not in to_html(typed)
    assert "<em>" not in to_html(typed)
    assert "<b>" not in to_html(typed)


def test_a_line_of_hyphens_makes_no_heading_and_four_spaces_no_code() -> None:
    assert "<h" not in to_html("주문번호: 12\n---").replace("<hr", "")
    assert "<pre" not in to_html("가\n\n    네 칸")


def test_one_enter_is_a_new_line() -> None:
    assert "<br />" in to_html("안녕하세요.\n달버거입니다.")
    assert (
        to_text("안녕하세요.\n달버거입니다.\n\n\n\n감사합니다.")
        == "안녕하세요.\n달버거입니다.\n\n감사합니다."
    )


def test_lists_and_quotes_read_well_as_plain_text() -> None:
    source = "1) bun\n2) patty\n   - beef\n   - bean\n\n> cold\n> fries\n\n```\n a  b\n```"
    assert to_text(source) == "1) bun\n2) patty\n   - beef\n   - bean\n\n> cold\n> fries\n\n a  b"
    assert to_text("- a\n\n- b") == "- a\n\n- b"
    assert to_text("3. c\n4. d") == "3. c\n4. d"
    assert 'start="3"' in to_html("3. c\n4. d")


def test_pictures_are_named_in_plain_text() -> None:
    assert to_text("![달버거](https://moonburger.test/b.png)") == "달버거 (https://moonburger.test/b.png)"


@given(st.text())
def test_no_html_of_the_writers_comes_through(text: str) -> None:
    html = to_html(text)
    allowed = r"</?(p|br|a|strong|em|ul|ol|li|blockquote|h[1-6]|hr|pre|code|img)( [^<>]*)?/?>"
    assert "<" not in re.sub(allowed, "", html)
    assert not re.search(r'(href|src)="\s*(javascript|vbscript|file):', html, re.IGNORECASE)


@given(st.text(alphabet="가나a1 \n*_-.>#`[](){}!:/\\", max_size=60))
def test_no_letter_is_lost_on_the_way_to_plain_text(text: str) -> None:
    letters = re.sub(r"[^가나a1]", "", text)
    # A fence's first line names a language and is not shown.
    if "```" not in text:
        assert re.sub(r"[^가나a1]", "", to_text(text)) == letters
