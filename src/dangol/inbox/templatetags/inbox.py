"""{% load inbox %}: what stands on every line of the list, written without templates in templates.

A list has forty lines and is loaded again whenever anything happens: an include on each line costs as much as
the rest of the page.
"""

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from dangol.inbox.pages import Clock
from dangol.kernel.icons import ICONS
from dangol.kernel.templatetags.dangol import shown_instant

register = template.Library()


@register.simple_tag
def clock_chip(clock: Clock) -> SafeString:
    """How long somebody has waited, or since when it rests. Late is said with a sign and in words, not in red alone."""
    if clock.state == "waiting":
        return mark_safe(_waiting(clock))  # noqa: S308  (dates, and words of ours escaped)
    kind, sign = {"later": ("", _icon("later")), "done": ("", _icon("done"))}.get(clock.state, (" good", ""))
    due = clock.due_at.isoformat()
    return mark_safe(  # noqa: S308
        f'<span class="chip{kind}">{sign}<time datetime="{due}">{escape(shown_instant(clock.due_at))}</time></span>'
    )


def _waiting(clock: Clock) -> str:
    since = clock.since or clock.due_at
    hidden = "" if clock.is_late else " hidden"
    waiting, late = escape(gettext("waiting")), escape(gettext("later than promised"))
    warn = f' data-warn="{clock.warn_at.isoformat()}"' if clock.warn_at else ""
    return (
        f'<span class="chip {clock.tone}"><span data-when="late"{hidden}>{_icon("late")}</span>'
        f'<span class="sr">{waiting}</span>'
        f'<relative-time datetime="{since.isoformat()}" data-due="{clock.due_at.isoformat()}"{warn}>'
        f"{escape(clock.waited)}</relative-time>"
        f'<span class="sr" data-when="late"{hidden}>{late}</span></span>'
    )


def _icon(name: str) -> str:
    return f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{ICONS[name]}</svg>'
