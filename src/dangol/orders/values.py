"""What is written in the cells of a file: numbers, prices, times. Each is read once, however often it occurs."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from dangol.business.money import exponent
from dangol.business.rates import half_even

MOST: Final = 10**15  # of anything; what is larger is a mistake, and fits no column of the database
YEARS: Final = range(1970, 2201)  # of anything that was ordered: what lies outside is a mistake
COMMA, COMMA_THREE, POINT, DAY, MONTH = 1, 2, 4, 8, 16
"""What a cell can show of its column: a decimal comma, one with three digits behind it or more, a decimal point;
the day first, the month first."""
_SIGNS: Final = re.compile(r"[\s원₩$€£¥\u00a0]|KRW|USD|EUR|GBP|JPY", re.IGNORECASE)
_DATE: Final = re.compile(
    r"(\d{1,4})\s*[-./년]\s*(\d{1,2})\s*[-./월]\s*(\d{1,4})\s*[일.]?"
    r"(?:[T\s,]+(?:(오전|오후)\s*)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
)
_TOGETHER: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")


_POINTED: Final = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?([eE][+-]?\d{1,2})?", re.ASCII)
_COMMAED: Final = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?(,\d*)?", re.ASCII)
_GROUPS: Final = re.compile(r"[1-9]\d{0,2}([.,]\d{3})+", re.ASCII)


class Unreadable(ValueError):
    """The cell does not hold what its column should."""


class Ambiguous(Unreadable):
    """The cell can be read in two ways, and nothing says in which."""


class OutOfTime(Unreadable):
    """A year in which nobody ordered here."""


@dataclass(frozen=True)
class Decimals:
    """How the numbers of a column are written."""

    comma: bool = False
    groups_of: str = ",."  # signs before three digits that may be taken for the thousands, or for decimals


POINTS: Final = Decimals()
COMMAS: Final = Decimals(comma=True)


def shown_by(text: str) -> int:
    """What the cell shows of how its column is written; 0 for nothing, such as "1,234", "12" and "3/4/2026"."""
    text = text.strip()
    found = _DATE.match(text)
    if found:
        if len(found[1]) > 2 or len(found[3]) != 4:
            return 0
        return DAY * (int(found[1]) > 12) | MONTH * (int(found[2]) > 12)
    plain = _SIGNS.sub("", text).replace("\u2212", "-").strip("()+-")
    comma, point = plain.rfind(","), plain.rfind(".")
    if (comma < 0 and point < 0) or not plain.replace(",", "").replace(".", "").isdecimal():
        return 0
    if comma >= 0 and point >= 0:
        is_comma = comma > point
    elif _GROUPS.fullmatch(plain):
        signs = plain.count(",") + plain.count(".")
        return 0 if signs == 1 else POINT if comma >= 0 else COMMA
    elif plain.count(",") > 1 or plain.count(".") > 1:
        return 0  # no number at all
    else:
        is_comma = comma >= 0
    if not is_comma:
        return POINT
    return COMMA | COMMA_THREE * (len(plain) - comma > 3)


def decimals_of(shown: int, others: int) -> Decimals:
    """How a column is written of which the cells show this, and those of the other columns that: what it shows itself,
    else what they do, else with points. What then could be the other way is not guessed."""
    mine = shown & (COMMA | POINT)
    both = mine or others & (COMMA | POINT)
    if mine == COMMA | POINT:
        return Decimals(comma=False, groups_of="")
    if both != COMMA:
        return POINTS
    return Decimals(comma=True, groups_of=",." if shown & COMMA_THREE else ".")


def day_first_of(shown: int, month_first: "bool | None") -> "bool | None":
    """Whether the day comes first, where all that is shown and said agrees; else None, and nothing is guessed."""
    said = 0 if month_first is None else MONTH if month_first else DAY
    return {DAY: True, MONTH: False}.get((shown | said) & (DAY | MONTH))


@lru_cache(maxsize=65_536)
def read_decimal(text: str, how: Decimals = POINTS) -> Decimal:
    """The number that is written so: "1,234.50", "-3", "₩12,000", "(5.00)"; with commas, "1.234,50"."""
    plain = _SIGNS.sub("", text).replace("\u2212", "-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    if not (_COMMAED if how.comma else _POINTED).fullmatch(plain):
        raise Unreadable
    group = _GROUPS.fullmatch(plain.lstrip("+-"))
    if group and group[1][0] not in how.groups_of:
        raise Ambiguous
    plain = plain.replace(".", "").replace(",", ".") if how.comma else plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Unreadable from None
    if not -MOST < value < MOST:
        raise Unreadable
    return value


@lru_cache(maxsize=65_536)
def read_scaled(text: str, digits: int, how: Decimals = POINTS) -> int:
    """The number in units of 10 to the minus `digits`, exactly; unreadable when it has more digits than that."""
    value = read_decimal(text, how).scaleb(digits)
    if value != value.to_integral_value():
        raise Unreadable
    return int(value)


@lru_cache(maxsize=65_536)
def read_minor(text: str, currency: str, how: Decimals = POINTS) -> int:
    """An amount in minor units; what is finer is rounded half to even. At most 10 to the 15 of them."""
    value = read_decimal(text, how)
    over, under = value.as_integer_ratio()
    amount = half_even(over * 10 ** exponent(currency), under)
    if abs(amount) > MOST:
        raise Unreadable
    return amount


@lru_cache(maxsize=65_536)
def read_instant(text: str, zone: ZoneInfo, *, day_first: bool | None = True) -> datetime:
    """The instant that is written so; without an offset by the zone's clock, a day alone is its midnight.

    With `day_first` None, "3/4/2026" is not guessed (Ambiguous). Years outside 1970 to 2200 are OutOfTime.
    """
    text = text.strip()
    try:
        together = _TOGETHER.fullmatch(text)
        if together:
            year, month, day, hour, minute, second = (int(part or 0) for part in together.groups())
            return _in_time(datetime(year, month, day, hour, minute, second, tzinfo=zone))
        found = _DATE.fullmatch(text)
        if found is None:
            raise Unreadable
        moment = _in_time(datetime.combine(_day(found, day_first), _clock(found)))
        if offset := found[9]:
            sign = "+0000" if offset in {"Z", "UTC"} else offset.replace(":", "")
            return datetime.strptime(f"{moment:%Y-%m-%d %H:%M:%S} {sign}", "%Y-%m-%d %H:%M:%S %z")
        return moment.replace(tzinfo=zone)
    except Unreadable:
        raise
    except (ValueError, OverflowError):
        raise Unreadable from None


def _in_time(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise OutOfTime
    return moment


def _day(found: "re.Match[str]", day_first: bool | None) -> date:
    first, second, third = int(found[1]), int(found[2]), int(found[3])
    if len(found[1]) == 4:
        return date(first, second, third)
    if len(found[3]) != 4:
        raise Unreadable  # 10/11/12 could be anything
    if day_first is None and first != second and max(first, second) < 13:
        raise Ambiguous
    if day_first is None:
        day_first = first > 12
    return date(third, second, first) if day_first else date(third, first, second)


def _clock(found: "re.Match[str]") -> time:
    hour, minute, second = int(found[5] or 0), int(found[6] or 0), int(found[7] or 0)
    half = {"오전": "a", "오후": "p"}.get(found[4] or "", (found[8] or "")[:1].lower())
    if half and not 1 <= hour <= 12:
        raise Unreadable
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute, second)
