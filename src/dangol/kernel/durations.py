"""Stretches of time in a few words, as the person who reads says them."""

from django.utils.translation import gettext, ngettext

MINUTE, HOUR, DAY = 60, 3600, 86400


def short_duration(seconds: float) -> str:
    """At most two units, rounded down: "41 min", "2 h 5 min", "3 days". Less than a minute is "1 min"."""
    whole = max(0, int(seconds))
    if whole >= 2 * DAY:
        days = whole // DAY
        return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}
    minutes = max(1, whole // MINUTE)
    if minutes < 60:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if minutes and hours < 10:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return gettext("%(hours)s h") % {"hours": hours}


def long_duration(seconds: float) -> str:
    """As `short_duration`, for a sentence: "41 minutes", "2 hours 5 minutes", "3 days"."""
    whole = max(0, int(seconds))
    if whole >= 2 * DAY:
        days = whole // DAY
        return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}
    hours, minutes = divmod(max(1, whole // MINUTE), 60)
    said = []
    if hours:
        said.append(ngettext("%(hours)s hour", "%(hours)s hours", hours) % {"hours": hours})
    if minutes and hours < 10:
        said.append(ngettext("%(minutes)s minute", "%(minutes)s minutes", minutes) % {"minutes": minutes})
    return " ".join(said)
