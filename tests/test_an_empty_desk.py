"""The pages of a desk in which nothing has happened yet: each opens to those who may see it, and to no other role."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from tests.parts.cast import hire
from tests.test_urls_and_roles import EVERY_URL, ROLES, TABLE, Line, check_answer

PAGES: Final[dict[str, Line]] = {
    name: line for name, line in TABLE.items() if line.method == "GET" and not line.names
}


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=EVERY_URL, DANGOL_DEMO=True)
def test_every_page_that_needs_no_thing_opens_on_an_empty_desk() -> None:
    """One test for all of them: they share the desk, and each takes a few milliseconds."""
    from dangol.business.commands import finish_set_up_step, set_up_business
    from dangol.business.models import Business

    at = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)
    set_up_business(
        actor=None, name="Moon Burger", country="KR", language="en", currency="KRW", time_zone="Asia/Seoul",
        weekly=(((660, 1320),),) * 6 + ((),), closes_on_holidays=False, at=at,
    )  # fmt: skip
    for step in (Business.Step.OWNER, Business.Step.MAILBOX):
        finish_set_up_step(actor=None, step=step, at=at)
    for role in ROLES:
        client = Client()
        client.force_login(hire(role.title(), role))
        for name, line in PAGES.items():
            response = client.get(reverse(name, urlconf=EVERY_URL))
            said = f"{role} {name}: {response.status_code} {response.get('Location', '')}"
            check_answer(line, role, line.method, response, said)
