from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def thousandths(value: int) -> str:
    """A quantity without needless zeros: 2000 is "2", 1500 is "1.5"."""
    return _plain(Decimal(value).scaleb(-3))


@register.filter
def unit_price(value: int) -> str:
    """A price of 1/10,000 with all of its decimals and no more."""
    return _plain(Decimal(value).scaleb(-4))


@register.filter
def rate(value: int) -> str:
    """A rate of trillionths."""
    return _plain(Decimal(value).scaleb(-12))


def _plain(value: Decimal) -> str:
    whole = value.to_integral_value()
    return f"{whole:,}" if whole == value else f"{value.normalize():,f}"
