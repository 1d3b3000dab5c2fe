"""{% load messages %}: what stands around the words of every message, written without templates in templates.

A conversation that is opened shows messages that nobody has looked at for a while: they are made anew. `escape` is
Python's, for Django's asks of each word whether it is one that is translated only now.
"""

from collections.abc import Iterable, Iterator
from html import escape

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from dangol.inbox.pages import Fate, MessageView
from dangol.inbox.templatetags.written import as_written
from dangol.kernel.addresses import address
from dangol.kernel.templatetags.dangol import clock_time, face, icon, linked, tongue, when

register = template.Library()


@register.simple_tag
def message_marks(message: MessageView) -> SafeString:
    """The attributes of its element: whose side it is on, and where it is found."""
    side = {"note": " note", "out": " ours"}.get(message.direction, "")
    machine = " machine" if message.automatic else ""
    return mark_safe(  # noqa: S308  (numbers, and classes of ours)
        f'class="say{side}{machine}" id="message-{message.id}" aria-labelledby="by-{message.id}"'
    )


@register.simple_tag
def message_head(message: MessageView) -> SafeString:
    """Whose it is, when, and to whom."""
    machine = f'<span class="face c" aria-hidden="true">{icon("machine")}</span>'
    name = escape(message.name)
    return mark_safe(  # noqa: S308  (escaped here and below)
        f"{machine if message.automatic else face(message.name)}\n"
        f'  <header id="by-{message.id}"><b{tongue(message.name)}>{name}</b>'
        f'<a href="#message-{message.id}">{clock_time(message.happened_at)}</a>{"".join(_beside(message))}</header>'
    )


@register.simple_tag
def message_words(message: MessageView) -> SafeString:
    """What is new in it: a mail of ours as it looks to whom it went."""
    if not message.text:
        is_nothing = not (message.has_html or message.files or message.invitations)
        return format_html('<p class="dim">{}</p>', gettext("(no text)")) if is_nothing else SafeString("")
    is_written = message.direction == "out" and not message.automatic and not message.is_undone
    kind, words = (" written", as_written(message.text)) if is_written else ("", linked(message.text))
    if message.is_undone:
        words = SafeString("<s>") + words + SafeString("</s>")
    return mark_safe(f'<div class="words{kind}"{tongue(message.text)}>{words}</div>')  # noqa: S308


@register.simple_tag
def message_folds(message: MessageView) -> SafeString:
    """What is folded away: the quoted rest, and the mail as it was sent."""
    if not (message.rest or message.has_html):
        return SafeString("")
    return mark_safe(f'<div class="tools">{_rest(message)}{_as_sent(message)}</div>')  # noqa: S308  (both escaped)


@register.simple_tag
def message_fates(fates: Iterable[Fate]) -> SafeString:
    """What became of a message of ours."""
    return mark_safe("".join(map(_fate, fates)))  # noqa: S308  (escaped below)


def _beside(message: MessageView) -> Iterator[str]:
    if message.direction == "note":
        unseen = escape(gettext("note, only the team sees it"))
        yield f"<span>{unseen}</span>"
    elif message.address and message.address != message.name:
        yield f"<span>{escape(message.address)}</span>"
    if message.automatic:
        yield f'<span class="chip">{escape(message.automatic)}</span>'
    copy = escape(gettext("copy to %(cc)s") % {"cc": message.cc}) if message.cc else ""
    if message.direction == "out":
        to = escape(gettext("to %(to)s") % {"to": message.to})
        hidden = escape(gettext("hidden copy to %(bcc)s") % {"bcc": message.bcc}) if message.bcc else ""
        yield f"<span>{', '.join(filter(None, (to, copy, hidden)))}</span>"
    elif copy:
        yield f"<span>{copy}</span>"


def _rest(message: MessageView) -> str:
    if not message.rest:
        return ""
    quoted = f'<div class="words quoted"{tongue(message.rest)}>{linked(message.rest)}</div>'
    return _fold(gettext("Quote and signature"), quoted)


def _as_sent(message: MessageView) -> str:
    if not message.has_html:
        return ""
    letter, title = address("message_html", message.id), gettext("The mail of %(name)s, as it was sent")
    show, beware = gettext("Show pictures from outside"), gettext("The sender may notice that you looked.")
    pictures = (
        f'<p class="tools small"><a class="linkish" href="{letter}?images=1" target="letter-{message.id}">'
        f'{escape(show)}</a><span class="dim">{escape(beware)}</span></p>'
    )
    frame = (
        f'<iframe name="letter-{message.id}" src="{letter}" '
        'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox" loading="lazy" '
        f'referrerpolicy="no-referrer" title="{escape(title % {"name": message.name})}"></iframe>'
    )
    return _fold(gettext("As it was sent"), pictures + frame, is_open=not message.text)


def _fold(words: str, inside: str, *, is_open: bool = False) -> str:
    summary = f"<summary>{icon('forward')}{escape(words)}</summary>"
    return f'<details class="fold"{" open" if is_open else ""}>{summary}{inside}</details>'


def _fate(fate: Fate) -> str:
    at = f" {when(fate.at)}" if fate.at else ""
    said = ""
    if fate.said:
        summary = escape(gettext("what the server said"))
        said = (
            f'<details class="fold"><summary>{summary}</summary>'
            f'<span class="mono">{escape(fate.said)}</span></details>'
        )
    words = f"<span>{escape(fate.words)}{at}</span>"
    return f'<p class="fate {escape(fate.tone)}">{icon(fate.icon)}{words}{said}</p>\n'
