"""The public holidays of South Korea for some years, so that the demo need not load a library of all countries.

A test holds them against that library; for other years the library is asked.
"""

from datetime import date
from typing import Final

YEARS: Final = range(2025, 2030)
# Name in English, in Korean, and the days.
_HOLIDAYS: Final = (
    ("New Year's Day", "신정연휴", "2025-01-01 2026-01-01 2027-01-01 2028-01-01 2029-01-01"),
    ("Temporary Public Holiday", "임시공휴일", "2025-01-27"),
    (
        "The day preceding Korean New Year",
        "설날 전날",
        "2025-01-28 2026-02-16 2027-02-06 2028-01-26 2029-02-12",
    ),
    ("Korean New Year", "설날", "2025-01-29 2026-02-17 2027-02-07 2028-01-27 2029-02-13"),
    (
        "The second day of Korean New Year",
        "설날 다음날",
        "2025-01-30 2026-02-18 2027-02-08 2028-01-28 2029-02-14",
    ),
    ("Independence Movement Day", "삼일절", "2025-03-01 2026-03-01 2027-03-01 2028-03-01 2029-03-01"),
    ("Alternative holiday for Independence Movement Day", "삼일절 대체 휴일", "2025-03-03 2026-03-02"),
    ("Buddha's Birthday; Children's Day", "부처님오신날; 어린이날", "2025-05-05"),
    (
        "Alternative holiday for Buddha's Birthday; Alternative holiday for Children's Day",
        "부처님오신날 대체 휴일; 어린이날 대체 휴일",
        "2025-05-06",
    ),
    ("Presidential Election Day", "대통령 선거일", "2025-06-03"),
    ("Memorial Day", "현충일", "2025-06-06 2026-06-06 2027-06-06 2028-06-06 2029-06-06"),
    ("Liberation Day", "광복절", "2025-08-15 2026-08-15 2027-08-15 2028-08-15 2029-08-15"),
    ("National Foundation Day", "개천절", "2025-10-03 2026-10-03 2027-10-03 2029-10-03"),
    ("The day preceding Chuseok", "추석 전날", "2025-10-05 2026-09-24 2027-09-14 2028-10-02 2029-09-21"),
    ("Chuseok", "추석", "2025-10-06 2026-09-25 2027-09-15 2029-09-22"),
    ("The second day of Chuseok", "추석 다음날", "2025-10-07 2026-09-26 2027-09-16 2028-10-04 2029-09-23"),
    ("Alternative holiday for Chuseok", "추석 대체 휴일", "2025-10-08 2028-10-05 2029-09-24"),
    ("Hangul Day", "한글날", "2025-10-09 2026-10-09 2027-10-09 2028-10-09 2029-10-09"),
    ("Christmas Day", "기독탄신일", "2025-12-25 2026-12-25 2027-12-25 2028-12-25 2029-12-25"),
    ("Labor Day", "노동절", "2026-05-01 2027-05-01 2028-05-01 2029-05-01"),
    ("Children's Day", "어린이날", "2026-05-05 2027-05-05 2028-05-05 2029-05-05"),
    ("Buddha's Birthday", "부처님오신날", "2026-05-24 2027-05-13 2028-05-02 2029-05-20"),
    ("Alternative holiday for Buddha's Birthday", "부처님오신날 대체 휴일", "2026-05-25 2029-05-21"),
    ("Local Election Day", "지방선거일", "2026-06-03"),
    ("Constitution Day", "제헌절", "2026-07-17 2027-07-17 2028-07-17 2029-07-17"),
    ("Alternative holiday for Liberation Day", "광복절 대체 휴일", "2026-08-17 2027-08-16"),
    ("Alternative holiday for National Foundation Day", "개천절 대체 휴일", "2026-10-05 2027-10-04"),
    ("Alternative holiday for Korean New Year", "설날 대체 휴일", "2027-02-09"),
    ("Alternative holiday for Labor Day", "노동절 대체 휴일", "2027-05-03"),
    ("Alternative holiday for Constitution Day", "제헌절 대체 휴일", "2027-07-19"),
    ("Alternative holiday for Hangul Day", "한글날 대체 휴일", "2027-10-11"),
    ("Alternative holiday for Christmas Day", "기독탄신일 대체 휴일", "2027-12-27"),
    ("National Assembly Election Day", "국회의원 선거일", "2028-04-12"),
    ("Chuseok; National Foundation Day", "개천절; 추석", "2028-10-03"),
    ("Alternative holiday for Children's Day", "어린이날 대체 휴일", "2029-05-07"),
)


def korean_holidays(years: range, language: str) -> list[list[str]] | None:
    """[day, name] of each, in order of date, as a calendar keeps them; None when a year is not known here."""
    if not set(years) <= set(YEARS):
        return None
    named = (
        (day, korean if language == "ko" else english)
        for english, korean, days in _HOLIDAYS
        for day in days.split()
    )
    return [[day, name] for day, name in sorted(named) if date.fromisoformat(day).year in years]
