"""What staff wrote, as it looks to whom they wrote."""

from typing import Final

import nh3
from django import template
from django.utils.safestring import SafeString, mark_safe

from dangol.channels.email.markup import to_html

register = template.Library()
TAGS: Final = {
    "p",
    "br",
    "strong",
    "em",
    "ul",
    "ol",
    "li",
    "blockquote",
    "code",
    "pre",
    "hr",
    "a",
    "h1",
    "h2",
    "h3",
}


@register.filter
def as_written(markdown: str) -> SafeString:
    """The Markdown as HTML in the page's own style: mail carries its styles in itself, a page may not."""
    html = nh3.clean(
        to_html(markdown),
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="nofollow noopener noreferrer",
    )
    return mark_safe(html)  # noqa: S308  sanitised on the line above
