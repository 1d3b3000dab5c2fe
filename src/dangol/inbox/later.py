"""When "later" is: the times that are offered for putting a conversation off. Pure."""

from datetime import datetime, time, timedelta

AFTERNOON, EVENING, MORNING = time(14), time(18), time(9)
Choice = tuple[str, datetime]


def later_choices(now: datetime) -> tuple[Choice, ...]:
    """(name, instant) in the zone of `now`: this afternoon or evening while it is not near, tomorrow, Monday.

    Names: "afternoon", "evening", "tomorrow", "monday". Monday is the next one that is not tomorrow.
    """
    choices: list[Choice] = []
    soon = now + timedelta(hours=1)
    for name, hour in (("afternoon", AFTERNOON), ("evening", EVENING)):
        at = _on(now, 0, hour)
        if at >= soon:
            choices.append((name, at))
            break
    choices.append(("tomorrow", _on(now, 1, MORNING)))
    days = 7 - now.weekday()
    choices.append(("monday", _on(now, days if days > 1 else 8, MORNING)))
    return tuple(choices)


def _on(now: datetime, days: int, hour: time) -> datetime:
    return datetime.combine(now.date() + timedelta(days=days), hour, tzinfo=now.tzinfo)
