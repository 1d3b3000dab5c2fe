"""What follows from new rates: orders and refunds get their worth, and the ledger its refunds."""

from datetime import datetime

from django.db import transaction

from dangol.goodwill.commands.refunds import book_refunds
from dangol.orders.models import Conversion
from dangol.orders.new_rates import convert_further, end_conversion, go_on_in_ledger, open_conversion


def use_new_rates(*, at: datetime) -> int:
    """Do a piece of it; returns 0 where nothing is left to do. Killed in between, it goes on there."""
    asked = open_conversion()
    if asked is None:
        return 0
    if asked.stage != Conversion.Stage.LEDGER:
        convert_further()
        return 1
    with transaction.atomic():
        looked = book_refunds(at=at, after=asked.after)
        if looked is None:
            end_conversion(asked)
        else:
            go_on_in_ledger(asked, after=looked.last_id)
    return 1
