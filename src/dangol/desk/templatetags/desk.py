"""How the desk's pages say figures: {% load desk %}."""

from django import template

from dangol.customers.forms import ConsentForm
from dangol.desk.times_reads import KindFigures, Line, list_url
from dangol.inbox.measures import Share
from dangol.inbox.waits import OUTCOMES
from dangol.kernel import durations
from dangol.kernel.shares import percent

register = template.Library()


@register.filter
def waits_url(of: Line | KindFigures, outcome: str) -> str:
    """The list of exactly those waits that a figure of the line counts."""
    return list_url(of.waits, next(word for word in OUTCOMES if word == outcome))


@register.simple_tag
def consent_form() -> ConsentForm:
    """The empty form, for a part of a page that is made once: Django takes ten milliseconds for its fields."""
    return ConsentForm(auto_id="consent_%s")


@register.filter
def share(of: Share) -> str:
    """The share alone: 94 %. Its interval stands beside it."""
    return percent(f"{of.share * 100:.0f}")


@register.filter
def interval(of: Share) -> str:
    """Where the true share lies: 88–97 %."""
    return percent(f"{of.low * 100:.0f}–{of.high * 100:.0f}")


@register.filter
def long_duration(seconds: float) -> str:
    """Seconds in words that stand in a sentence: "2 hours 5 minutes"."""
    return durations.long_duration(seconds)
