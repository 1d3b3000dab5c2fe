"""What loops and pages ask several times a second does not read millions of rows."""

import pytest
from django.db import connection

from dangol.channels.commands import claim_raw
from dangol.channels.models import Delivery, DeliveryRecipient, Raw
from dangol.channels.outbox import claim_delivery
from dangol.channels.stuck import mails_set_aside, unsent_deliveries
from tests.parts.cast import NOON
from tests.parts.plans import tables_read_whole

pytestmark = [pytest.mark.django_db, pytest.mark.only_sqlite]


@pytest.mark.parametrize(
    "work",
    [
        lambda: claim_raw(limit=50, at=NOON),
        lambda: claim_delivery(at=NOON),
        mails_set_aside,
        lambda: unsent_deliveries(at=NOON),
    ],
    ids=["new mail", "mail to send", "those set aside", "those not sent"],
)
def test_the_few_are_found_without_reading_the_many(work, mailbox):
    assert tables_read_whole(work) == set()


def test_a_condition_in_parameters_would_read_them_all():
    states = [DeliveryRecipient.State.REFUSED, DeliveryRecipient.State.BOUNCED]
    rows = DeliveryRecipient.objects.filter(state__in=states, changed_at__gt=NOON)
    assert tables_read_whole(rows.count) == {"channels_deliveryrecipient"}


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (Raw.IS_NEW, "raw_new"),
        (Raw.IS_SET_ASIDE, "raw_quarantined"),
        (Delivery.IS_OPEN, "delivery_open"),
        (Delivery.IS_FAILED, "delivery_failed"),
    ],
)
def test_each_condition_is_that_of_its_index(condition, index):
    model = next(model for model in (Raw, Delivery) if index in {each.name for each in model._meta.indexes})
    with connection.cursor() as cursor:
        statement, parameters = model.objects.filter(condition).values("pk").query.sql_with_params()
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        assert index in str(cursor.fetchall())
