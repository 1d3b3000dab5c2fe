"""The statement as an object of JSON: integers of minor units, shares of one, and the words of the ledger."""

from typing import Any, Final

from dangol.business.money import exponent
from dangol.worth.periods import Period
from dangol.worth.queries import Asked
from dangol.worth.statement import Figure, Line, Part, Ratio, Sales, Total

DIGITS: Final = 6  # of a share: a millionth


def as_json(asked: Asked) -> dict[str, Any]:
    """What `dangol worth statement --json` prints; docs/reference/worth.md says what each word means."""
    statement = asked.statement
    return {
        "period": _period(asked.period),
        "before": _period(asked.before),
        "place": asked.place or None,
        "segment": asked.segment or None,
        "currency": statement.currency,
        "minor_digits": exponent(statement.currency),
        "sales": {**_sales(statement.sales), "before": _sales(statement.sales_before)},
        "poor_service": _part(statement.poor_service, asked.causes),
        "goodwill": _part(statement.goodwill, asked.causes),
        "upkeep": _part(statement.upkeep, asked.causes),
        "other_currencies": [
            {"currency": currency, **_total(total)} for currency, total in statement.elsewhere
        ],
    }


def _period(period: Period) -> dict[str, str]:
    return {
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
        "time_zone": period.zone.key,
    }


def _sales(sales: Sales) -> dict[str, Any]:
    return {
        "amount": sales.amount,
        "orders": sales.orders,
        "orders_without_rate": sales.without_rate,
        "orders_cancelled": sales.cancelled,
        "other_currencies": [
            {"currency": currency, "amount": amount, "orders": orders}
            for currency, amount, orders in sales.elsewhere
        ],
    }


def _part(part: Part, causes: dict[int, str]) -> dict[str, Any]:
    return {
        **_figure(part.figure),
        **_ratio(part.ratio),
        "before": {**_total(part.figure.before), **_ratio(part.ratio_before)},
        "by_kind": [{"kind": line.key, **_line(line)} for line in part.by_kind],
        "by_cause": [
            {
                "cause": line.key,
                "name": causes.get(line.key) if isinstance(line.key, int) else None,
                **_line(line),
            }
            for line in part.by_cause
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        **_figure(line.figure),
        "share": _share(line.share),
        "cumulative_share": _share(line.cumulative),
        "before": _total(line.figure.before),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return _total(figure.now)


def _total(total: Total) -> dict[str, Any]:
    estimate = {"low": total.low, "middle": total.middle, "high": total.high, "entries": total.estimates}
    return {
        "booked": total.booked,
        "entries": total.entries,
        "estimated": estimate if total.estimates else None,
    }


def _ratio(ratio: Ratio) -> dict[str, Any]:
    return {"booked_per_order": ratio.per_order, "booked_share_of_sales": _share(ratio.of_sales)}


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, DIGITS)
