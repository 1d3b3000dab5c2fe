"""The shop: who works there and when, what it promises, where it is written to. Unsaved rows, the same each time."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from dangol.business import rules
from dangol.business.hours import Calendar, Span
from dangol.business.models import Business, OpeningCalendar
from dangol.business.public_holidays import public_holidays
from dangol.channels.models import Channel, Mailbox
from dangol.showcase.holidays import korean_holidays
from dangol.staff.models import Role, Staff

ZONE: Final = ZoneInfo("Asia/Seoul")
COUNTRY, CURRENCY = "KR", "KRW"
_NOON_AND_NIGHT: Final[tuple[Span, ...]] = ((10 * 60 + 30, 15 * 60), (16 * 60 + 30, 21 * 60 + 30))
WEEKLY: Final[tuple[tuple[Span, ...], ...]] = (
    *(_NOON_AND_NIGHT,) * 5,
    ((11 * 60, 21 * 60 + 30),),
    ((12 * 60, 20 * 60),),
)
NAMES: Final = {"en": "Moon Burger", "ko": "문버거"}
ANSWER_AT_ONCE: Final = (
    "단체 주문 문의를 잘 받았습니다. 영업시간 안에 한 시간 이내로 답을 드리겠습니다.\n\n"
    "Your request has arrived. Within an hour of our opening time somebody answers in person."
)


@dataclass(frozen=True)
class Shop:
    """Moon Burger, opened at an instant. `language` is that of the business and of its people."""

    language: str
    opened_at: datetime

    @property
    def name(self) -> str:
        """As it stands above the door."""
        return NAMES[self.language]

    @cached_property
    def business(self) -> Business:
        """The business, its first visit gone through."""
        return Business(
            set_up_step="",
            set_up_at=self.opened_at,
            name=self.name,
            country=COUNTRY,
            language=self.language,
            currency=CURRENCY,
            time_zone=ZONE.key,
        )

    @cached_property
    def hours_as_data(self) -> dict[str, Any]:
        """The opening hours under the names of `OpeningCalendar`'s fields, public holidays looked up."""
        years = rules.holiday_years(self.opened_at.astimezone(ZONE).year)
        closed = korean_holidays(years, self.language)
        if closed is None:
            found = public_holidays(COUNTRY, years, language=self.language)
            closed = [[holiday.day.isoformat(), holiday.name] for holiday in found]
        return {
            "zone": ZONE.key,
            "weekly": [[list(span) for span in spans] for spans in WEEKLY],
            "closed_days": closed,
            "special_days": [],
            "holidays_until": years[-1],
        }

    @cached_property
    def calendar(self) -> Calendar:
        """The opening hours as a value that can count."""
        return OpeningCalendar(**self.hours_as_data).calendar

    @cached_property
    def staff(self) -> dict[str, Staff]:
        """By first name, in small letters."""
        korean = self.language == "ko"
        people = (
            (
                "minji",
                "박민지" if korean else "Minji",
                Role.OWNER,
                "박민지 대표" if korean else "Minji, owner",
            ),
            (
                "dongsuk",
                "최동석" if korean else "Dongsuk",
                Role.MANAGER,
                "최동석 매니저" if korean else "Dongsuk",
            ),
            ("hana", "이하나" if korean else "Hana", Role.AGENT, "이하나 드림" if korean else "Hana"),
            ("tom", "톰" if korean else "Tom", Role.AGENT, "톰 드림" if korean else "Tom"),
        )
        rows = {}
        for number, (key, name, role, signature) in enumerate(people, start=1):
            rows[key] = Staff(
                id=number,
                email=f"{key}@moonburger.example",
                name=name,
                role=role,
                language=self.language,
                signature=signature,
                created_at=self.opened_at,
            )
            rows[key].set_unusable_password()
        return rows

    @cached_property
    def counter(self) -> Channel:
        """Where everybody writes."""
        return self._channel(1, self.name, "hello", first=30 * 60, following=60 * 60)

    @cached_property
    def catering(self) -> Channel:
        """Where offices order; it answers at once that it has heard."""
        name = "단체 주문" if self.language == "ko" else "Catering"
        channel = self._channel(2, name, "catering", first=60 * 60, following=120 * 60)
        channel.acknowledgement = ANSWER_AT_ONCE
        return channel

    def is_closed_on(self, day: date) -> bool:
        """Whether the shop rests on this local day."""
        return not self.calendar.spans_on(day)

    def _channel(self, number: int, name: str, local: str, *, first: int, following: int) -> Channel:
        channel = Channel(
            id=number,
            name=name,
            signature=f"{self.name} · 02-555-0142 · moonburger.example",
            promised_first_seconds=first,
            promised_next_seconds=following,
            created_at=self.opened_at,
        )
        channel.mailbox = Mailbox(
            channel=channel,
            address=f"{local}@moonburger.example",
            from_name=self.name if number == 1 else f"{self.name} {name}",
            outgoing=Mailbox.Outgoing.KEPT,
            fetched_at=None,
        )
        return channel
