from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from dangol.business.commands import change_business, change_opening_hours, finish_set_up_step, renew_holidays
from dangol.business.hours import is_open, opening_seconds
from dangol.business.hours_text import HoursUnclear
from dangol.business.models import Business, OpeningCalendar
from dangol.business.public_holidays import HolidaysUnknown
from dangol.business.queries import SpecialDay, calendar_at, current_business, opening_hours, version_at
from dangol.business.rules import BusinessIncomplete
from dangol.business.tests.cast import DETAILS, NOW, WEEK, moon_burger
from dangol.kernel.models import AuditEntry, Event

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
CHRISTMAS = datetime(2026, 12, 25, 3, 0, tzinfo=UTC)  # Friday noon in Seoul


def names() -> list[str]:
    return list(Event.objects.order_by("id").values_list("name", flat=True))


class TestSetUp:
    def test_the_first_step_makes_the_business_and_its_hours(self):
        business = moon_burger()
        assert current_business() == business
        assert (business.name, business.time_zone, business.currency) == ("Moon Burger", "Asia/Seoul", "KRW")
        assert is_open(calendar_at(NOW), NOW + DAY + timedelta(hours=2))
        assert not is_open(calendar_at(NOW), NOW + timedelta(hours=2))
        assert names() == ["BusinessChanged", "HoursChanged"]

    def test_it_goes_on_with_the_owner_and_is_over_after_the_mailbox(self):
        assert moon_burger().set_up_step == Business.Step.OWNER
        business = finish_set_up_step(actor=None, step="owner", at=NOW)
        assert (business.set_up_step, business.is_set_up) == (Business.Step.MAILBOX, False)
        business = finish_set_up_step(actor=None, step="mailbox", at=NOW + DAY)
        assert (business.set_up_step, business.set_up_at) == ("", NOW + DAY)
        assert current_business().is_set_up
        assert names()[-1] == "BusinessSetUp"

    def test_coming_back_to_a_step_corrects_it_and_stays_where_one_was(self):
        moon_burger()
        finish_set_up_step(actor=None, step="owner", at=NOW)
        business = moon_burger(name="Moon Burger Mapo")
        assert (business.name, business.set_up_step) == ("Moon Burger Mapo", Business.Step.MAILBOX)
        assert OpeningCalendar.objects.count() == 1

    def test_a_step_done_twice_is_done_once(self):
        moon_burger()
        for _ in range(2):
            business = finish_set_up_step(actor=None, step="owner", at=NOW)
        assert business.set_up_step == Business.Step.MAILBOX
        for _ in range(2):
            business = finish_set_up_step(actor=None, step="mailbox", at=NOW)
        assert names().count("BusinessSetUp") == 1

    def test_there_is_exactly_one_business(self):
        moon_burger()
        with pytest.raises(IntegrityError), transaction.atomic():
            Business.objects.create(pk=2, name="Sun Burger")

    def test_before_it_there_are_defaults_and_no_closed_hour(self):
        business = current_business()
        assert (business.pk, business.is_set_up, business.set_up_step) == (1, False, "business")
        assert Business.objects.count() == 0
        assert opening_seconds(calendar_at(NOW), NOW, NOW + DAY) == 86_400
        assert opening_hours(NOW).weekly == (((0, 1440),),) * 7

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"name": "  "}, "enter the name"),
            ({"name": "M" * 121}, "120"),
            ({"country": "KO"}, "country"),
            ({"language": "fr"}, "languages"),
            ({"currency": "WON"}, "currency"),
            ({"time_zone": "Asia/Busan"}, "time zone"),
            ({"time_zone": "Asia"}, "time zone"),
            ({"time_zone": "../etc/passwd"}, "time zone"),
            ({"time_zone": ""}, "time zone"),
            ({"weekly": ((),) * 7}, "at least one weekday"),
        ],
    )
    def test_what_is_wrong_is_refused_and_nothing_is_kept(self, wrong: dict[str, object], says: str):
        with pytest.raises(BusinessIncomplete, match=says):
            moon_burger(**wrong)
        assert not Business.objects.exists()
        assert not Event.objects.exists()

    def test_a_refusal_speaks_korean(self):
        with translation.override("ko"), pytest.raises(BusinessIncomplete, match="입력해 주세요"):
            moon_burger(name="")


class TestOpeningHours:
    def test_a_change_adds_a_version_and_leaves_the_old_one(self):
        moon_burger()
        before = OpeningCalendar.objects.get()
        weekly = (((540, 1080),),) * 7
        version = change_opening_hours(actor=None, weekly=weekly, at=NOW + DAY)
        assert version.effective_from == NOW + DAY
        assert calendar_at(NOW + DAY).weekly == weekly
        assert calendar_at(NOW + DAY - timedelta(microseconds=1)).weekly == WEEK
        before.refresh_from_db()
        assert before.calendar.weekly == WEEK
        assert Event.objects.order_by("id").last().data == {"calendar_id": version.pk}

    def test_what_was_before_the_first_hours_is_measured_by_them(self):
        moon_burger()
        assert calendar_at(NOW - 400 * DAY).weekly == WEEK

    def test_the_same_hours_are_no_change(self):
        moon_burger()
        first = OpeningCalendar.objects.get()
        assert change_opening_hours(actor=None, weekly=WEEK, at=NOW + DAY) == first
        assert OpeningCalendar.objects.count() == 1
        assert names().count("HoursChanged") == 1

    def test_public_holidays_are_closed_and_frozen_in_the_row(self, monkeypatch):
        moon_burger()
        version = version_at(NOW)
        assert version.holidays_until == 2028
        assert {day[:4] for day, _ in version.closed_days} == {"2025", "2026", "2027", "2028"}
        monkeypatch.setattr("dangol.business.commands.public_holidays", None)
        assert not is_open(calendar_at(NOW), CHRISTMAS)
        assert ["2026-02-17", "설날"] in version.closed_days

    def test_a_business_may_open_on_them(self):
        moon_burger(closes_on_holidays=False)
        assert is_open(calendar_at(NOW), CHRISTMAS)
        assert version_at(NOW).closed_days == []
        assert version_at(NOW).holidays_until is None

    def test_a_special_day_has_its_own_hours_even_on_a_holiday(self):
        party = SpecialDay(date(2026, 12, 25), ((720, 780),), "크리스마스 파티")
        moving = SpecialDay(date(2026, 12, 1), (), "이사")
        moon_burger(special_days=[party, moving])
        assert is_open(calendar_at(NOW), CHRISTMAS)
        assert not is_open(calendar_at(NOW), datetime(2026, 12, 1, 3, tzinfo=UTC))
        assert opening_hours(NOW).special_days == (moving, party)

    def test_a_day_entered_twice_is_refused(self):
        twice = [SpecialDay(date(2026, 12, 1), ()), SpecialDay(date(2026, 12, 1), ((540, 600),))]
        with pytest.raises(BusinessIncomplete, match="2026-12-01 is entered twice"):
            moon_burger(special_days=twice)

    def test_a_night_that_runs_into_the_next_day_is_refused(self):
        with pytest.raises(HoursUnclear):
            moon_burger(weekly=(((1080, 1560),), ((60, 600),), *((),) * 5))

    def test_hours_that_cannot_be_are_a_bug_and_never_in_force(self):
        moon_burger()
        with pytest.raises(ValueError, match="not a span"):
            change_opening_hours(actor=None, weekly=(((600, 540),),) * 7, at=NOW)
        assert OpeningCalendar.objects.count() == 1

    def test_holidays_that_nobody_knows_are_refused_unless_one_opens_on_them(self):
        with pytest.raises(HolidaysUnknown):
            moon_burger(subdivision="QQ")
        assert not Business.objects.exists()
        assert moon_burger(subdivision="QQ", closes_on_holidays=False).subdivision == "QQ"

    def test_the_acts_are_in_the_audit_with_old_and_new_values(self):
        moon_burger()
        change_opening_hours(actor=None, weekly=(((540, 1080),),) * 7, at=NOW + DAY)
        entry = AuditEntry.objects.order_by("id").last()
        assert entry.act == "change_opening_hours"
        assert entry.before["weekly"][0] == [[660, 900], [1020, 1320]]
        assert entry.after == {"weekly": [[[540, 1080]]] * 7}

    def test_reading_the_calendar_again_asks_for_one_id_only(self, django_assert_num_queries):
        moon_burger()
        calendar_at(NOW)
        with django_assert_num_queries(1):
            calendar_at(NOW)


class TestDetails:
    def test_another_zone_is_another_calendar_from_now_on(self):
        moon_burger()
        change_business(actor=None, **{**DETAILS, "time_zone": "Europe/Berlin"}, at=NOW + DAY)
        assert calendar_at(NOW + DAY).zone == "Europe/Berlin"
        assert calendar_at(NOW).zone == "Asia/Seoul"
        assert names()[-2:] == ["BusinessChanged", "HoursChanged"]

    def test_another_name_is_not(self):
        moon_burger()
        change_business(actor=None, **{**DETAILS, "name": "Moon Burger Mapo"}, at=NOW + DAY)
        assert current_business().name == "Moon Burger Mapo"
        assert OpeningCalendar.objects.count() == 1
        entry = AuditEntry.objects.order_by("id").last()
        assert (entry.before, entry.after) == ({"name": "Moon Burger"}, {"name": "Moon Burger Mapo"})

    def test_no_change_is_no_event(self):
        moon_burger()
        count = Event.objects.count()
        change_business(actor=None, **DETAILS, at=NOW + DAY)
        assert Event.objects.count() == count


class TestRenewal:
    def test_holidays_are_looked_up_a_whole_year_before_they_run_out(self):
        moon_burger()
        assert renew_holidays(at=NOW + 400 * DAY) is None  # 2027: those of 2028 are known
        in_2028 = datetime(2028, 1, 2, tzinfo=UTC)
        version = renew_holidays(at=in_2028)
        assert version is not None
        assert version.holidays_until == 2030
        assert calendar_at(in_2028).weekly == WEEK
        assert renew_holidays(at=in_2028 + DAY) is None

    def test_who_opens_on_holidays_needs_none(self):
        moon_burger(closes_on_holidays=False)
        assert renew_holidays(at=NOW + 4000 * DAY) is None

    def test_before_the_set_up_there_is_nothing_to_renew(self):
        assert renew_holidays(at=NOW) is None
