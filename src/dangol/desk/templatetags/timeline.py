"""{% load timeline %}: the lines of a customer's timeline, written without templates in templates.

A conversation shows twelve of them and a customer's page thirty, each time of somebody else.
"""

from collections.abc import Iterable, Mapping
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from dangol.kernel.templatetags.dangol import tongue, when
from dangol.kernel.timeline import TimelineLine

register = template.Library()


@register.simple_tag
def timeline_lines(lines: Iterable[TimelineLine], actors: Mapping[int, str] | None = None) -> SafeString:
    """The lines; with the names of those who did it, who it was."""
    return mark_safe("".join(_line(each, actors or {}) for each in lines))  # noqa: S308  (escaped below)


def _line(line: TimelineLine, actors: Mapping[int, str]) -> str:
    tone = f' class="{escape(line.tone)}"' if line.tone else ""
    about = ""
    if line.about:
        said, lang = escape(line.about), tongue(line.about)
        about = f'<a href="{escape(line.url)}"{lang}>{said}</a>' if line.url else f"<span{lang}>{said}</span>"
        about = f": {about}"
    who = actors.get(line.actor_id, "") if line.actor_id is not None else ""
    by = ' <span class="dim">%s</span>' % (gettext("by %(who)s") % {"who": escape(who)}) if who else ""
    return f"<li{tone}><span>{escape(line.words)}{about}{by}</span>{when(line.at)}</li>\n"
