"""What is written in the cells of a file: numbers, prices, times. Each is read once, however often it occurs."""

import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from dangol.business.money import exponent
from dangol.business.rates import half_even

MOST: Final = 10**15  # of anything; what is larger is a mistake, and fits no column of the database
_SIGNS: Final = re.compile(r"[\s원₩$€£¥\u00a0]|KRW|USD|EUR|GBP|JPY", re.IGNORECASE)
_DATE: Final = re.compile(
    r"(\d{1,4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,4})\s*[일.]?"
    r"(?:[T\s,]+(?:(오전|오후)\s*)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
)
_TOGETHER: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")


class Unreadable(ValueError):
    """The cell does not hold what its column should."""


@lru_cache(maxsize=65_536)
def read_decimal(text: str, *, comma: bool = False) -> Decimal:
    """The number that is written so: "1,234.50", "-3", "₩12,000", "(5.00)"; with `comma`, "1.234,50"."""
    plain = _SIGNS.sub("", text).replace("\u2212", "-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    plain = plain.replace(".", "").replace(",", ".") if comma else plain.replace(",", "")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", plain, re.ASCII):
        raise Unreadable
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Unreadable from None
    if not -MOST < value < MOST:
        raise Unreadable
    return value


@lru_cache(maxsize=65_536)
def read_scaled(text: str, digits: int, *, comma: bool = False) -> int:
    """The number in units of 10 to the minus `digits`, exactly; unreadable when it has more digits than that."""
    value = read_decimal(text, comma=comma).scaleb(digits)
    if value != value.to_integral_value() or not -MOST * 1000 < value < MOST * 1000:
        raise Unreadable
    return int(value)


@lru_cache(maxsize=65_536)
def read_minor(text: str, currency: str, *, comma: bool = False) -> int:
    """An amount in minor units; what is finer is rounded half to even."""
    value = read_decimal(text, comma=comma)
    over, under = value.as_integer_ratio()
    return half_even(over * 10 ** exponent(currency), under)


def has_decimal_comma(samples: "list[str]") -> bool:
    """Whether the numbers of a column are written "12,50": a comma before one or two digits, and no point after it."""
    plain = [_SIGNS.sub("", text) for text in samples]
    with_comma = any(re.search(r",\d{1,2}$", text) for text in plain)
    return with_comma and not any(re.search(r"\.\d{1,2}$", text) for text in plain)


def is_day_first(samples: "list[str]", *, otherwise: bool) -> bool:
    """Whether "3/4/2026" is the third of April: as the other dates of the column show, or `otherwise`."""
    for text in samples:
        found = _DATE.match(text.strip())
        if found and len(found[1]) < 3 and len(found[3]) == 4:
            if int(found[1]) > 12:
                return True
            if int(found[2]) > 12:
                return False
    return otherwise


@lru_cache(maxsize=65_536)
def read_instant(text: str, zone: ZoneInfo, *, day_first: bool = True) -> datetime:
    """The instant that is written so; without an offset by the zone's clock, a day alone is its midnight."""
    text = text.strip()
    try:
        together = _TOGETHER.fullmatch(text)
        if together:
            year, month, day, hour, minute, second = (int(part or 0) for part in together.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=zone)
        found = _DATE.fullmatch(text)
        if found is None:
            raise Unreadable
        moment = datetime.combine(_day(found, day_first), _clock(found))
        if offset := found[9]:
            sign = "+0000" if offset in {"Z", "UTC"} else offset.replace(":", "")
            return datetime.strptime(f"{moment:%Y-%m-%d %H:%M:%S} {sign}", "%Y-%m-%d %H:%M:%S %z")
        return moment.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise Unreadable from None


def _day(found: "re.Match[str]", day_first: bool) -> date:
    first, second, third = int(found[1]), int(found[2]), int(found[3])
    if len(found[1]) == 4:
        return date(first, second, third)
    if len(found[3]) != 4:
        raise Unreadable  # 10/11/12 could be anything
    return date(third, second, first) if day_first else date(third, first, second)


def _clock(found: "re.Match[str]") -> time:
    hour, minute, second = int(found[5] or 0), int(found[6] or 0), int(found[7] or 0)
    half = {"오전": "a", "오후": "p"}.get(found[4] or "", (found[8] or "")[:1].lower())
    if half and not 1 <= hour <= 12:
        raise Unreadable
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute, second)
