"""What pages say in the same way everywhere: {% load dangol %}."""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from django import template
from django.template.base import Node, Parser, TextNode, Token
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext

from dangol.kernel import clock
from dangol.kernel.durations import short_duration
from dangol.kernel.faces import initials, tint
from dangol.kernel.icons import ICONS

register = template.Library()
_HANGUL: Final = re.compile("[가-힣]")
# Django parts a text at these to make links of some of its words, and looks long at each.
_BREAK: Final = re.compile(r"""[\s<>"']""")
# Something of this is in whatever it makes a link of; most words have none.
_MAY_LINK: Final = re.compile(r"https?://|www\.|@|\.(?:com|edu|gov|int|mil|net|org)", re.IGNORECASE)
_LONGEST_KEPT: Final = 200  # letters of a word


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """The picture inline; with a label it is read aloud, without it stands beside words that say the same."""
    said = format_html(' role="img" aria-label="{}"', label) if label else ' aria-hidden="true"'
    return mark_safe(f'<svg class="icon" viewBox="0 0 24 24"{said}>{ICONS[name]}</svg>')  # noqa: S308


_icon_of_a_variable: Final[Callable[[Parser, Token], Node]] = register.tags["icon"]


@register.tag("icon")
def compile_icon(parser: Parser, token: Token) -> Node:
    """A picture that is named in the template is part of it, as if it stood there."""
    words = token.split_contents()[1:]
    if len(words) == 1 and words[0][0] == words[0][-1] == '"':
        return TextNode(icon(words[0][1:-1]))
    return _icon_of_a_variable(parser, token)


@register.simple_tag
def face(name: str, size: str = "") -> SafeString:
    """Letters for a person; hidden from screen readers, since the name stands beside it."""
    return mark_safe(  # noqa: S308  (letters and digits, and classes of ours)
        f'<span class="{" ".join(filter(None, ("face", tint(name), size)))}" aria-hidden="true">{initials(name)}</span>'
    )


@register.simple_tag
def when(at: datetime | None) -> SafeString:
    """An instant in the fewest words that tell it from others: 12:04, Tue, 2 Nov, 2 Nov 2025."""
    if at is None:
        return SafeString("")
    # A page says fifty: zone and language are asked for once each.
    zone, language = timezone.get_current_timezone(), get_language()
    local, today = at.astimezone(zone), clock.now().astimezone(zone).date()
    return _time(at, local, _shown(local, today, language), language)


@register.simple_tag
def clock_time(at: datetime) -> SafeString:
    """The time of day: 12:04. The day is said elsewhere."""
    local = timezone.localtime(at)
    return _time(at, local, _hour(local), get_language())


@register.simple_tag
def elapsed(since: datetime, due: datetime | None = None, warn: datetime | None = None) -> SafeString:
    """How long it has been, kept up to date in the browser; past `warn` and `due` the chip around it changes."""
    seconds = (clock.now() - since).total_seconds()
    extra = SafeString("")
    if due is not None:
        extra += format_html(' data-due="{}"', due.isoformat())
    if warn is not None:
        extra += format_html(' data-warn="{}"', warn.isoformat())
    return format_html(
        '<relative-time datetime="{}"{} title="{}">{}</relative-time>',
        since.isoformat(),
        extra,
        full_instant(since),
        short_duration(seconds),
    )


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in words: "2 h 5 min"; a dash where nothing was measured."""
    return "–" if seconds is None else short_duration(seconds)


@register.filter
def day(at: datetime) -> str:
    """The day as a heading: Saturday, 21 November."""
    local = timezone.localtime(at)
    is_this_year = local.year == timezone.localtime(clock.now()).year
    return _day(local.date(), "l, j F" if is_this_year else "l, j F Y", get_language())


@register.filter
def full_time(at: datetime) -> str:
    """The instant in full, for titles."""
    return full_instant(at)


@register.filter
def short_time(at: datetime) -> str:
    """A time in the days to come: Mon 23 Nov, 09:00."""
    return date_format(timezone.localtime(at), pgettext("date format", "D j M, H:i"))


@register.filter
def tongue(text: str | None) -> SafeString:
    """A lang attribute for words that are not in the page's language: Hangul is Korean, all else unsaid."""
    if text and not text.isascii() and _HANGUL.search(text, 0, 400):
        return SafeString(' lang="ko"')
    return SafeString("")


@register.filter
def linked(text: str) -> SafeString:
    """Plain text with its web addresses as links that open apart and tell nobody where they were clicked."""
    escaped = conditional_escape(text)
    pieces, done = [], 0
    for found in _MAY_LINK.finditer(escaped):
        if found.start() < done:
            continue
        begin, behind = found.start(), _BREAK.search(escaped, found.end())
        while begin > done and not _BREAK.match(escaped, begin - 1):
            begin -= 1
        end = behind.start() if behind else len(escaped)
        pieces += [escaped[done:begin], _linked_word(escaped[begin:end])]
        done = end
    # Escaped above; only urlize has written tags since.
    return mark_safe("".join([*pieces, escaped[done:]])) if pieces else escaped  # noqa: S308


def _linked_word(word: str) -> str:
    return _kept_link(word) if len(word) <= _LONGEST_KEPT else _link(word)


@lru_cache(maxsize=1024)
def _kept_link(word: str) -> str:
    # The same few addresses stand in the signatures and quotes of all letters.
    return _link(word)


def _link(word: str) -> str:
    html = urlize(mark_safe(word), nofollow=True, autoescape=False)  # noqa: S308
    return html.replace(' rel="nofollow">', ' rel="nofollow noopener noreferrer" target="_blank">')


@register.filter
def urlquote(text: Any) -> str:
    """For a part of an address."""
    return quote(str(text), safe="")


def shown_instant(at: datetime) -> str:
    """12:04 today, a weekday within the last six days, else the date."""
    return _shown(timezone.localtime(at), timezone.localtime(clock.now()).date(), get_language())


def full_instant(at: datetime) -> str:
    """Saturday, 21 November 2026, 12:04."""
    return _full(timezone.localtime(at), get_language())


def _shown(local: datetime, today: date, language: str | None) -> str:
    day = local.date()
    if day == today:
        return _hour(local)
    if 0 < today.toordinal() - day.toordinal() < 7:
        return _day(day, "D", language)
    return _day(day, "j M" if day.year == today.year else "j M Y", language)


def _full(local: datetime, language: str | None) -> str:
    return f"{_day(local.date(), 'l, j F Y', language)}, {_hour(local)}"


def _hour(local: datetime) -> str:
    return f"{local.hour:02}:{local.minute:02}"


@lru_cache(maxsize=512)
def _day(day: date, pattern: str, language: str | None) -> str:
    # A page names the same few days again and again, and Django's formatting is slow. The language is in the key.
    match pattern:
        case "j M":
            pattern = pgettext("date format", "j M")
        case "j M Y":
            pattern = pgettext("date format", "j M Y")
        case "l, j F":
            pattern = pgettext("date format", "l, j F")
        case "l, j F Y":
            pattern = pgettext("date format", "l, j F Y")
    return date_format(day, pattern)


def _time(at: datetime, local: datetime, words: str, language: str | None) -> SafeString:
    return mark_safe(  # noqa: S308  (dates in our own words)
        f'<time datetime="{at.isoformat()}" title="{_full(local, language)}">{words}</time>'
    )
