"""When a mail was written, of fields that programs write as they please."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from dangol.channels.email import headers

_ZONES = {
    "KST": 540,
    "JST": 540,
    "CET": 60,
    "CEST": 120,
    "MET": 60,
    "MEST": 120,
    "BST": 60,
    "WET": 0,
    "WEST": 60,
}
_ZONES |= {
    "EET": 120,
    "EEST": 180,
    "MSK": 180,
    "HKT": 480,
    "SGT": 480,
    "AEST": 600,
    "AEDT": 660,
    "NZST": 720,
    "Z": 0,
}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(.*)")


def read(value: str | None) -> datetime | None:
    """The instant, aware, with the offset that was said; UTC where none was. None where it cannot be true."""
    if not value:
        return None
    line = headers.decode_words(headers.unlabelled(headers.unfold(value[:200])))
    comment = re.search(r"\(([A-Za-z]{1,4})\)\s*$", line)
    line = re.sub(r"\([^()]*\)", " ", line).strip(" ;,\"'")
    line = _plainly_written(line)
    line = re.sub(r"([+-])(\d):?(\d{2})$", r"\g<1>0\2\3", line)
    line = re.sub(r"([+-]\d{2}):(\d{2})$", r"\1\2", line)
    try:
        found = _iso_date(line) if _ISO.match(line) else _rfc_date(line, comment[1] if comment else "")
        if found is not None and 1900 < found.year < 2200:
            return found
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        pass
    return None


def _plainly_written(line: str) -> str:
    """The same date in the forms that are read below."""
    # "GMT+0900", "KST +9:00": the word says nothing beside the number.
    line = re.sub(r"\b[A-Z]{2,4}\s*(?=[+-]\d{1,2}:?\d{0,2}$)", " ", line)
    line = re.sub(r"\b(\d{1,2})[-/ ]([A-Za-z]{3,9})\.?[-/ ](\d{2,4})\b", r"\1 \2 \3", line)
    line = re.sub(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b", r"\3-\2-\1", line)
    line = re.sub(r"^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)", r"\1-\2-\3T\4:\5:\6", line)
    if half := re.search(r"\b(\d{1,2})(:\d{2}(?::\d{2})?)\s*([AP])M\b", line, re.IGNORECASE):
        hour = int(half[1]) % 12 + (12 if half[3] in "Pp" else 0) if int(half[1]) <= 12 else int(half[1])
        line = f"{line[: half.start()]}{hour:02}{half[2]}{line[half.end() :]}"
    return line


def _rfc_date(line: str, comment: str) -> datetime | None:
    parsed = parsedate_tz(line)
    if parsed is None:
        return None
    offset = parsed[9]
    if not offset:
        # The library knows North American zones only, and says UTC for all others.
        # It may stand before the year: Sat Nov 21 15:12:33 KST 2026.
        words = line.upper().split()
        named = next((_ZONES[word] for word in reversed(words) if word in _ZONES), None)
        if named is None:
            named = 0 if words[-1][:1] in "+-" else _ZONES.get(comment.upper(), 0)
        offset = named * 60
    if abs(offset) >= 86_400:
        offset = 0
    zone_of = timezone(timedelta(seconds=offset)) if offset else UTC
    year, month, day, hour, minute, second = parsed[:6]
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone_of)


def _iso_date(line: str) -> datetime | None:
    match = _ISO.search(line)
    if match is None:
        return None
    zone: timezone = UTC
    if offset := re.match(r"([+-])(\d{2}):?(\d{2})", match[7]):
        minutes = int(offset[2]) * 60 + int(offset[3])
        zone = timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes))
    elif match[7].strip().upper() in _ZONES:
        zone = timezone(timedelta(minutes=_ZONES[match[7].strip().upper()]))
    year, month, day, hour, minute = (int(match[index]) for index in range(1, 6))
    return datetime(year, month, day, hour, minute, int(match[6] or 0), tzinfo=zone)
