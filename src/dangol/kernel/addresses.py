"""Addresses of pages: a list names forty of them, and each time Django looks through all patterns."""

from functools import lru_cache
from typing import Final

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse

_FIRST_STAND_IN: Final = 987_654_000  # in no pattern of an address


def address(name: str, *arguments: int | str) -> str:
    """What `reverse` says, looked up once a process and page. Raises NoReverseMatch."""
    urlconf, prefix = get_urlconf() or settings.ROOT_URLCONF, get_script_prefix()
    # A number stands in the address as it is: one pattern does for all customers.
    if all(type(each) is int and each >= 0 for each in arguments):
        return _pattern(urlconf, prefix, name, len(arguments)).format(*arguments)
    return _address(urlconf, prefix, name, arguments)


@lru_cache(maxsize=1024)
def _pattern(urlconf: str, prefix: str, name: str, count: int) -> str:
    # What `reverse` says has no braces: it writes them as %7B.
    found = reverse(name, args=[_FIRST_STAND_IN + place for place in range(count)])
    for place in range(count):
        found = found.replace(str(_FIRST_STAND_IN + place), f"{{{place}}}")
    return found


@lru_cache(maxsize=4096)
def _address(urlconf: str, prefix: str, name: str, arguments: tuple[int | str, ...]) -> str:
    return reverse(name, args=arguments)
