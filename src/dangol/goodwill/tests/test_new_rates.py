"""What waited for a rate is counted by the worker, piece by piece, whatever ends it in between."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dangol.goodwill.commands.new_rates import use_new_rates
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.goodwill.models import Entry
from dangol.orders import new_rates
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Conversion, Order
from dangol.orders.new_rates import convert_further, enter_rate, parts_done
from dangol.orders.tests.shop import MONDAY, order, refund
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
EARLY = MONDAY - timedelta(days=40)


@pytest.fixture
def waiting(shop):
    """Five orders, one of them before there were rates, and two refunds, in dollars."""
    dates = [EARLY, *[MONDAY] * 4]
    orders = [order(str(n), 100, currency="USD", ordered_at=at) for n, at in enumerate(dates)]
    backs = [refund(f"R{n}", 100, currency="USD", order_key=str(n)) for n in (0, 1)]
    source = source_named("Till", at=NOON)
    take_orders(actor=None, source=source, orders=orders, refunds=backs, silent=True, at=NOON)
    assert sum(book_all_refunds(at=NOON)) == 0


def enter(won: int, since=MONDAY, at=NOON) -> None:
    enter_rate(actor=None, currency="USD", rate=Decimal(won), since=since.date(), at=at)


def worth() -> dict[str, int | None]:
    return dict(Order.objects.order_by("key").values_list("key", "own_amount"))


def test_it_goes_piece_by_piece_to_the_ledger_and_says_how_far_it_is(waiting):
    enter(1400)
    seen = [dict(parts_done())["USD"]]
    for _piece in range(3):
        convert_further(limit=2)
        seen.append(dict(parts_done())["USD"])
    assert (seen[0], seen == sorted(seen), seen[-1] > seen[0]) == (0, True, True)
    assert worth() == {"0": None, "1": 1400, "2": 1400, "3": 1400, "4": 1400}
    while use_new_rates(at=NOON):
        pass
    assert (parts_done(), Conversion.objects.exists()) == ((), False)
    assert [entry.booked for entry in Entry.objects.all()] == [1400, 1400]


class Killed(BaseException):
    pass


def test_killed_at_any_piece_it_goes_on_there_and_nothing_is_counted_twice(waiting, monkeypatch):
    enter(1400)
    pieces = 0
    while True:
        is_left = Conversion.objects.exists()
        with monkeypatch.context() as only:
            only.setattr(new_rates, "_as_it_was", _kill)  # the last act of each piece, in its transaction
            before = (worth(), Entry.objects.count())
            if is_left:
                with pytest.raises(Killed):
                    use_new_rates(at=NOON)
            assert (worth(), Entry.objects.count()) == before
        if not use_new_rates(at=NOON):
            break
        pieces += 1
    assert pieces >= 4
    assert worth() == {"0": None, "1": 1400, "2": 1400, "3": 1400, "4": 1400}
    assert [entry.booked for entry in Entry.objects.all()] == [1400, 1400]


def _kill(_asked):
    raise Killed


def test_a_rate_that_is_entered_meanwhile_begins_it_anew_and_forgets_no_refund(waiting):
    enter(1400)
    while Conversion.objects.get().stage != Conversion.Stage.LEDGER:
        use_new_rates(at=NOON)
    enter(1300, since=EARLY, at=NOON + timedelta(minutes=1))
    while use_new_rates(at=NOON):
        pass
    assert worth() == {"0": 1300, "1": 1400, "2": 1400, "3": 1400, "4": 1400}
    assert sum(entry.booked for entry in Entry.objects.all()) == 2800
