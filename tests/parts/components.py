"""In every test, each component that a page shows is made anew as well and must be the same, kept or not.

It is made anew at another time of the same day, so that a template which reads the clock is found out, and without a
database, so that one which asks it is. Within a test it is made anew once for equal values, however many pages show it:
one that reads a setting which the same test changes between two pages is not found out.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

_proven: set[bytes] = set()  # in this test


@pytest.fixture(autouse=True)
def _nothing_is_proven_yet() -> None:
    """What was kept in one test is held against what another one would make."""
    _proven.clear()


@pytest.fixture(scope="session", autouse=True)
def proven_components() -> Iterator[None]:
    """What is kept is what would be made."""
    from django.template import Template
    from django.utils.safestring import SafeString

    from dangol.kernel import components
    from dangol.kernel.templatetags import pages

    made = components.render_component

    def proven(
        template: Template, values: Mapping[str, Any], csrf_token: object, around: tuple[object, ...]
    ) -> SafeString:
        html = made(template, values, csrf_token, around)
        key = components._key(template, values, around)
        if key not in _proven:
            anew = _made_anew(template, values)
            assert html == components.with_token(anew, csrf_token), (
                f"{template.name} is kept, and was other before"
            )
            _proven.add(key)
        return html

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "render_component", proven)
        yield


def _made_anew(template: Any, values: Mapping[str, Any]) -> str:
    from django.db import connection
    from django.utils import timezone

    from dangol.kernel import clock, components

    def refuse(_execute: Any, statement: str, *_rest: Any) -> Any:
        raise AssertionError(f"{template.name} asks the database: {statement}")

    now = clock.now()
    later = now + timedelta(hours=1)
    is_same_day = timezone.localdate(later) == timezone.localdate(now)
    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(refuse):
        patch.setattr(clock, "now", lambda: later if is_same_day else now - timedelta(hours=1))
        return components.render_anew(template, values)
