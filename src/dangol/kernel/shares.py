"""Shares as people of the language write them."""

from django.utils.translation import get_language

_NO_BREAK = "\u00a0"


def percent(number: str) -> str:
    """The number with its sign: "94 %" with a space that does not break, "94%" in Korean."""
    return f"{number}%" if (get_language() or "").startswith("ko") else f"{number}{_NO_BREAK}%"
