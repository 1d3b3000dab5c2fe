"""In every test, each component that a page shows is made anew as well and must be the same, kept or not.

It is made anew at another time of the same day, so that a template which reads the clock is found out.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def proven_components() -> Iterator[None]:
    """What is kept is what would be made."""
    from django.template import Template
    from django.utils import timezone
    from django.utils.safestring import SafeString

    from dangol.kernel import clock, components
    from dangol.kernel.templatetags import pages

    made = components.render_component

    def proven(
        template: Template, values: Mapping[str, Any], csrf_token: object, around: tuple[object, ...]
    ) -> SafeString:
        html = made(template, values, csrf_token, around)
        now = clock.now()
        later = now + timedelta(hours=1)
        is_same_day = timezone.localdate(later) == timezone.localdate(now)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: later if is_same_day else now - timedelta(hours=1))
            anew = components.render_anew(template, values)
        assert html == components.with_token(anew, csrf_token), (
            f"{template.name} is kept, and was other before"
        )
        return html

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "render_component", proven)
        yield
