from contextlib import suppress

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from dangol.business.hours import ALL_DAY, Span
from dangol.business.hours_text import (
    HoursUnclear,
    check_nights,
    hours_shown,
    spans_from,
    spans_text,
    weeks_lines,
)

SHOP = ((540, 720), (780, 1080))


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("09:00-12:00, 13:00-18:00", SHOP),
        ("13:00-18:00, 09:00-12:00", SHOP),
        ("9:00 – 12:00; 13:00 — 18:00", SHOP),
        ("09:00~12:00\n13:00~18:00", SHOP),
        ("０９：００～１２：００，１３：００～１８：００", SHOP),
        ("9.00-12.00, 1300-1800", SHOP),
        ("9am-12pm, 1 pm to 6 p.m.", SHOP),
        ("9-12, 13-18", SHOP),
        ("900-1200, 13-18:00,", SHOP),
        ("09:00-12:00, 12:00-18:00", ((540, 1080),)),
        ("18:00-02:00", ((1080, 1560),)),
        ("18-2", ((1080, 1560),)),
        ("18:00-00:00", ((1080, 1440),)),
        ("18:00-24:00", ((1080, 1440),)),
        ("12am-12pm", ((0, 720),)),
        ("00:00-24:00", ALL_DAY),
        ("00:00-00:00", ALL_DAY),
        ("24h", ALL_DAY),
        ("24시간", ALL_DAY),
        ("", ()),
        ("  ", ()),
        ("-", ()),
        ("Closed", ()),
        ("휴무", ()),
    ],
)
def test_hours_are_read_as_people_type_them(typed: str, spans: tuple[Span, ...]):
    assert spans_from(typed) == spans


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("nine to five", "“nine” is not a time"),
        ("09:00", "“09:00” is not a beginning and an end"),
        ("09:00-12:00-13:00", "not a beginning and an end"),
        ("09:60-12:00", "“09:60” is not a time"),
        ("09:00-25:00", "“25:00” is not a time"),
        ("09:00-24:01", "“24:01” is not a time"),
        ("13pm-14pm", "“13pm” is not a time"),
        ("0am-9am", "“0am” is not a time"),
        ("09:00-09:00", "has no length"),
        ("24:00-02:00", "has no length"),
        ("9-6", "Write 09:00-18:00 or 09:00-06:00"),
        ("09:00-13:00, 12:00-18:00", "09:00-13:00 and 12:00-18:00 overlap"),
        ("09:00-12:00, 09:00-12:00", "overlap"),
    ],
)
def test_what_is_unclear_is_refused_with_what_to_write_instead(typed: str, hint: str):
    with pytest.raises(HoursUnclear) as refused:
        spans_from(typed)
    assert hint in str(refused.value)


@given(st.text(max_size=30))
def test_any_text_is_hours_or_is_refused(text: str):
    with suppress(HoursUnclear):
        spans = spans_from(text)
        assert all(0 <= start < 1440 and start < end <= start + 1440 for start, end in spans)


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_what_is_written_is_read_back(start: int, length: int):
    end = start + length
    if length == 1440 and start != 0:
        return  # from 09:00 to 09:00 cannot be typed
    assert spans_from(spans_text([(start, end)])) == ((start, end),)


def test_a_page_shows_hours_in_the_readers_language():
    assert [hours_shown(spans) for spans in (SHOP, (), ALL_DAY)] == [
        "09:00–12:00, 13:00–18:00",
        "closed",
        "all day",
    ]
    with translation.override("ko"):
        assert [hours_shown(spans) for spans in ((), ALL_DAY)] == ["휴무", "24시간"]


def test_days_alike_share_a_line():
    week = (SHOP,) * 5 + (((600, 900),), ())
    assert weeks_lines(week) == [
        (0, 4, "09:00–12:00, 13:00–18:00"),
        (5, 5, "10:00–15:00"),
        (6, 6, "closed"),
    ]


def test_a_night_must_end_before_the_next_day_opens():
    bar = ((1080, 1560),)
    check_nights((bar,) * 7)
    check_nights(((((0, 120), (1080, 1440))),) * 7)
    with pytest.raises(HoursUnclear, match="18:00-02:00 runs into 01:00-05:00"):
        check_nights((((60, 300),), *((),) * 5, bar))
