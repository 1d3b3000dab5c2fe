"""Opening hours as people type and read them: "09:00-12:00, 13:00-18:00"."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from dangol.business.hours import DAY, Span
from dangol.kernel.errors import Refused

CLOSED_WORDS = frozenset({"", "-", "closed", "휴무", "휴무일"})
ALL_DAY_WORDS = frozenset({"24h", "24시간"})
TIME = re.compile(r"(?P<hour>\d{1,2})(?:[:.]?(?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?", re.IGNORECASE)
DASH = re.compile(r"\s*(?:-|to)\s*", re.IGNORECASE)
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−~〜∼～", "-"))


class HoursUnclear(Refused):
    """The text is no opening hours."""

    message = _(
        "Write opening hours like 09:00-12:00, 13:00-18:00, and leave the field empty on a closed day."
    )


def spans_from(text: str) -> tuple[Span, ...]:
    """The typed hours of one day, in order; none for a closed day. Raises `HoursUnclear`, which says what to change.

    A span that ends before it begins goes past midnight and belongs to the day on which it begins:
    "18:00-02:00" is ((1080, 1560),). Midnight as an end may be written 24:00 or 00:00. Spans that touch are joined.
    """
    plain = unicodedata.normalize("NFKC", text).translate(DASHES).strip().lower()
    if plain in CLOSED_WORDS:
        return ()
    if plain in ALL_DAY_WORDS:
        return ((0, DAY),)
    spans = sorted(_span(part.strip()) for part in re.split(r"[,;\n]", plain) if part.strip())
    joined: list[Span] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            message = gettext("%(first)s and %(second)s overlap. Please make them one.")
            first, second = spans_text(joined[-1:]), spans_text([(start, end)])
            raise HoursUnclear(message % {"first": first, "second": second})
        if joined and start == joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def spans_text(spans: Sequence[Span]) -> str:
    """The hours of one day as `spans_from` reads them back: "09:00-12:00, 13:00-18:00"; empty for a closed day."""
    return ", ".join(f"{_time_text(start)}-{_time_text(end)}" for start, end in spans)


def hours_shown(spans: Sequence[Span]) -> str:
    """The hours of one day for a page, in the active language: "09:00–18:00", "closed", "all day"."""
    if not spans:
        return pgettext("opening hours", "closed")
    if tuple(spans) == ((0, DAY),):
        return pgettext("opening hours", "all day")
    return spans_text(spans).replace("-", "–")


def weeks_lines(weekly: Sequence[Sequence[Span]]) -> list[tuple[int, int, str]]:
    """The week in as few lines as it needs: (first weekday, last weekday, hours shown), Monday is 0."""
    lines: list[tuple[int, int, str]] = []
    for weekday, spans in enumerate(weekly):
        shown = hours_shown(spans)
        if lines and lines[-1][2] == shown:
            lines[-1] = (lines[-1][0], weekday, shown)
        else:
            lines.append((weekday, weekday, shown))
    return lines


def check_nights(weekly: Sequence[Sequence[Span]]) -> None:
    """Refuse a week in which a night runs into hours that the next day opens with."""
    for evening, morning in pairwise([*weekly, weekly[0]]):
        if evening and morning and evening[-1][1] - DAY > morning[0][0]:
            message = gettext("%(night)s runs into %(morning)s of the next day. Please shorten one of them.")
            night, first = spans_text(evening[-1:]), spans_text(morning[:1])
            raise HoursUnclear(message % {"night": night, "morning": first})


def _span(text: str) -> Span:
    ends = DASH.split(text)
    if len(ends) != 2:
        message = gettext("“%(text)s” is not a beginning and an end. Write it like 09:00-18:00.")
        raise HoursUnclear(message % {"text": text})
    (start, _sure), (end, sure) = _minute(ends[0]), _minute(ends[1])
    if start == DAY or (start == end and start != 0):
        message = gettext("“%(text)s” has no length. For a whole day write 00:00-24:00.")
        raise HoursUnclear(message % {"text": text})
    if end <= start:
        end += DAY
        if not sure and end - DAY // 2 > start:
            message = gettext("“%(text)s” would be open through the night. Write %(day)s or %(night)s.")
            day, night = _time_text(end - DAY // 2), _time_text(end)
            start_text = _time_text(start)
            raise HoursUnclear(
                message % {"text": text, "day": f"{start_text}-{day}", "night": f"{start_text}-{night}"}
            )
    return start, end


def _minute(text: str) -> tuple[int, bool]:
    """Minutes after midnight, and whether it is sure which half of the day is meant ("6" may be the evening)."""
    match = TIME.fullmatch(text)
    if match:
        hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half[0] == "p" else 0)
        elif half:
            hour = DAY
        if minute < 60 and hour * 60 + minute <= DAY:
            return hour * 60 + minute, bool(half or match["minute"])
    message = gettext("“%(text)s” is not a time. Write it like 09:00 or 18:30.")
    raise HoursUnclear(message % {"text": text})


def _time_text(minute: int) -> str:
    """24:00 stays 24:00, so that a whole day reads as one; later is the small hours of the next day."""
    if minute > DAY:
        minute -= DAY
    return f"{minute // 60:02}:{minute % 60:02}"
