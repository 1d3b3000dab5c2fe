"""The first visit, as a person goes through it."""

import threading
from datetime import timedelta
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from django.test import Client
from django.urls import reverse

from dangol.business.models import Business, OpeningCalendar
from dangol.channels.models import Mailbox
from dangol.desk.setup.door import set_up_code, welcome
from dangol.kernel import clock
from dangol.kernel.models import AuditEntry
from dangol.staff.models import Staff

PASSWORD = "a quiet lunar burger"
BUSINESS = {
    "name": "Moon Burger",
    "language": "en",
    "country": "KR",
    "currency": "KRW",
    "time_zone": "Asia/Seoul",
    "closes_on_holidays": "on",
    **{f"hours_{day}": "11:00-15:00, 17:00-22:00" for day in range(6)},
    "hours_6": "closed",
    "do": "next",
}
OWNER = {"name": "Minji", "email": "minji@moonburger.test", "password": PASSWORD}


@pytest.fixture
def visitor(db: None) -> Client:
    """Somebody at the machine itself."""
    return Client(headers={"accept-language": "en-GB", "host": "localhost"})


def set_up(client: Client, *, until: str = "") -> None:
    client.post(reverse("set_up_business"), BUSINESS)
    if until != "owner":
        client.post(reverse("set_up_owner"), OWNER)


class TestTheWay:
    @pytest.mark.parametrize(
        "path", ["/", "/inbox/", "/settings/", "/account/login/", "/join/x/", "/nothing/"]
    )
    def test_every_page_leads_to_it_until_somebody_has_an_account(self, visitor: Client, path: str):
        response = visitor.get(path)
        assert (response.status_code, response.url) == (302, "/setup/")

    def test_goes_business_account_mailbox_desk(self, visitor: Client):
        assert visitor.get("/", follow=True).redirect_chain[-1][0] == reverse("set_up_business")
        response = visitor.post(reverse("set_up_business"), BUSINESS)
        assert (response.status_code, response.url) == (303, reverse("set_up_owner"))
        response = visitor.post(reverse("set_up_owner"), OWNER)
        assert (response.status_code, response.url) == (303, reverse("set_up_mailbox"))
        minji = Staff.objects.get()
        assert (minji.role, visitor.session["_auth_user_id"]) == ("owner", str(minji.pk))
        response = visitor.post(
            reverse("set_up_mailbox"), {"address": "h@gmail.com", "password": "x", "do": "save"}
        )
        assert (response.status_code, response.url) == (303, reverse("set_up_ready"))
        assert Business.objects.get().is_set_up
        assert "Your desk is ready" in visitor.get(response.url).content.decode()
        assert visitor.get("/").status_code == 200
        assert OpeningCalendar.objects.get().weekly[6] == []
        assert Mailbox.objects.get().address == "h@gmail.com"
        assert set(AuditEntry.objects.values_list("act", flat=True)) == {
            "change_business",
            "change_opening_hours",
            "add_staff",
            "add_mailbox",
        }

    def test_the_mailbox_may_come_later(self, visitor: Client):
        set_up(visitor)
        assert visitor.get("/").url == reverse("set_up_mailbox"), "the front page leads on to what is left"
        assert visitor.get("/inbox/").status_code == 200, "but nothing else is in the way"
        response = visitor.post(reverse("set_up_mailbox"), {"do": "later"})
        assert response.url == reverse("set_up_ready")
        assert "One thing is missing" in visitor.get(response.url).content.decode()
        assert visitor.get("/").status_code == 200

    def test_closing_the_browser_loses_nothing(self, visitor: Client):
        set_up(visitor, until="owner")
        again = Client(headers={"host": "localhost"})
        assert again.get("/", follow=True).redirect_chain[-1][0] == reverse("set_up_owner")
        page = again.get(reverse("set_up_business"))
        assert page.context["form"]["name"].value() == "Moon Burger"
        assert page.context["hours"]["hours_0"].value() == "11:00-15:00, 17:00-22:00"

    def test_after_it_the_steps_are_over(self, visitor: Client):
        set_up(visitor)
        visitor.post(reverse("set_up_mailbox"), {"do": "later"})
        for name in ("set_up", "set_up_business", "set_up_owner", "set_up_code"):
            stranger = Client(headers={"host": "localhost"})
            assert stranger.get(reverse(name)).status_code == 302
        Client(headers={"host": "localhost"}).post(reverse("set_up_business"), {**BUSINESS, "name": "Mine"})
        assert Business.objects.get().name == "Moon Burger"

    def test_the_account_is_asked_in_the_language_of_the_business(self, visitor: Client):
        visitor.post(reverse("set_up_business"), {**BUSINESS, "language": "ko"})
        assert '<html lang="ko">' in visitor.get(reverse("set_up_owner")).content.decode()


class TestTheBusiness:
    def test_is_proposed_from_the_browser(self, db: None):
        page = Client(headers={"accept-language": "ko-KR", "host": "localhost"}).get(
            reverse("set_up_business")
        )
        form = page.context["form"]
        assert [form[name].value() for name in ("language", "country", "currency", "time_zone")] == [
            "ko",
            "KR",
            "KRW",
            "Asia/Seoul",
        ]
        assert "크리스마스" in page.content.decode() or "기독탄신일" in page.content.decode()

    def test_another_country_brings_its_currency_and_zone_and_keeps_the_rest(self, visitor: Client):
        response = visitor.post(reverse("set_up_business"), {**BUSINESS, "country": "DE", "do": "country"})
        form = response.context["form"]
        assert (form["currency"].value(), form["time_zone"].value()) == ("EUR", "Europe/Berlin")
        assert form["name"].value() == "Moon Burger"
        assert "<html" in response.content.decode()
        part = visitor.post(
            reverse("set_up_business"),
            {**BUSINESS, "country": "DE", "do": "country"},
            headers={"hx-request": "true"},
        )
        assert part.content.decode().strip().startswith('<div id="place"')
        assert not Business.objects.filter(name="Moon Burger").exists()

    def test_the_browsers_zone_says_more_than_its_language(self, visitor: Client):
        response = visitor.post(
            reverse("set_up_business"), {**BUSINESS, "do": "zone", "browser_zone": "Europe/Vienna"}
        )
        form = response.context["form"]
        assert [form[name].value() for name in ("country", "currency", "time_zone")] == [
            "AT",
            "EUR",
            "Europe/Vienna",
        ]

    @pytest.mark.parametrize(
        ("wish", "friday", "sunday"), [("weekdays", "9-12", "closed"), ("every-day", "9-12", "9-12")]
    )
    def test_monday_is_copied(self, visitor: Client, wish: str, friday: str, sunday: str):
        response = visitor.post(reverse("set_up_business"), {**BUSINESS, "hours_0": "9-12", "do": wish})
        hours = response.context["hours"]
        assert (hours["hours_4"].value(), hours["hours_6"].value()) == (friday, sunday)

    def test_hours_that_nobody_can_read_say_so_in_their_row(self, visitor: Client):
        response = visitor.post(reverse("set_up_business"), {**BUSINESS, "hours_2": "morning"})
        assert response.status_code == 422
        assert "“morning”" in response.context["hours"].errors["hours_2"][0]
        assert not OpeningCalendar.objects.exists()

    def test_no_hours_at_all_is_open_day_and_night(self, visitor: Client):
        visitor.post(reverse("set_up_business"), {**BUSINESS, **{f"hours_{day}": "" for day in range(7)}})
        assert OpeningCalendar.objects.get().weekly == [[[0, 1440]]] * 7

    def test_a_country_without_known_holidays_can_be_chosen(self, visitor: Client):
        values = {**BUSINESS, "country": "KP", "currency": "KPW", "time_zone": "Asia/Pyongyang"}
        response = visitor.post(reverse("set_up_business"), values)
        if response.status_code == 422:
            assert response.context["hours"].errors["closes_on_holidays"]
            del values["closes_on_holidays"]
            response = visitor.post(reverse("set_up_business"), values)
        assert response.status_code == 303


class TestTheDoor:
    FAR = (
        {"REMOTE_ADDR": "203.0.113.7"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=::1"},
    )

    @pytest.mark.parametrize("far", FAR)
    def test_who_comes_from_elsewhere_is_asked_for_the_code(self, visitor: Client, far: dict[str, str]):
        assert visitor.get("/setup/", **far).url == reverse("set_up_code")
        for name in ("set_up_business", "set_up_owner"):
            assert visitor.get(reverse(name), **far).url == reverse("set_up_code")
            assert visitor.post(reverse(name), {**BUSINESS, **OWNER}, **far).url == reverse("set_up_code")
        assert not Staff.objects.exists()

    def test_a_foreign_name_for_this_machine_is_elsewhere_too(self, visitor: Client, settings):
        settings.ALLOWED_HOSTS = ["*"]
        assert visitor.get("/setup/", headers={"host": "evil.example"}).url == reverse("set_up_code")
        settings.DANGOL_URL = "https://desk.moonburger.test"
        assert visitor.get("/setup/").url == reverse("set_up_code")

    def test_the_code_opens_it_for_that_browser_alone(self, visitor: Client):
        far = {"REMOTE_ADDR": "203.0.113.7"}
        wrong = visitor.post(reverse("set_up_code"), {"code": "AAAA-AAAA-AAAA"}, **far)
        assert wrong.status_code == 422
        assert "not the code" in wrong.content.decode()
        right = visitor.post(reverse("set_up_code"), {"code": set_up_code().lower().replace("-", " ")}, **far)
        assert right.status_code == 303
        assert visitor.get(reverse("set_up_business"), **far).status_code == 200
        other = Client(headers={"host": "localhost"})
        assert other.get(reverse("set_up_business"), **far).url == reverse("set_up_code")

    def test_an_empty_code_opens_nothing(self, visitor: Client):
        response = visitor.post(reverse("set_up_code"), {"code": ""}, REMOTE_ADDR="203.0.113.7")
        assert response.status_code == 422

    def test_the_terminal_shows_it_until_there_is_an_owner(self, visitor: Client):
        assert set_up_code() in welcome("http://127.0.0.1:8000")
        set_up(visitor)
        assert set_up_code() not in welcome("http://127.0.0.1:8000")


class Visitor:
    """A browser of its own over real HTTP, with cookies and without scripts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar))

    def post(self, path: str, values: dict[str, str]) -> str:
        """Send the form of the page; the address where one ends up."""
        self.opener.open(self.url + path).read()
        token = next(cookie.value or "" for cookie in self.jar if cookie.name == "csrftoken")
        body = urlencode({**values, "csrfmiddlewaretoken": token}).encode()
        return str(self.opener.open(self.url + path, body).geturl())


def test_of_two_who_take_the_desk_at_once_one_gets_it(live_desk):
    Visitor(live_desk.url).post("/setup/business/", BUSINESS)
    begin = threading.Barrier(2)
    ends: list[str] = []

    def take(email: str) -> None:
        visitor = Visitor(live_desk.url)
        begin.wait()
        ends.append(visitor.post("/setup/account/", {**OWNER, "email": email}).removeprefix(live_desk.url))

    both = [threading.Thread(target=take, args=(f"{name}@example.com",)) for name in ("minji", "thief")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    names = live_desk.run_python("from dangol.staff.models import Staff; print(Staff.objects.count())")
    assert names.strip() == "1"
    assert sorted(end.partition("?")[0] for end in ends) == ["/account/login/", "/setup/mailbox/"]


class TestOpeningHoursUnderSettings:
    @pytest.fixture
    def owner(self, visitor: Client) -> Client:
        set_up(visitor)
        return visitor

    def form(self, **others: str) -> dict[str, str]:
        hours = {key: value for key, value in BUSINESS.items() if key.startswith(("hours", "closes"))}
        return {**hours, "do": "save", **others}

    def test_a_change_is_a_new_version_and_the_old_one_stays(self, owner: Client):
        response = owner.post(reverse("hours_settings"), self.form(hours_0="10:00-12:00"))
        assert response.status_code == 303
        old, new = OpeningCalendar.objects.order_by("id")
        assert (old.weekly[0], new.weekly[0]) == ([[660, 900], [1020, 1320]], [[600, 720]])
        assert new.effective_from - clock.now() < timedelta(seconds=5)
        assert AuditEntry.objects.filter(act="change_opening_hours", actor_id=Staff.objects.get().pk).exists()

    def test_special_days_are_kept_shown_and_removed(self, owner: Client):
        day = {"special-0-day": "2099-12-24", "special-0-hours": "09-12", "special-0-name": "Christmas Eve"}
        assert owner.post(reverse("hours_settings"), self.form(**day)).status_code == 303
        assert OpeningCalendar.objects.last().special_days == [["2099-12-24", "Christmas Eve", [[540, 720]]]]
        rows = owner.get(reverse("hours_settings")).context["special"]
        assert rows[0]["hours"].value() == "09:00-12:00"
        owner.post(reverse("hours_settings"), self.form(**{**day, "special-0-day": ""}))
        assert OpeningCalendar.objects.last().special_days == []

    def test_special_days_that_are_over_stay_though_they_are_not_shown(self, owner: Client):
        past = {"special-0-day": "2020-12-24", "special-0-hours": "", "special-0-name": "Long ago"}
        owner.post(reverse("hours_settings"), self.form(**past))
        assert owner.get(reverse("hours_settings")).context["special"][0]["name"].value() is None
        owner.post(reverse("hours_settings"), self.form(hours_0="10-12"))
        assert OpeningCalendar.objects.last().special_days == [["2020-12-24", "Long ago", []]]

    def test_a_special_day_that_nobody_can_read_keeps_what_was_typed(self, owner: Client):
        response = owner.post(
            reverse("hours_settings"), self.form(**{"special-0-day": "2099-12-24", "special-0-hours": "noon"})
        )
        assert response.status_code == 422
        assert response.context["special"][0]["day"].value() == "2099-12-24"
        assert OpeningCalendar.objects.count() == 1

    def test_opening_on_holidays_is_one_version(self, owner: Client):
        values = self.form()
        del values["closes_on_holidays"]
        owner.post(reverse("hours_settings"), values)
        assert OpeningCalendar.objects.count() == 2
        assert OpeningCalendar.objects.last().closed_days == []
        assert not Business.objects.get().closes_on_holidays

    def test_copying_keeps_nothing_yet(self, owner: Client):
        response = owner.post(reverse("hours_settings"), self.form(hours_0="9-12", do="weekdays"))
        assert response.context["hours"]["hours_4"].value() == "9-12"
        assert OpeningCalendar.objects.count() == 1


class TestTheBusinessUnderSettings:
    def test_a_new_name_is_everywhere_at_once(self, visitor: Client):
        set_up(visitor)
        response = visitor.post(
            reverse("business_settings"),
            {
                **{name: BUSINESS[name] for name in ("language", "country", "currency", "time_zone")},
                "name": "Mond",
            },
        )
        assert response.status_code == 303
        assert "Mond" in visitor.get(reverse("business_settings")).content.decode()
        assert Business.objects.get().closes_on_holidays, "what is not on this page stays"

    def test_a_region_is_offered_where_it_matters_and_goes_with_its_country(self, visitor: Client):
        set_up(visitor)
        german = {
            "name": "Mond",
            "language": "en",
            "country": "DE",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
        }
        visitor.post(reverse("business_settings"), german)
        page = visitor.get(reverse("business_settings"))
        assert ("BY", "BY") in page.context["form"].fields["subdivision"].choices
        visitor.post(reverse("business_settings"), {**german, "subdivision": "BY"})
        assert Business.objects.get().subdivision == "BY"
        visitor.post(reverse("business_settings"), {**german, "country": "KR", "subdivision": "BY"})
        assert Business.objects.get().subdivision == ""
