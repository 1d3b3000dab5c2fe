"""Moon Burger, as the tests of this app know it."""

from datetime import UTC, datetime

from dangol.business.models import Business

WEEK = (((660, 900), (1020, 1320)),) * 6 + ((),)  # 11:00-15:00 and 17:00-22:00, Sundays closed
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # Sunday, 10:00 in Seoul
DETAILS = {
    "name": "Moon Burger",
    "country": "KR",
    "language": "ko",
    "currency": "KRW",
    "time_zone": "Asia/Seoul",
    "closes_on_holidays": True,
}


def moon_burger(**others: object) -> Business:
    """The business, set up with its hours."""
    from dangol.business.commands import set_up_business

    return set_up_business(**{"actor": None, **DETAILS, "weekly": WEEK, "at": NOW, **others})  # type: ignore[arg-type]
