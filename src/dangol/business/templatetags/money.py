from django import template
from django.utils.translation import get_language

from dangol.business.money import money_text

register = template.Library()


@register.filter
def money(amount: int | None, currency: str) -> str:
    """The amount, in minor units, as people of the page's language write it; nothing for None."""
    return "" if amount is None else money_text(amount, currency, (get_language() or "en")[:2])
