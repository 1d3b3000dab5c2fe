"""What shops reported becomes orders and refunds: by the loop `shops`, each report whole or not."""

import json
import logging
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import DataError, IntegrityError, transaction

from dangol.api.commands import forget_answers
from dangol.api.models import Report, Shop
from dangol.api.shops.deletions import gone_since, told_of
from dangol.api.shops.dialects import DIALECTS
from dangol.api.shops.reported import NotAsDocumented, Reported
from dangol.kernel.db import Constant, lock_for_transaction
from dangol.kernel.loops import DATABASE_TROUBLE
from dangol.orders.cancelling import cancel_order, restore_order
from dangol.orders.commands import take_orders
from dangol.orders.incoming import IncomingOrder, IncomingRefund
from dangol.orders.models import Order, Refund, Source

AT_ONCE: Final = 20
MOST_TRIES: Final = 5
FIRST_PAUSE: Final = timedelta(seconds=30)  # twice as long each time
KEPT: Final = timedelta(days=30)
"""So long is a report known, so that its replay is; and so long is one kept that could not be read."""
_SWEPT_AT_ONCE: Final = 500

log = logging.getLogger(__name__)


@transaction.atomic
def take_in_reports(*, at: datetime) -> int:
    """Take the next reports in, in the order in which they came; returns how many were looked at.

    All is one transaction with the orders: killed in between, nothing has happened. One that fails does not stop those
    behind it.
    """
    lock_for_transaction("reports of shops")
    queued = Report.objects.filter(state=Constant("queued"), next_at__lte=at)
    reports = list(queued.select_related("shop__source").order_by("id")[:AT_ONCE])
    for report in reports:
        _settle(report, at)
    return len(reports)


def forget_reports(*, at: datetime) -> int:
    """Let go of reports that are known for long enough; returns how many, a bounded piece."""
    old = Report.objects.filter(received_at__lt=at - KEPT).exclude(state=Report.State.QUEUED)
    gone = list(old.order_by("received_at").values_list("pk", flat=True)[:_SWEPT_AT_ONCE])
    return Report.objects.filter(pk__in=gone).delete()[0] if gone else 0


def forget_unread_reports(*, before: datetime) -> int:
    """Let go of all that came before then and could not be read, as when somebody is erased who may be named in it:
    what cannot be read does not say who. Returns how many."""
    failed = Report.objects.filter(state=Report.State.FAILED, received_at__lt=before)
    return failed.delete()[0]


def forget_what_is_over(*, at: datetime) -> int:
    """Let go of reports and kept answers whose time is over; returns how many, a bounded piece."""
    return forget_reports(at=at) + forget_answers(at=at)


def _settle(report: Report, at: datetime) -> None:
    try:
        with transaction.atomic():
            report.reason = _take_in(report, at)
    except NotAsDocumented as failure:
        report.state, report.reason = Report.State.FAILED, failure.code
    except Exception as failure:
        if isinstance(failure, DATABASE_TROUBLE) and not isinstance(failure, (DataError, IntegrityError)):
            raise  # the database is away: all goes back, and is done again
        log.exception("report=%d failed=%s", report.pk, type(failure).__name__)
        report.tries += 1
        report.next_at = at + FIRST_PAUSE * 2**report.tries
        report.reason = type(failure).__name__[:40]
        if report.tries >= MOST_TRIES:
            report.state = Report.State.FAILED
    else:
        report.state, report.body = Report.State.DONE, b""
    report.save(update_fields=["state", "body", "tries", "next_at", "reason"])


def _take_in(report: Report, at: datetime) -> str:
    """Write what it says; returns why nothing of it was taken, or ""."""
    said = read(report)
    _remember(report, said)
    source = report.shop.source
    for key in said.deleted:
        since = gone_since(told_of(report.shop, key))
        if since is None:
            return "restored"
        cancel_order(actor=None, source=source, key=key, at=since)
    refunds = _set_in_time(source, said) if said.tells_all_refunds else said.refunds
    if said.orders or refunds:
        orders = [_unless_deleted(report.shop, each) for each in said.orders]
        take_orders(actor=None, source=source, orders=orders, refunds=refunds, at=at)
    if said.is_back:
        for order in said.orders:
            _bring_back(report.shop, order.key, at)
    return said.ignored


def _remember(report: Report, said: Reported) -> None:
    """Keep which order it says is gone, or there again: what is told of that one later is seen by it."""
    keys = said.deleted or ([each.key for each in said.orders] if said.is_back else [])
    if keys:
        Report.objects.filter(pk=report.pk).update(order_key=keys[0][:120])


def read(report: Report) -> Reported:
    """What the report says. Raises NotAsDocumented."""
    try:
        thing: Any = json.loads(zlib.decompress(report.body), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise NotAsDocumented("unreadable") from None
    if not isinstance(thing, dict):
        raise NotAsDocumented("unreadable")
    return DIALECTS[report.shop.kind].read(report.topic, thing, received_at=report.received_at)


def _set_in_time(source: Source, said: Reported) -> tuple[IncomingRefund, ...]:
    """The refunds of a report that tells all there are of its orders, without their days.

    Whatever the order in which reports come: the first that told of a refund says when it was; the newest says which
    there are. One that it no longer tells of was taken back, and gives nothing.
    """
    orders = {each.key: each for each in said.orders}
    newest = dict(Order.objects.filter(source=source, key__in=list(orders)).values_list("key", "revised_at"))
    known = {row.key: row for row in Refund.objects.filter(source=source, order_key__in=list(orders))}
    found = []
    for told in said.refunds:
        row = known.pop(told.key, None)
        is_old = (newest.get(told.order_key) or told.revised_at) > told.revised_at  # type: ignore[operator]
        if row is not None:
            told = replace(told, refunded_at=min(told.refunded_at, row.refunded_at))
            if is_old:
                told = replace(
                    told, amount=row.amount, number=row.number, reason=row.reason, revised_at=row.revised_at
                )
        elif is_old:
            continue  # there once, and gone since
        found.append(told)
    return (*found, *_taken_back(known.values(), said))


def _taken_back(rows: Iterable[Refund], said: Reported) -> Iterable[IncomingRefund]:
    orders = {each.key: each for each in said.orders}
    for row in rows:
        order = orders[row.order_key]
        if row.amount and row.revised_at and order.revised_at and row.revised_at <= order.revised_at:
            yield IncomingRefund(
                key=row.key,
                number=row.number,
                currency=row.currency,
                amount=0,
                revised_at=order.revised_at,
                refunded_at=row.refunded_at,
                order_key=row.order_key,
                reason=row.reason,
            )


def _unless_deleted(shop: Shop, order: IncomingOrder) -> IncomingOrder:
    """The order; called off where it is gone by what was told of it, unless it says that it changed after that."""
    if shop.kind != Shop.Kind.WOOCOMMERCE or order.cancelled_at:  # the only ones who tell of that
        return order
    since = gone_since(told_of(shop, order.key))
    if since is None or (order.revised_at is not None and order.revised_at > since):
        return order
    return replace(order, cancelled_at=since)


def _bring_back(shop: Shop, key: str, at: datetime) -> None:
    """What was told of the order meanwhile may be newer than the restoration, which then changed nothing."""
    told = told_of(shop, key)
    if gone_since(told) is None:
        since = [each.at for each in told if each.is_deletion]
        restore_order(actor=None, source=shop.source, key=key, cancelled_at=since, at=at)
