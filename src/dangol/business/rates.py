"""Foreign money in the business's own: by the rate that was in force on the day, in whole minor units."""

from datetime import date
from typing import Final

from dangol.business.models import ExchangeRate
from dangol.business.money import exponent

TRILLION: Final = 10**12


def converted(amount: int, *, currency: str, own_currency: str, rate_trillionths: int) -> int:
    """The amount, in minor units of `currency`, in minor units of `own_currency`, rounded half to even.

    The rate is what one major unit of `currency` is worth in major units of `own_currency`, in trillionths.
    """
    over = amount * rate_trillionths * 10 ** exponent(own_currency)
    return half_even(over, TRILLION * 10 ** exponent(currency))


def half_even(over: int, under: int) -> int:
    """over ÷ under as a whole number; what lies in the middle goes to the even one."""
    whole, rest = divmod(over, under)
    twice = 2 * rest
    return whole + (twice > under or (twice == under and whole % 2 == 1))


class Rates:
    """The rates into the business's own currency, read once for as many conversions as are wanted."""

    def __init__(self, own_currency: str) -> None:
        self.own_currency = own_currency
        self._steps: dict[str, list[tuple[date, int]]] = {}
        rows = ExchangeRate.objects.filter(own_currency=own_currency).order_by("-effective_from", "-id")
        for currency, day, rate in rows.values_list("currency", "effective_from", "rate_trillionths"):
            self._steps.setdefault(currency, []).append((day, rate))

    def on(self, currency: str, day: date) -> int | None:
        """The rate, in trillionths, that was in force on that day; None where none is known."""
        steps = self._steps.get(currency, ())
        return next((rate for since, rate in steps if since <= day), None)

    def first_day(self, currency: str) -> date | None:
        """The first day for which a rate of the currency is known."""
        steps = self._steps.get(currency, ())
        return min((since for since, _rate in steps), default=None)

    def own(self, amount: int, currency: str, day: date) -> tuple[int | None, int | None]:
        """(the amount in minor units of the own currency, the rate that it was converted by in trillionths).

        The rate is None where the currency is the business's own; both are None where no rate is known.
        """
        if currency == self.own_currency:
            return amount, None
        rate = self.on(currency, day)
        if rate is None:
            return None, None
        return (
            converted(amount, currency=currency, own_currency=self.own_currency, rate_trillionths=rate),
            rate,
        )
