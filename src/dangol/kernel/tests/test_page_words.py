from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, reverse
from django.urls.base import set_script_prefix
from django.utils import timezone, translation
from django.utils.html import conditional_escape, urlize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangol.kernel import clock
from dangol.kernel.addresses import address
from dangol.kernel.durations import short_duration
from dangol.kernel.templatetags import dangol as words

NOW = datetime(2026, 11, 21, 3, 45, tzinfo=UTC)  # a Saturday, 12:45 in Seoul


@pytest.fixture(autouse=True)
def in_seoul(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with timezone.override(ZoneInfo("Asia/Seoul")):
        yield


def render(source: str, **context: object) -> str:
    return Template("{% load dangol %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("ago", "english", "korean"),
    [
        (timedelta(minutes=41), "12:04", "12:04"),
        (timedelta(days=4), "Tue", "화요일"),
        (timedelta(days=19), "2 Nov", "11월 2일"),
        (timedelta(days=400), "17 Oct 2025", "2025. 10. 17."),
    ],
)
def test_an_instant_is_said_in_the_fewest_words_that_tell_it_from_others(ago, english, korean):
    with translation.override("en"):
        assert words.shown_instant(NOW - ago) == english
    with translation.override("ko"):
        assert words.shown_instant(NOW - ago) == korean


def test_a_weekday_is_never_said_of_a_day_to_come():
    assert words.shown_instant(NOW + timedelta(days=2)) == "23 Nov"


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (12, "1 min", "1분"),
        (41 * 60 + 59, "41 min", "41분"),
        (2 * 3600 + 300, "2 h 5 min", "2시간 5분"),
        (20 * 3600 + 300, "20 h", "20시간"),
        (3 * 86400, "3 days", "3일"),
    ],
)
def test_a_wait_is_said_in_two_units_at_most(seconds, english, korean):
    with translation.override("en"):
        assert short_duration(seconds) == english
    with translation.override("ko"):
        assert short_duration(seconds) == korean


def test_words_of_a_customer_are_never_markup():
    html = render("{{ text|linked }}", text='<script>alert(1)</script> & "quotes" https://a.test/?x=1&y=<b>')

    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert '<a href="https://a.test/?x=1' in html
    assert "<b>" not in html


def test_a_link_in_a_message_opens_apart_and_tells_nobody_where_it_was_clicked():
    html = render("{{ text|linked }}", text="see https://a.test/menu")

    assert 'target="_blank"' in html
    assert "noreferrer" in html


def test_korean_words_are_marked_as_korean_for_those_who_hear_the_page():
    assert render("<p{{ text|tongue }}>", text="포장이 터졌어요") == '<p lang="ko">'
    assert render("<p{{ text|tongue }}>", text="Cold burger") == "<p>"


def test_an_icon_is_silent_beside_words_and_speaks_alone():
    assert 'aria-hidden="true"' in render('{% icon "inbox" %}')
    assert 'role="img" aria-label="Inbox"' in render('{% icon "inbox" "Inbox" %}')


def test_a_wait_carries_the_instants_by_which_the_browser_keeps_it_true():
    due = NOW + timedelta(minutes=3)
    html = render("{% elapsed since due warn %}", since=NOW - timedelta(minutes=7), due=due, warn=NOW)

    assert ">7 min<" in html
    assert f'data-due="{due.isoformat()}"' in html
    assert f'data-warn="{NOW.isoformat()}"' in html


def test_words_of_ours_are_in_the_language_of_each_page_though_looked_up_once():
    page = Template("{% translate 'Close' %}, {% translate 'Keys' as keys %}{{ keys }}")

    for _ in range(2):
        with translation.override("en"):
            assert page.render(Context()) == "Close, Keys"
        with translation.override("ko"):
            assert page.render(Context()) == "닫기, 단축키"


def test_a_picture_that_the_template_names_is_the_one_that_a_variable_names():
    assert render('{% icon "close" %}') == render("{% icon name %}", name="close")
    assert render('{% icon "close" as it %}') == ""
    assert 'aria-label="Shut"' in render('{% icon "close" "Shut" %}')


PIECES = [
    "http://", "HTTPS://", "http:", "www.", "WWW.", "@", ".", ".com", ".ORG", ".kr", "/a", "moon", "버거", " ", "\n",
    "(", ")", "<", "&", ";", ":", ",", "mailto:", "ſ", "İ",
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_words_without_an_address_are_passed_over_and_no_address_is(text):
    usual = urlize(conditional_escape(text), nofollow=True, autoescape=False)

    assert words.linked(text) == usual.replace(
        ' rel="nofollow">', ' rel="nofollow noopener noreferrer" target="_blank">'
    )


def test_an_address_is_what_django_says():
    for pk in (7, 8, 7):
        assert address("conversation", pk) == reverse("conversation", args=[pk])
        assert address("customer_identity_split", 7, pk) == reverse("customer_identity_split", args=[7, pk])
    assert address("join", "a{0}%") == reverse("join", args=["a{0}%"])
    with pytest.raises(NoReverseMatch):
        address("conversation", "x")
    with pytest.raises(NoReverseMatch):
        address("conversation", -7)
    set_script_prefix("/desk/")
    try:
        assert address("inbox") == "/desk/inbox/"
    finally:
        set_script_prefix("/")


def test_a_template_has_the_address_that_django_says_and_never_as_markup():
    for pk in (7, 8, 7):
        assert render("{% url 'conversation' pk %}", pk=pk) == reverse("conversation", args=[pk])
    assert render("{% url name pk %}", name="conversation", pk=7) == reverse("conversation", args=[7])
    assert (
        render("{% url 'conversation' pk as it %}<{{ it }}>", pk=7)
        == f"<{reverse('conversation', args=[7])}>"
    )
    token = "a&b'c"
    assert render("{% url 'join' token %}", token=token) == conditional_escape(reverse("join", args=[token]))
    with pytest.raises(NoReverseMatch):
        render("{% url 'conversation' pk %}", pk="")
