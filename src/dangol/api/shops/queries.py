"""How the shops are, for their part of the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.api.models import Report, Shop

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
