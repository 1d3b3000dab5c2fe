from datetime import timedelta

import pytest

from dangol.business.models import Business
from dangol.customers.models import Customer, Identity
from dangol.goodwill.models import Cause
from tests.parts.cast import NOON


@pytest.fixture
def shop(db) -> Business:
    """Moon Burger in Seoul, which counts in won."""
    return Business.objects.create(
        name="Moon Burger", currency="KRW", time_zone="Asia/Seoul", set_up_at=NOON - timedelta(days=90)
    )


@pytest.fixture
def sora(db) -> Customer:
    """Loyal, and angry today."""
    person = Customer.objects.create(name="Sora Kim", created_at=NOON - timedelta(days=80))
    Identity.objects.create(kind="email", address="sora@example.com", customer=person, created_at=NOON)
    return person


@pytest.fixture
def packing(db) -> Cause:
    """Why a drink is missing."""
    return Cause.objects.create(name="Packing")
