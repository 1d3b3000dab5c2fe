"""What follows from new rates: orders and refunds get their worth, and the ledger its refunds."""

import time
from datetime import datetime
from typing import Final

from django.db import transaction

from dangol.goodwill.commands.refunds import book_refunds
from dangol.orders.models import Conversion
from dangol.orders.new_rates import convert_further, end_conversion, go_on_in_ledger, open_conversion

REST_SECONDS: Final = 0.1
"""After each piece: SQLite has one writer at a time, and lets nobody know that it is free."""


def use_new_rates(*, at: datetime) -> int:
    """Do a piece of it, and let others write; returns 0 where nothing is left to do. Killed in between, it goes on
    there."""
    asked = open_conversion()
    if asked is None:
        return 0
    if asked.stage == Conversion.Stage.LEDGER:
        _further_in_ledger(asked, at)
    else:
        convert_further()
    time.sleep(REST_SECONDS)
    return 1


def _further_in_ledger(asked: Conversion, at: datetime) -> None:
    with transaction.atomic():
        looked = book_refunds(at=at, after=asked.after)
        if looked is None:
            end_conversion(asked)
        else:
            go_on_in_ledger(asked, after=looked.last_id)
