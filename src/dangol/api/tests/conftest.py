from __future__ import annotations

import pytest

from dangol.api.commands import MadeToken, make_token
from dangol.api.models import Token
from dangol.api.shops.commands import Connected, connect_shop
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


@pytest.fixture
def desk(db: None) -> None:
    """A desk that is set up, for shops to report to."""
    Staff.objects.create(email="owner@moonburger.test", name="Owner", role=Role.OWNER)
    Business.objects.create(currency="USD", time_zone="Asia/Seoul")


@pytest.fixture
def shopify(desk: None) -> Connected:
    """A shop of Shopify, with its secret."""
    return connect_shop(actor=None, kind="shopify", name="", secret="hush", at=NOON)


@pytest.fixture
def woo(desk: None) -> Connected:
    """A shop of WooCommerce, which counts in won."""
    Business.objects.update(currency="KRW")
    return connect_shop(actor=None, kind="woocommerce", name="", secret="", at=NOON)
