"""How the shops are, for their part of the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Max, Min, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.api.models import Report, Shop
from dangol.kernel.db import Constant

REASONS: Final[Mapping[str, str | Promise]] = {
    "unreadable": _("A report was no JSON."),
    "number_missing": _("A report had no number of the order."),
    "currency_unknown": _("A report was in a currency that we do not know."),
    "amount_unreadable": _("An amount in a report was no number."),
    "quantity_unreadable": _("A quantity in a report was no number."),
    "time_missing": _("A report had no time."),
    "time_unreadable": _("A time in a report could not be read."),
}
OTHER: Final = _("Something in a report was not as expected.")


@dataclass(frozen=True)
class ShopState:
    """A shop as its owner sees it; `trouble` is the reason of the last report that could not be read."""

    shop: Shop
    address: str
    failed: int
    waiting: int
    trouble: str


@dataclass(frozen=True)
class FailedReports:
    """How many reports of a shop could not be read, the last reason, and the arrival and id of the oldest, newest."""

    shop_id: int
    shop: str
    count: int
    reason: str
    since: datetime
    newest: int


def failed_reports() -> list[FailedReports]:
    """The shops of which reports could not be read, by their names; two queries by the index, and none of what was."""
    failed = Report.objects.filter(state=Constant("failed"), shop__closed_at=None)
    rows = list(
        failed.order_by("shop__source__name")
        .values_list("shop", "shop__source__name")
        .annotate(Count("pk"), Min("received_at"), Max("pk"))
    )
    if not rows:
        return []
    newest = [last for *_, last in rows]
    reasons = dict(Report.objects.filter(pk__in=newest).values_list("pk", "reason"))
    return [
        FailedReports(shop, name, count, str(REASONS.get(reasons.get(last, ""), OTHER)), since, last)
        for shop, name, count, since, last in rows
    ]


def shop_states(base: str) -> list[ShopState]:
    """The shops that are connected; two queries."""
    counted = (
        Shop.objects.filter(closed_at=None)
        .select_related("source")
        .annotate(
            failed=Count("reports", filter=Q(reports__state=Report.State.FAILED)),
            waiting=Count("reports", filter=Q(reports__state=Report.State.QUEUED)),
        )
    )
    failed = Report.objects.filter(state=Report.State.FAILED).order_by("id")
    reasons = dict(failed.values_list("shop_id", "reason"))
    return [
        ShopState(
            shop,
            f"{base}/hooks/{shop.token}/",
            shop.failed,
            shop.waiting,
            str(REASONS.get(reasons[shop.pk], OTHER)) if shop.pk in reasons else "",
        )
        for shop in counted.order_by("source__name")
    ]
