from django import template

from dangol.customers import kinds

register = template.Library()


@register.filter
def kind_words(kind: str) -> str:
    """What people call a kind of address."""
    return kinds.kind_words(kind)
