from typing import Any

from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url


def see_other(to: Any, *args: Any, fragment: str = "", **kwargs: Any) -> HttpResponseRedirect:
    """After a form: go and look there (303), so that loading the page again sends nothing again."""
    response = HttpResponseRedirect(resolve_url(to, *args, **kwargs) + (f"#{fragment}" if fragment else ""))
    response.status_code = 303
    return response
