from __future__ import annotations

import pytest

from dangol.api.commands import MadeToken, make_token
from dangol.api.models import Token
from dangol.business.models import Business
from dangol.staff.models import Role, Staff
from tests.parts.cast import NOON


@pytest.fixture
def shop(db: None) -> MadeToken:
    """A token of the till that may do everything."""
    Staff.objects.create(
        email="owner@moonburger.test", name="Owner", role=Role.OWNER
    )  # no need of a password
    Business.objects.create(currency="KRW", time_zone="Asia/Seoul")
    return make_token(actor=None, name="Till", source="", scopes=Token.Scope.values, at=NOON)
