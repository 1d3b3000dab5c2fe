"""Customers in a file: which column is what, and what a row says of whom."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dangol.business.rules import is_zone
from dangol.customers import rules
from dangol.customers.commands.recognition import normal_address
from dangol.customers.kinds import EMAIL, NUMBER, PHONE
from dangol.kernel import columns

FIELDS: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "email": _("E-mail address"),
        "phone": _("Phone number"),
        "number": _("Customer number"),
        "name": _("Customer’s name"),
        "family_name": _("Family name"),
        "given_name": _("Given name"),
        "honorific": _("Honorific"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "birthday": _("Birthday"),
        "birth_year": _("Year of birth"),
        "company": _("Company"),
        "address": _("Postal address"),
        "country": _("Country"),
        "tags": _("Tags"),
        "note": _("Note"),
        "consent": _("Agrees to news by e-mail"),
        "consent_at": _("Agreed on"),
        "consent_wording": _("Words that were agreed to"),
    }
)
"""What a column can be, in the order in which a page shows them."""

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "email": "email emailaddress mail customeremail 이메일 이메일주소 메일 고객이메일",
        "phone": """
            phone phonenumber mobile mobilephone telephone tel cell 전화번호 휴대전화 휴대폰 연락처 핸드폰 휴대폰번호
        """,
        "number": """
            customerid customernumber customerno id clientid memberid userid 고객번호 회원번호 회원id 회원아이디 아이디
        """,
        "name": "name fullname customername customer displayname 이름 성명 고객명 성함 회원명",
        "family_name": "lastname familyname surname 성 성씨",
        "given_name": "firstname givenname forename 명",
        "honorific": "honorific title salutation 호칭 직함",
        "language": "language locale lang 언어",
        "time_zone": "timezone tz 시간대",
        "birthday": "birthday birthdate dateofbirth dob born 생일 생년월일",
        "birth_year": "birthyear yearofbirth 출생연도 출생년도 태어난해",
        "company": "company organisation organization business 회사 회사명 상호",
        "address": "address postaladdress streetaddress address1 defaultaddressaddress1 주소 배송지 배송주소",
        "country": "country countrycode defaultaddresscountrycode 국가 나라",
        "tags": "tags tag labels groups group 태그 등급 그룹 회원등급",
        "note": "note notes comment comments memo remarks 메모 비고",
        "consent": """
            acceptsemailmarketing acceptsmarketing newsletter subscribed optin emailoptin marketingconsent consent
            수신동의 메일수신동의 이메일수신동의 마케팅수신동의 마케팅동의
        """,
        "consent_at": "consentdate consentat optindate optintime subscribedat 동의일 동의일시 수신동의일 수신동의일시",
        "consent_wording": "consenttext consentwording wording 동의문구 동의내용",
    }
)
REASONS: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "no_address": _(
            "There is no e-mail address, phone number or customer number: nobody could be found again."
        ),
        "email_unclear": _("This is no e-mail address."),
        "phone_unclear": _("This is no phone number."),
        "birthday_unclear": _("This day cannot be read. Write it as 1990-02-13, or 02-13 without the year."),
        "not_a_birthday": _("Nobody is born on that day."),
        "language_unknown": _("This language is not spoken here. Write it as en or ko."),
        "zone_unknown": _("There is no such time zone. Write it as Asia/Seoul."),
        "consent_unclear": _("Whether they agreed cannot be read. Write yes or no."),
        "too_long": _("A cell is longer than what is kept of it."),
        "too_many_cells": _("The row has more cells than the header."),
        "odd_letters": _("A cell holds a letter that cannot be kept."),
        "two_people": _(
            "The addresses of this row are of two different customers. Merge them first, or part the row."
        ),
        "erased": _("Who has an address of this row was erased, and no file brings them back."),
    }
)
"""Why a row is refused: the word that is kept, and the sentence for people."""

# Joined by spaces, to be read as they are.
_YES: Final = frozenset(
    "yes y true 1 o agree agreed subscribed optin 예 네 동의 동의함 수신 수신동의 수신함".split()  # noqa: SIM905
)
_NO: Final = frozenset(
    "no n false 0 x disagree unsubscribed optout "  # noqa: SIM905
    "아니요 아니오 비동의 거부 수신거부 미동의 동의안함 수신안함".split()
)
_LENGTHS: Final = {
    "name": 200,
    "family_name": 100,
    "given_name": 100,
    "honorific": 20,
    "company": 200,
    "address": 2_000,
    "note": 4_000,
    "consent_wording": 4_000,
    "number": 120,
    "email": 320,
    "phone": 320,
}
_LONGEST: Final = 4_000  # of what is not kept as it is written: no day or word for yes is as long
_DAY: Final = re.compile(r"(?:(\d{4})\s*[-./년]\s*)?(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*[일.]?(?:[T\s].*)?")
_TOGETHER: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NO_YEAR: Final = 1800  # and earlier: what programs write for a day without its year


@dataclass(frozen=True)
class PeopleReading:
    """How a file is read. `wording` are the words that were agreed to, where the file does not say them; `country` is
    where telephone numbers are at home."""

    columns: Mapping[str, int]
    zone: ZoneInfo
    country: str = ""
    wording: str = ""
    overwrites: bool = False


@dataclass(frozen=True)
class SaidConsent:
    """What a row says of being written to. `at` is None where it does not say when."""

    is_given: bool
    at: datetime | None
    wording: str

    @property
    def is_proved(self) -> bool:
        """A yes counts only with its day and its words; a no always does."""
        return not self.is_given or bool(self.at and self.wording)


@dataclass(frozen=True)
class IncomingPerson:
    """What a row says: addresses as (kind, normal form, as written), and the fields that it fills.

    `got_zero`: the telephone number had lost its first 0 in a spreadsheet, and has it again.
    """

    addresses: tuple[tuple[str, str, str], ...]
    profile: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    note: str = ""
    consent: SaidConsent | None = None
    got_zero: bool = False


class Unfit(Exception):
    """The row is refused, for one of REASONS."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def propose_people(header: Sequence[str]) -> dict[str, int]:
    """The place of the column for each field that the header has one for."""
    found = columns.propose(header, FIELDS, _NAMES)
    return found


def choose_people(header: Sequence[str], said: Iterable[tuple[str, str]] = ()) -> dict[str, int]:
    """The proposal with what somebody said. Refused (ColumnsMissing)."""
    found = columns.choose(header, FIELDS, propose_people(header), said)
    check_people(header, found)
    return found


def check_people(header: Sequence[str], chosen: Mapping[str, int]) -> None:
    """Refuse (ColumnsMissing) where nobody could be found again by what is in the file."""
    if not {"email", "phone", "number"} & chosen.keys():
        columns.refuse_missing(
            header, [" / ".join(str(FIELDS[name]) for name in ("email", "phone", "number"))]
        )


def read_person(row: Sequence[str], reading: PeopleReading, *, width: int, today: date) -> IncomingPerson:
    """What the row says. Blank cells say nothing. Raises Unfit."""
    if len(row) > width and any(row[width:]):
        raise Unfit("too_many_cells")
    if "\0" in "".join(row):
        raise Unfit("odd_letters")
    cells = {name: row[place].strip() if place < len(row) else "" for name, place in reading.columns.items()}
    if any(len(cell) > _LENGTHS.get(name, _LONGEST) for name, cell in cells.items()):
        raise Unfit("too_long")
    with_zero = rules.phone_with_zero(cells.get("phone", ""), reading.country)
    if with_zero:
        cells["phone"] = with_zero
    addresses = tuple(_addresses(cells))
    if not addresses:
        raise Unfit("no_address")
    return IncomingPerson(
        addresses=addresses,
        profile={name: value for name, value in _profile(cells, today) if value not in {None, ""}},
        tags=tuple(
            filter(None, (" ".join(word.split())[:40] for word in re.split("[,;|]", cells.get("tags", ""))))
        ),
        note=cells.get("note", ""),
        consent=_consent(cells, reading),
        got_zero=bool(with_zero),
    )


def _addresses(cells: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    if number := _plain_number(cells.get("number", "")):
        yield NUMBER, normal_address(number, NUMBER), number
    if email := cells.get("email", ""):
        try:
            validate_email(email)
        except ValidationError:
            raise Unfit("email_unclear") from None
        yield EMAIL, normal_address(email, EMAIL), email
    if phone := _whole_figure(cells.get("phone", "").lstrip("'")):
        if not rules.normal_phone(phone):
            raise Unfit("phone_unclear")
        yield PHONE, normal_address(phone, PHONE), phone


def _profile(cells: Mapping[str, str], today: date) -> Iterable[tuple[str, Any]]:
    for name in ("name", "family_name", "given_name", "honorific", "company", "address"):
        yield name, cells.get(name, "")
    yield "country", cells.get("country", "").upper() if len(cells.get("country", "")) == 2 else ""
    if language := cells.get("language", "").lower().replace("_", "-").partition("-")[0]:
        if language not in dict(settings.LANGUAGES):
            raise Unfit("language_unknown")
        yield "language", language
    if zone := cells.get("time_zone", ""):
        if not is_zone(zone):
            raise Unfit("zone_unknown")
        yield "time_zone", zone
    year, month, day = _day(cells.get("birthday", ""))
    if alone := _plain_number(cells.get("birth_year", "")):
        if not alone.isdecimal():
            raise Unfit("birthday_unclear")
        year = int(alone)
    if not rules.is_birthday(year, month, day, today=today):
        raise Unfit("not_a_birthday")
    yield from (("birth_year", year), ("birth_month", month), ("birth_day", day))


def _day(text: str) -> tuple[int | None, int | None, int | None]:
    if not text:
        return None, None, None
    found = _TOGETHER.fullmatch(text) or _DAY.fullmatch(text)
    if not found:
        raise Unfit("birthday_unclear")
    year = int(found[1]) if found[1] else None
    return None if year and year <= _NO_YEAR else year, int(found[2]), int(found[3])


def _consent(cells: Mapping[str, str], reading: PeopleReading) -> SaidConsent | None:
    said = re.sub(r"[\W_]", "", cells.get("consent", "")).casefold()
    if not said:
        return None
    if said not in _YES | _NO:
        raise Unfit("consent_unclear")
    at = _instant(cells.get("consent_at", ""), reading.zone)
    return SaidConsent(said in _YES, at, cells.get("consent_wording", "") or reading.wording)


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    """When it was said; a day alone is its beginning. None where that cannot be read, which proves nothing."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        year, month, day = _day(text) if _DAY.fullmatch(text) else (None, None, None)
        if not (year and month and day):
            return None
        try:
            at = datetime.combine(date(year, month, day), time())
        except ValueError:
            return None
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    try:
        return at.astimezone(UTC)
    except OverflowError:  # 0001-01-01, which programs write for no day, is before all days in Seoul
        return None


def _whole_figure(text: str) -> str:
    """Behind the dot is no figure of a telephone number: 821012345678.0."""
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text


def _plain_number(text: str) -> str:
    """Spreadsheets make 17850.0 of 17850."""
    whole, dot, rest = text.partition(".")
    return whole if dot and not rest.strip("0") and whole.isdecimal() else text
