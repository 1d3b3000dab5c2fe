from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import random
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.template.backends.django import DjangoTemplates
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe

from dangol.kernel import clock, components
from dangol.kernel.components import LARGEST_BYTES, Memo, render_component
from dangol.kernel.models import Event
from dangol.kernel.templatetags import pages

AT = datetime(2026, 11, 21, 3, 45, tzinfo=UTC)  # a Saturday, 12:45 in Seoul


@dataclass(frozen=True)
class Line:
    name: str
    at: datetime
    marks: tuple[str, ...] = ()


@pytest.fixture(autouse=True)
def memo(monkeypatch) -> Memo:
    monkeypatch.setattr(clock, "now", lambda: AT)
    memo = Memo()
    monkeypatch.setattr(components, "memo", memo)
    return memo


def template(source: str) -> Template:
    found = Template("{% load dangol %}" + source)
    found.origin.name = source
    return found


def made(source: str, **values) -> SafeString:
    return render_component(template(source), values, "token")


def test_what_was_made_from_equal_values_is_kept(memo):
    line = "{{ line.name }}, {{ line.marks|join:' ' }}, {% when line.at %}"

    first = made(line, line=Line("Sora", AT, ("late",)))
    assert first.startswith("Sora, late, <time")
    assert made(line, line=Line("Sora", AT, ("late",))) == first
    assert len(memo) == 1
    assert made(line, line=Line("Sora", AT, ("early",))).startswith("Sora, early")
    assert made(line, line=Line("James", AT, ("late",))).startswith("James")
    assert len(memo) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (1, 1.0),
        ("<b>", mark_safe("<b>")),
        (AT, AT.astimezone(ZoneInfo("Asia/Seoul"))),
        (AT, AT.isoformat()),
        (None, "None"),
        (("a", "b"), ("ab",)),
        ((("a",), "b"), ("a", ("b",))),
        (Line("Sora", AT), ("Sora", AT, ())),
    ],
)
def test_values_that_look_alike_are_told_from_each_other(memo, one, other):
    made("{{ value }}", value=one)
    made("{{ value }}", value=other)

    assert len(memo) == 2


def test_each_language_zone_and_day_has_its_own(monkeypatch):
    line = "{% translate 'Close' %} {% when at %}"

    def shown(language: str, zone: str) -> str:
        with translation.override(language), timezone.override(ZoneInfo(zone)):
            return made(line, at=AT - timedelta(minutes=41))

    assert "Close" in shown("en", "UTC")
    assert "닫기" in shown("ko", "UTC")
    assert ">03:04<" in shown("en", "UTC")
    assert ">12:04<" in shown("en", "Asia/Seoul")
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(days=1))
    assert ">Sat<" in shown("en", "UTC")
    assert "토요일" in shown("ko", "UTC")


def test_what_was_made_while_the_day_ended_is_not_kept(memo, monkeypatch):
    line = Line("Sora", AT)
    instants = iter([AT])  # the first is asked for the key
    monkeypatch.setattr(clock, "now", lambda: next(instants, AT + timedelta(days=1)))

    tomorrow = made("{% when line.at %}", line=line)

    assert len(memo) == 0
    monkeypatch.setattr(clock, "now", lambda: AT)
    assert made("{% when line.at %}", line=line) != tomorrow
    assert len(memo) == 1


def test_the_form_token_is_of_the_request_and_of_nothing_that_is_kept(memo):
    form = template("<form>{% csrf_token %}</form>")

    assert 'value="one"' in render_component(form, {}, "one")
    assert 'value="two"' in render_component(form, {}, "two")
    assert len(memo) == 1


def rendered(source: str, part: str, **context) -> str:
    page = Context(context)
    page.template = template("")
    page.template.engine = DjangoTemplates(
        {"NAME": "x", "DIRS": [], "APP_DIRS": False, "OPTIONS": {"loaders": [
            ("django.template.loaders.locmem.Loader", {"part.html": part})
        ]}}
    ).engine  # fmt: skip
    return Template(source).nodelist.render(page)


def test_nothing_of_the_page_around_is_seen():
    part = "{{ name }}, {{ secret }}{{ request }}"

    page = rendered('{% component "part.html" name=name %}', part, name="Sora", secret="of Hana")

    assert page == "Sora, "


def test_each_of_a_list_is_made_in_order_and_kept(memo):
    source = '{% component "part.html" for name in names %}'

    page = rendered(source, "<b>{{ name }}</b>{{ names }}", names=("Sora", "James", "Sora"))

    assert page == "<b>Sora</b><b>James</b><b>Sora</b>"
    assert len(memo) == 2
    assert rendered('{% component "part.html" name=name %}', "other", name="Sora") == "<b>Sora</b>"
    assert rendered(source, "<b>{{ name }}</b>", names=()) == ""


@pytest.mark.parametrize(
    "source",
    [
        "{% component part %}",
        '{% component "part.html" item %}',
        '{% component "part.html" for item of items %}',
        "{% component part for item in items %}",
    ],
)
def test_a_component_that_is_not_named_or_not_told_by_name_what_it_gets_is_a_mistake(source):
    with pytest.raises(TemplateSyntaxError):
        Template(source)


@pytest.mark.parametrize(
    "value", [object(), {"a": 1}, ["a"], timedelta(1), translation.gettext_lazy("Close")]
)
def test_what_could_change_without_its_key_is_refused(value):
    with pytest.raises(TypeError, match="plain values"):
        made("{{ value }}", value=value)


def test_the_memory_is_bounded_in_bytes_and_what_was_not_asked_for_longest_goes_first():
    memo = Memo(most_bytes=20_000)
    for number in range(100):
        memo.put(str(number).encode(), "x" * 1_000)
        assert memo.get(b"0") is not None
        assert memo.size <= 20_000

    assert 10 < len(memo) < 20
    assert memo.get(b"99") is not None
    assert memo.get(b"50") is None
    memo.clear()
    assert memo.size == len(memo) == 0


def test_the_same_put_twice_takes_its_place_once():
    memo = Memo()
    memo.put(b"1", "x")
    before = memo.size
    memo.put(b"1", "x")

    assert memo.size == before


def test_what_is_too_large_drives_nothing_out(memo):
    made("{{ text }}", text="short")
    long = "가" * LARGEST_BYTES

    assert made("{{ text }}", text=long) == long
    assert len(memo) == 1


class Reading(Template):
    """A template that looks at something besides its values."""

    def __init__(self, look) -> None:
        super().__init__("")
        self.origin.name, self.look = f"{look}", look

    def render(self, context: Context) -> SafeString:
        return SafeString(self.look())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "look",
    [lambda: clock.now(), lambda: Event.objects.count(), lambda: random()],
    ids=["clock", "rows", "luck"],
)
def test_every_test_finds_out_a_component_that_reads_more_than_its_values(look):
    around = components.surroundings()
    assert pages.render_component(Reading(lambda: "the same"), {}, "token", around) == "the same"
    with pytest.raises(AssertionError, match=r"was other before|asks the database"):
        pages.render_component(Reading(look), {}, "token", around)
