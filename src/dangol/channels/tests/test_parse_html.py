"""HTML of mail: nothing runs, nothing loads, nothing hides; and it can be read as text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.channels.email.html import content_ids, sanitise
from dangol.channels.email.html_text import text_of


def clean(source: str) -> str:
    return sanitise(source).html


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        '<img src="x" onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" JaVaScRiPt:alert(1)">x</a>',
        '<svg onload="alert(1)"></svg>',
        '<iframe src="http://evil.example"></iframe>',
        '<form action="http://evil.example"><input name="password"></form>',
        "<style>body{display:none}</style>",
        '<meta http-equiv="refresh" content="0;url=http://evil.example">',
        '<base href="http://evil.example">',
        '<object data="http://evil.example"></object>',
        '<p style="background:url(http://evil.example/p)">x</p>',
        '<p style="background-color:url(http://evil.example/p)">x</p>',
        '<td background="http://evil.example/p">x</td>',
        '<link rel="stylesheet" href="http://evil.example">',
        '<img srcset="http://evil.example/p 2x">',
        '<video poster="http://evil.example/p"></video>',
        '<img src="data:image/svg+xml;base64,AAAA">',
    ],
)
def test_nothing_runs_and_nothing_loads(source: str) -> None:
    cleaned = clean(source)
    for word in ("alert", "evil", "<form", "<input", "<style", "svg"):
        assert word not in cleaned.lower()


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "visibility:hidden",
        "position:absolute",
        "font-size:0",
        "font-size:0px",
        "opacity:0",
        "margin-left:-9999px",
        "color:transparent",
        "max-width:0",
        "text-indent:-1000px",
        "height:0",
    ],
)
def test_nothing_hides(style: str) -> None:
    assert clean(f'<p style="{style}">x</p>') == "<p>x</p>"


def test_styles_that_do_no_harm_stay() -> None:
    source = '<p style="color:red;display:none;font-size:10px;margin:0">x</p>'
    assert clean(source) == '<p style="color:red;font-size:10px;margin:0">x</p>'


def test_links_open_elsewhere_and_lead_nowhere_inside() -> None:
    cleaned = clean('<a href="https://shop.example/">x</a><a href="/staff/">y</a>')
    assert cleaned.count('target="_blank"') == 2
    assert 'rel="noopener noreferrer nofollow"' in cleaned
    assert "/staff/" not in cleaned


def test_pictures_from_the_network_wait_for_a_click() -> None:
    cleaned = clean(
        '<img src="http://x.example/a.png" alt="a"><img src="//x.example/b.png"><img src="/c.png">'
    )
    assert ' src="' not in cleaned
    assert 'data-remote-src="http://x.example/a.png"' in cleaned
    assert 'data-remote-src="https://x.example/b.png"' in cleaned
    assert "c.png" not in cleaned


def test_a_sender_cannot_set_what_waits_for_a_click() -> None:
    cleaned = clean('<img data-remote-src="javascript:alert(1)" src="x-dangol-remote:javascript:alert(1)">')
    assert cleaned == "<img>"


def test_pictures_of_the_mail_itself_stay() -> None:
    cleaned = clean('<img src="cid:a@b"><img src="data:image/png;base64,AAAA">')
    assert content_ids(cleaned) == {"a@b"}
    assert "data:image/png" in cleaned


def test_tables_stay() -> None:
    source = '<table width="600"><tr><td colspan="2" bgcolor="#fff">x</td></tr></table>'
    assert 'colspan="2"' in clean(source)
    assert 'bgcolor="#fff"' in clean(source)


def test_text_has_paragraphs_lists_cells_and_marked_quotations() -> None:
    source = (
        "<p>Hello  there,<br>you</p><ol><li>one<li>two</ol><table>"
        "<tr><td>Burger<td>2</tr><tr><td>Cola<td>1</tr></table>"
        '<a href="https://moon.example/o/1">Order</a><blockquote>old<blockquote>older</blockquote></blockquote>'
        "<pre>a\n  b</pre>"
    )
    assert text_of(clean(source)) == (
        "Hello there,\nyou\n\n1. one\n2. two\n\nBurger 2\nCola 1\nOrder <https://moon.example/o/1>\n\n> old\n>\n"
        "> > older\n\na\n  b"
    )


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 100000,
        "<b>x" * 50000,
        "<" * 300000,
        "<blockquote>x" * 1900,
        "<ul><li>x" * 1900,
        "<p>x" * 100000,
        "<table><tr><td>" * 30000,
        '<a href="x' * 50000,
        "&amp;" * 100000,
        "<p " + "a=b " * 100000,
    ],
)
def test_html_beyond_reason_takes_no_time(source: str) -> None:
    started = time.process_time()
    text_of(clean(source))
    assert time.process_time() - started < 4


def test_words_of_html_beyond_reason_are_kept() -> None:
    cleaned = sanitise("<div>" * 5_000 + "<script>no</script>hello<br>you")
    assert cleaned.warning == "html:too-deep"
    assert text_of(cleaned.html) == "hello\nyou"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/=\"' abimgsrcdivtable&;:#-!x0\n가", max_size=200))
def test_any_html_gives_html_and_text(source: str) -> None:
    cleaned = clean(source)
    assert clean(cleaned.replace("data-remote-src", "src")) is not None
    assert "\x00" not in text_of(cleaned)


@pytest.mark.parametrize(
    "source",
    [
        "<p>"
        + "".join(f"<b title={n}>" for n in range(1_000))
        + "</p><p>hello" * 2_000,  # gigabytes, by the standard
        "<b>hello</i>" * 40_000,
        "<a><p>hello" * 40_000,
        "<table><td>hello" * 20_000,
    ],
)
def test_formatting_that_nobody_closes_neither_multiplies_nor_takes_long(source: str) -> None:
    began = time.process_time()
    cleaned = sanitise(source)
    assert time.process_time() - began < 5
    assert "hello" in cleaned.html
    assert len(cleaned.html) < 10_000_000


def test_a_newsletter_of_many_unclosed_paragraphs_stays_html() -> None:
    assert sanitise("<div><p>one<br><font color=red>two</font>" * 1_000).warning is None


@pytest.mark.parametrize("piece", ["<script ", "<script>", "<style", "<head ", "<title>a"])
def test_tags_that_nobody_ends_take_no_time_in_html_that_is_too_long(piece: str) -> None:
    began = time.process_time()
    assert sanitise("<p>hello</p>" + piece * (1_100_000 // len(piece))).warning == "html:too-long"
    assert time.process_time() - began < 8  # it was minutes
