"""New rates: what waited for one gets its worth in the business's own money, a piece at a time, by `dangol work`.

Who enters a rate does not wait for it. That it is to be done is written in the transaction of the rate, and how far it
is in that of each piece: after a kill it goes on where it was.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from django.db import models, transaction
from django.db.models import Max, Q

from dangol.business.commands import add_exchange_rate
from dangol.business.models import ExchangeRate
from dangol.business.queries import current_business
from dangol.business.rates import Rates
from dangol.business.rates_file import FileRate, import_exchange_rates
from dangol.kernel.db import lock_for_transaction
from dangol.orders.commands import ORDERS
from dangol.orders.comparing import MANY
from dangol.orders.converting import convert_rows
from dangol.orders.models import Conversion, Order, Refund

Stage = Conversion.Stage


@transaction.atomic
def enter_rate(
    *, actor: models.Model | None, currency: str, rate: Decimal, since: date, at: datetime
) -> ExchangeRate:
    """Add a rate (`add_exchange_rate`), and have what waited for it counted."""
    row = add_exchange_rate(actor=actor, currency=currency, rate=rate, since=since, at=at)
    _ask_for({row.currency}, at)
    return row


@transaction.atomic
def enter_rates(*, actor: models.Model | None, rates: Sequence[FileRate], at: datetime) -> int:
    """Write the rates of a file (`import_exchange_rates`), and have what waited for them counted; how many are new."""
    written = import_exchange_rates(actor=actor, rates=rates, at=at)
    if written:
        _ask_for({rate.currency for rate in rates}, at)
    return written


def open_conversion() -> Conversion | None:
    """The one that is counted now; None where all is."""
    return Conversion.objects.order_by("id").first()


@transaction.atomic
def convert_further(*, limit: int = MANY) -> int:
    """Give the next `limit` orders or refunds that waited their worth; returns how many were looked at.

    The stage of the ledger is not its own: there it does nothing, as where nothing is asked for.
    """
    lock_for_transaction(ORDERS)
    asked = open_conversion()
    if asked is None or asked.stage == Stage.LEDGER:
        return 0
    rows = _waiting(asked, limit)
    known = convert_rows(rows)
    changes: dict[str, object] = {"after": rows[-1].pk if rows else asked.after}
    if back := [row.pk for row in known if isinstance(row, Refund)]:
        changes["refunds_from"] = min([*back, *filter(None, [asked.refunds_from])])
    if len(rows) < limit:
        return _next_stage(asked, changes)
    return _go_on(asked, changes)


def go_on_in_ledger(asked: Conversion, *, after: int) -> None:
    """The refunds up to this id are in the ledger; in the transaction that wrote them there."""
    _go_on(asked, {"after": after})


def end_conversion(asked: Conversion) -> None:
    """All of it is counted; unless a rate was entered meanwhile, and it began anew."""
    _as_it_was(asked).delete()


def parts_done() -> tuple[tuple[str, int], ...]:
    """(currency, per cent) of each that is not counted wholly; a query, and one more for each of these."""
    return tuple((asked.currency, _percent(asked)) for asked in Conversion.objects.order_by("id"))


def _ask_for(currencies: Iterable[str], at: datetime) -> None:
    for currency in sorted(currencies):
        # From the beginning: the new rate may be of days before. What is to be looked up in the ledger stays so.
        Conversion.objects.update_or_create(
            currency=currency, defaults={"stage": Stage.ORDERS, "after": 0, "asked_at": at}
        )


def _begins(currency: str) -> datetime | None:
    business = current_business()
    first = Rates(business.currency).first_day(currency)
    return None if first is None else datetime.combine(first, time(), tzinfo=business.zone)


def _waiting(asked: Conversion, limit: int) -> Sequence[Order | Refund]:
    """The next rows of the stage that a rate is known for."""
    begins = _begins(asked.currency)
    if begins is None:
        return []
    of_these = Q(currency=asked.currency, own_amount=None, pk__gt=asked.after)
    if asked.stage == Stage.ORDERS:
        return list(Order.objects.filter(of_these, ordered_at__gte=begins).order_by("pk")[:limit])
    return list(Refund.objects.filter(of_these, refunded_at__gte=begins).order_by("pk")[:limit])


def _next_stage(asked: Conversion, changes: dict[str, object]) -> int:
    refunds_from = changes.get("refunds_from", asked.refunds_from)
    if asked.stage == Stage.ORDERS:
        return _go_on(asked, {**changes, "stage": Stage.REFUNDS, "after": 0})
    if isinstance(refunds_from, int):
        return _go_on(asked, {**changes, "stage": Stage.LEDGER, "after": refunds_from - 1})
    end_conversion(asked)
    return 1


def _go_on(asked: Conversion, changes: dict[str, object]) -> int:
    _as_it_was(asked).update(**changes)
    return 1


def _as_it_was(asked: Conversion) -> "models.QuerySet[Conversion]":
    # Another rate of the currency, entered meanwhile, has set it back, and that is to stay.
    return Conversion.objects.filter(
        pk=asked.pk, asked_at=asked.asked_at, stage=asked.stage, after=asked.after
    )


def _percent(asked: Conversion) -> int:
    model = Order if asked.stage == Stage.ORDERS else Refund
    last = model.objects.aggregate(last=Max("pk"))["last"] or 1
    stages = list(Stage)
    part = min(asked.after / last, 1)
    return int(100 * (stages.index(Stage(asked.stage)) + part) / len(stages))
