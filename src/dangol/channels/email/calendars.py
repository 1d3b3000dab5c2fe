"""Invitations: calendar files (iCalendar, RFC 5545; iTIP, RFC 5546) read as appointments. Raises for nothing.

The syntax is icalendar's. Zones are not: it keeps a zone that one mail defines and reads the next mail's times by it.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, get_args

from dangol.channels.email import charsets, zones
from dangol.channels.email.people import normalised
from dangol.channels.incoming import Answer, Appointment, Guest, Method, Party

KINDS = frozenset(("text/calendar", "application/ics"))
_LONGEST = 256_000
_MOST_EVENTS = 5
_MOST_GUESTS = 50
_REPEATS = {"DAILY": "daily", "WEEKLY": "weekly", "MONTHLY": "monthly", "YEARLY": "yearly"}
_ANSWERS = {"ACCEPTED": "yes", "DECLINED": "no", "TENTATIVE": "maybe", "DELEGATED": "no"}


def read(data: bytes, label: str | None = None, method: str | None = None) -> tuple[Appointment, ...]:
    """The appointments of a calendar file, at most five; none where it cannot be read or is beyond reason.

    `method` is what the part's Content-Type says, for files that do not say it themselves.
    """
    if len(data) > _LONGEST:
        return ()
    text = re.sub(r"\r\n?", "\n", charsets.decode(data, label or "utf-8").text)
    plain, blocks = zones.apart(re.sub(r"\n[ \t]", "", text))
    defined = zones.defined_in(blocks)
    # The names of zones go where icalendar does not look for them.
    plain = re.sub(r"(?i);TZID=", ";X-ZONE=", plain)
    try:
        return tuple(_appointments(plain, method or "", defined))
    except Exception:  # whatever somebody wrote there, the mail is read all the same
        return ()


def _appointments(text: str, method: str, defined: zones.Defined) -> Iterator[Appointment]:
    from icalendar import Calendar  # takes a third of a second: only where there is an invitation

    given = 0
    for calendar in Calendar.from_ical(text, multiple=True):
        said = str(calendar.get("METHOD") or method).strip().lower()
        for event in calendar.walk("VEVENT"):
            found = _appointment(event, said, defined)
            if found is not None and given < _MOST_EVENTS:
                given += 1
                yield found


def _appointment(event: Any, method: str, defined: zones.Defined) -> Appointment | None:
    starts = _moment(event.get("DTSTART"), defined)
    if starts is None:
        return None
    ends = _end(event, starts, defined)
    is_cancelled = method == "cancel" or str(event.get("STATUS", "")).upper() == "CANCELLED"
    known: Method = next((each for each in get_args(Method) if each == method), "publish")
    rule = event.get("RRULE")
    frequency = str((rule.get("FREQ") or [""])[0]).upper() if isinstance(rule, dict) else ""
    return Appointment(
        method="cancel" if is_cancelled else known,
        uid=_line(event.get("UID"), 250),
        title=_line(event.get("SUMMARY"), 300),
        place=_line(event.get("LOCATION"), 300),
        organiser=_party(event.get("ORGANIZER")),
        guests=tuple(_guests(event.get("ATTENDEE"))),
        starts_at=starts.at,
        ends_at=ends.at if ends else None,
        is_all_day=starts.is_day,
        is_local=starts.is_local,
        is_changed=known == "request" and not is_cancelled and _number(event.get("SEQUENCE")) > 0,
        repeats=_REPEATS.get(frequency, ""),
    )


class _Moment:
    """An instant in UTC; a day, or a time of day in no zone, stands as if it were UTC."""

    def __init__(self, value: date | datetime, zone: tzinfo | None) -> None:
        self.is_day = not isinstance(value, datetime)
        self.is_local = False
        if not isinstance(value, datetime):
            self.at = datetime.combine(value, time(), UTC)
        elif value.tzinfo is None and zone is None:
            self.is_local = True
            self.at = value.replace(tzinfo=UTC)
        else:
            self.at = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
        if not 1900 < self.at.year < 2200:
            raise ValueError("no time that anybody meets")


def _moment(field: Any, defined: zones.Defined) -> _Moment | None:
    field = field[0] if isinstance(field, list) else field
    value = getattr(field, "dt", None)
    if not isinstance(value, date):
        return None
    name = str(field.params.get("X-ZONE", "")).strip(" \"'")
    zone = zones.find(name, value, defined) if name and isinstance(value, datetime) else None
    return _Moment(value, zone)


def _end(event: Any, starts: _Moment, defined: zones.Defined) -> _Moment | None:
    ends = _moment(event.get("DTEND"), defined)
    if ends is None and isinstance(lasts := getattr(event.get("DURATION"), "dt", None), timedelta):
        ends = _Moment(starts.at + lasts, UTC)
    return ends if ends is not None and ends.at > starts.at else None


def _guests(field: Any) -> Iterator[Guest]:
    for each in (field if isinstance(field, list) else [field] if field else [])[:_MOST_GUESTS]:
        party = _party(each)
        if party is not None:
            answer: Answer = _ANSWERS.get(str(each.params.get("PARTSTAT", "")).upper(), "")  # type: ignore[assignment]
            yield Guest(party, answer)


def _party(field: Any) -> Party | None:
    field = field[0] if isinstance(field, list) else field
    if field is None:
        return None
    address = re.sub(r"(?i)^mailto:", "", _line(field, 320)).strip()
    name = _line(field.params.get("CN"), 200).strip("\"'") or None
    found = normalised(address) if "@" in address else None
    return Party(None if name == found else name, found) if name or found else None


def _line(value: Any, most: int) -> str:
    value = value[0] if isinstance(value, list) and value else value
    return " ".join(charsets.clean(str(value or "")).split())[:most]


def _number(value: Any) -> int:
    return int(value) if str(value or "").isdigit() else 0
