"""How the pages and the command say periods, kinds and shares."""

from datetime import date
from typing import Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from dangol.business.money import money_text
from dangol.goodwill.models import CostClass, Kind
from dangol.kernel.shares import percent
from dangol.worth.periods import Period
from dangol.worth.statement import Key, Total

CLASS_WORDS: Final[dict[str, str | Promise]] = {
    "poor_service": gettext_lazy("poor service"),
    "upkeep": gettext_lazy("preventing and checking"),
    **{str(each): each.label for each in CostClass},
}


def period_words(period: Period) -> str:
    """October 2026; 1–26 November 2026; 1 Oct 2026 to 14 Oct 2026."""
    if period.is_month:
        return _month(period.first_day)
    if period.is_in_one_month:
        return _("1–%(day)s %(month)s") % {"day": period.last_day.day, "month": _month(period.first_day)}
    if period.days == 1:
        return _day(period.first_day)
    return _("%(first)s to %(last)s") % {"first": _day(period.first_day), "last": _day(period.last_day)}


def kind_words(kind: Key) -> str:
    """What it was: made again, refund."""
    return str(Kind(kind).label) if kind in Kind.values else str(kind)


def cause_words(cause: Key, causes: dict[int, str]) -> str:
    """The cause by its way from the root."""
    if cause is None:
        return _("no cause named")
    return causes.get(cause, f"#{cause}") if isinstance(cause, int) else str(cause)


def money_words(amount: int, currency: str) -> str:
    """The amount as people of the language write it."""
    return money_text(amount, currency, (get_language() or "en")[:2])


def range_words(total: Total, currency: str) -> str:
    """Between what and what the estimates lie: ₩180,000–₩640,000; one amount where both ends are the same."""
    low, high = money_words(total.low, currency), money_words(total.high, currency)
    return low if low == high else f"{low}–{high}"


def share_words(share: float | None) -> str:
    """0.05 %; 2.0 %; 71 %; a dash where there is nothing to have a share of."""
    if share is None:
        return "–"
    hundredths = share * 100
    digits = 0 if abs(hundredths) >= 10 else 1 if abs(hundredths) >= 1 or not hundredths else 2
    return percent(f"{hundredths:.{digits}f}")


def _month(day: date) -> str:
    return date_format(day, pgettext("date format", "F Y"))


def _day(day: date) -> str:
    return date_format(day, pgettext("date format", "j M Y"))
