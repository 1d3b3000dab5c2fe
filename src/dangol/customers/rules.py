"""What holds of names, birthdays and ages: plain values in, plain values out."""

import re
import unicodedata
from datetime import date
from typing import Final

MERGE_DAYS: Final = 90
"""For how long two rows that became one person can be made two again."""

OLDEST_YEAR: Final = 1900
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_HANGUL: Final = ("\u1100", "\u11ff"), ("\u3131", "\u318e"), ("\uac00", "\ud7a3")
# First letter and last of the scripts in which the family name comes first, and no space stands between the names.
_FAMILY_FIRST: Final = (*_HANGUL, ("\u3040", "\u30ff"), ("\u3400", "\u9fff"))

# Pew Research Center (M. Dimock, 2019, "Defining generations"); who is born after the last year is of "alpha".
GENERATIONS: Final = (
    ("silent", 1928, 1945),
    ("boomer", 1946, 1964),
    ("x", 1965, 1980),
    ("millennial", 1981, 1996),
    ("z", 1997, 2012),
)
ALPHA: Final = "alpha"


def shown_name(name: str, family: str = "", given: str = "", order: str = "") -> str:
    """The name as the person wishes to be called, or else both names in their order; "" where nothing is known."""
    return name.strip() or full_name(family, given, order)


def full_name(family: str, given: str, order: str = "") -> str:
    """Both names, in the order that was chosen ("family", "given") or else that of their script.

    Korean, Chinese and Japanese names are written without a space where the family name comes first.
    """
    family, given = family.strip(), given.strip()
    if not (family and given):
        return family or given
    is_eastern = _is_of(family, _FAMILY_FIRST) and _is_of(given, _FAMILY_FIRST)
    if (order or ("family" if is_eastern else "given")) == "family":
        return f"{family}{'' if is_eastern else ' '}{given}"
    return f"{given} {family}"


def addressed_name(shown: str, honorific: str = "", language: str = "") -> str:
    """The name as a letter begins with it: 박지훈 님, Dr. Kim.

    Eastern honorifics stand behind the name, others before it. Who writes Korean and has none of their own is 님.
    """
    honorific = honorific.strip() or ("님" if language == "ko" else "")
    if not (shown and honorific):
        return shown
    return f"{shown} {honorific}" if _is_of(honorific, _FAMILY_FIRST) else f"{honorific} {shown}"


def is_birthday(year: int | None, month: int | None, day: int | None, *, today: date) -> bool:
    """Whether somebody can be born then. Month and day go together; the year may be unknown, or known alone.

    29 February is a birthday in leap years, and where the year is unknown.
    """
    if (month is None) != (day is None):
        return False
    if year is not None and not OLDEST_YEAR <= year <= today.year:
        return False
    if month is None or day is None:
        return True
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]):
        return False
    if year is None:
        return True
    try:
        return date(year, month, day) <= today
    except ValueError:
        return False


def age(year: int | None, month: int | None, day: int | None, *, today: date) -> int | None:
    """Full years, None where the date of birth is not known whole. Who is born on 29 February ages on 1 March."""
    if year is None or month is None or day is None:
        return None
    return today.year - year - ((today.month, today.day) < (month, day))


def generation(year: int | None) -> str:
    """The generation by year of birth, "" where it is unknown or earlier than those with a name here."""
    if year is None or year < GENERATIONS[0][1]:
        return ""
    return next((name for name, first, last in GENERATIONS if first <= year <= last), ALPHA)


def normal_name(name: str) -> str:
    """The form in which two ways to write a name are equal: no case, no accents, no signs, no honorific, no order."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = unicodedata.normalize("NFC", plain)
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return " ".join(sorted(word for word in words if word not in _TITLES)) or " ".join(sorted(words))


_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "님", "씨", "선생님", "고객님"})


def normal_phone(text: str) -> str:
    """The digits of a number in the form in which two ways to write it are equal; "" where there are too few.

    Korea's country code becomes the 0 of a number at home, except of one that has none there (1588-1234); other
    countries' stay as they are written.
    """
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isdecimal())
    digits = digits.removeprefix("00")
    if digits.startswith("82") and len(digits) > 9:
        home = digits[2:].removeprefix("0")
        digits = home if _HAS_NO_ZERO.fullmatch(home) else "0" + home
    return digits if 5 <= len(digits) <= 15 else ""


_HAS_NO_ZERO: Final = re.compile(r"1[568]\d{6}")  # of businesses, the same from everywhere in Korea

# What a number at home is without its first 0, by the country. Figures alone: mobile telephones, Seoul, the other areas
# with seven figures (with eight they could be of America, Belgium or New Zealand), by the internet. With signs between
# them no other areas: 31 612 3456 and 64 212 3456 is how the Netherlands and New Zealand are written with their codes.
_WITHOUT_ZERO: Final = {
    "KR": re.compile(
        r"10\d{8}|1[16-9]\d{7,8}|2\d{8}|(?:3[1-3]|4[1-4]|5[1-5]|6[1-4])\d{7}|70\d{8}"
        r"|(?:10|1[16-9]|2|70)[-. ]\d{3,4}[-. ]\d{4}"
    )
}


def phone_with_zero(text: str, country: str) -> str:
    """The number with the 0 that a spreadsheet took from it, as it does from what looks like a figure: 1012345678; or
    that was left out behind a country code which is gone: 10-1234-5678.

    Only where numbers at home begin with 0 and one without it is hardly anything else; else "".
    """
    whole, dot, rest = text.strip().partition(".")
    digits = whole if dot and not rest.strip("0") else text.strip()
    known = _WITHOUT_ZERO.get(country)
    return f"0{digits}" if digits.isascii() and known and known.fullmatch(digits) else ""


def masked_phone(text: str) -> str:
    """The number with its middle hidden, for a page that others may look at: 010-····-4471."""
    digits = normal_phone(text)
    return f"{digits[:3]}-····-{digits[-4:]}" if len(digits) >= 9 else text


def _is_of(text: str, scripts: tuple[tuple[str, str], ...]) -> bool:
    return all(
        any(first <= letter <= last for first, last in scripts) for letter in text if not letter.isspace()
    )
