import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import dangol
from dangol.business.public_holidays import Holiday, HolidaysUnknown, public_holidays, subdivisions


def test_korea_rests_on_lunar_and_on_substitute_holidays():
    days = dict(public_holidays("KR", [2025, 2026], language="ko"))
    # The lunar new year and the days around it, by the calendar of the Korea Astronomy and Space Science Institute.
    assert [date(2026, 2, day) in days for day in (15, 16, 17, 18, 19)] == [False, True, True, True, False]
    assert days[date(2026, 2, 17)] == "설날"
    assert "대체" in days[date(2025, 10, 8)]  # Chuseok touched a Sunday
    assert "대체" in days[date(2026, 8, 17)]  # Liberation Day fell on a Saturday
    assert date(2026, 8, 18) not in days


def test_names_come_in_the_language_of_the_business():
    assert dict(public_holidays("KR", [2026], language="en"))[date(2026, 2, 17)] == "Korean New Year"
    assert dict(public_holidays("US", [2026], language="ko"))[date(2026, 12, 25)] == "Christmas Day"
    assert dict(public_holidays("GB", [2026], language="en"))[date(2026, 12, 25)] == "Christmas Day"


def test_they_are_in_order_of_date():
    found = public_holidays("US", [2027, 2026])
    assert list(found) == sorted(found)
    assert {holiday.day.year for holiday in found} == {2026, 2027}


def test_a_part_of_a_country_may_have_its_own():
    assert "BY" in subdivisions("DE")
    epiphany = date(2026, 1, 6)
    assert epiphany in dict(public_holidays("DE", [2026], subdivision="BY"))
    assert epiphany not in dict(public_holidays("DE", [2026]))
    assert subdivisions("XX") == ()


@pytest.mark.parametrize(("country", "subdivision"), [("XX", ""), ("US", "QQ"), ("", "")])
def test_an_unknown_country_or_part_is_refused(country: str, subdivision: str):
    with pytest.raises(HolidaysUnknown, match="enter the closed days yourself"):
        public_holidays(country, [2026], subdivision=subdivision)


def test_a_holiday_is_a_day_and_a_name():
    assert public_holidays("KR", [2026], language="ko")[0] == Holiday(date(2026, 1, 1), "신정연휴")


def test_the_library_is_not_loaded_before_it_is_asked():
    """It takes a tenth of a second and memory that a web process never needs."""
    program = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'dangol.settings'; import django; django.setup();"
        "import dangol.business.commands, dangol.business.queries; sys.exit('holidays' in sys.modules)"
    )
    source = Path(dangol.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
