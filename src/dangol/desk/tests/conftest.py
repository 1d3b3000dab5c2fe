"""The shop as the tests of the desk find it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.parts.cast import NOON


@pytest.fixture
def moon_burger(db: None) -> Any:
    """In Seoul, English speaking, open from eleven to ten, Sundays closed; set up a month ago."""
    from dangol.business.commands import finish_set_up_step, set_up_business
    from dangol.business.models import Business

    at = NOON - timedelta(days=30)
    set_up_business(
        actor=None, name="Moon Burger", country="KR", language="en", currency="KRW", time_zone="Asia/Seoul",
        weekly=(((660, 1320),),) * 6 + ((),), closes_on_holidays=False, at=at,
    )  # fmt: skip
    for step in (Business.Step.OWNER, Business.Step.MAILBOX):
        finish_set_up_step(actor=None, step=step, at=at)
    return Business.objects.get()
