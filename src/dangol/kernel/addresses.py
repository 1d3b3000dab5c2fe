"""Addresses of pages: a list names forty of them, and each time Django looks through all patterns."""

from functools import lru_cache

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse


def address(name: str, *arguments: int | str) -> str:
    """What `reverse` says, looked up once a process. Raises NoReverseMatch."""
    return _address(get_urlconf() or settings.ROOT_URLCONF, get_script_prefix(), name, arguments)


@lru_cache(maxsize=4096)
def _address(urlconf: str, prefix: str, name: str, arguments: tuple[int | str, ...]) -> str:
    return reverse(name, args=arguments)
