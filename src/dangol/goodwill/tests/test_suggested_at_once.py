"""One order that is complained of in two places is made good once, however close the two presses are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from dangol.customers.models import Customer
from dangol.goodwill.commands.suggested import give_suggested
from dangol.goodwill.models import Entry
from dangol.goodwill.suggesting import Complaint, suggestion_for
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order
from dangol.orders.tests.shop import order
from tests.parts.cast import NOON

TIMES = 6
LATER = NOON + timedelta(hours=1)


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_in_two_conversations_give_once(shop, minji):
    source = source_named("Till", at=NOON)
    for number in range(TIMES):
        sora = Customer.objects.create(name=f"Sora {number}", created_at=NOON)
        take_orders(actor=None, source=source, orders=[order(str(number))], at=NOON)
        Order.objects.filter(key=str(number)).update(customer=sora)
        said = (("The burger was cold.", LATER),)
        complaints = [Complaint("", said, 2 * number + place, sora, (sora.pk,)) for place in (1, 2)]
        keys = [suggestion_for(each, staff=minji, at=LATER).key for each in complaints]
        start = Barrier(2)

        def press(complaint, key, start=start):
            start.wait()
            try:
                return give_suggested(actor=minji, complaint=complaint, key=key, at=LATER)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            given = list(pool.map(press, complaints, keys))
        assert sum(wish is not None for wish in given) == 1, number
        assert Entry.objects.filter(customer=sora).count() == 1, number
