from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from dangol.customers.commands.consents import record_consent, unsubscribe
from dangol.customers.commands.merging import merge_customers, undo_merge
from dangol.customers.errors import UnknownPurpose
from dangol.customers.models import Consent, Customer
from dangol.customers.queries import may_write
from dangol.customers.tests.people import person
from dangol.customers.unsubscribing import read_token, unsubscribe_headers, unsubscribe_url
from dangol.kernel import clock
from dangol.kernel.models import Event
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, hana):
    monkeypatch.setattr(clock, "now", lambda: NOON)


def says(hana, customer, is_given, at=NOON - timedelta(days=1), purpose="news") -> Consent:
    return record_consent(
        actor=hana,
        customer=customer,
        channel="email",
        purpose=purpose,
        is_given=is_given,
        source="form",
        wording="News once a month",
        at=at,
    )


def path_of(customer, purpose="news") -> str:
    return urlsplit(unsubscribe_url(customer, "email", purpose)).path


def test_nobody_is_written_to_who_has_not_said_yes(hana):
    sora = person("Sora")
    assert not may_write(sora, "email", "news")
    says(hana, sora, is_given=True)
    assert may_write(sora, "email", "news")
    assert not may_write(sora, "phone", "news")
    assert not may_write(sora, "email", "survey")
    Customer.objects.update(erased_at=NOON)
    assert not may_write(sora, "email", "news")


def test_what_was_said_last_counts_whenever_it_was_written_down(hana):
    sora = person("Sora")
    says(hana, sora, is_given=False, at=NOON - timedelta(days=1))
    says(hana, sora, is_given=True, at=NOON - timedelta(days=2))
    assert not may_write(sora, "email", "news")
    assert Event.objects.filter(name="ConsentRecorded").count() == 2
    assert not Event.objects.filter(data__icontains="month").exists()
    with pytest.raises(UnknownPurpose):
        says(hana, sora, is_given=True, purpose="everything")


def test_looking_at_the_link_changes_nothing_and_pressing_ends_it_at_once(client, hana):
    sora = person("Sora")
    says(hana, sora, is_given=True)
    says(hana, sora, is_given=True, purpose="survey")
    for ask in (client.get, client.head):
        assert ask(path_of(sora)).status_code == 200
        assert may_write(sora, "email", "news")
    assert "no more of this</button>" in client.get(path_of(sora)).content.decode()
    page = client.post(path_of(sora))
    assert "You get no more of this" in page.content.decode()
    assert not may_write(sora, "email", "news")
    assert may_write(sora, "email", "survey")
    newest = Consent.objects.filter(purpose="news").latest("at")
    assert (newest.source, newest.by) == ("unsubscribe link", None)
    client.post(path_of(sora))
    assert Consent.objects.filter(purpose="news").count() == 2, "said twice, it is kept once"


def test_one_press_ends_all_that_nobody_asked_for(client, hana):
    sora = person("Sora", "sora@example.com")
    for purpose in ("news", "occasion"):
        says(hana, sora, is_given=True, purpose=purpose)
    page = client.post(path_of(sora)).content.decode()
    assert "I want none of it" in page
    assert may_write(sora, "email", "occasion")
    page = client.post(path_of(sora), {"all": "1"}).content.decode()
    assert "I want none of it" not in page
    assert not any(may_write(sora, "email", each) for each in ("news", "occasion", "survey"))


def test_mail_programs_do_it_with_one_click_and_no_form_of_ours(hana):
    from django.test import Client

    sora = person("Sora")
    says(hana, sora, is_given=True)
    headers = unsubscribe_headers(sora, "news")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = headers["List-Unsubscribe"].removeprefix("<").removesuffix(">")
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(urlsplit(url).path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not may_write(sora, "email", "news")


def test_a_no_holds_for_all_rows_of_a_person_also_after_they_are_two_again(client, hana):
    sora, kim = person("Sora"), person("Kim")
    says(hana, sora, is_given=True)
    says(hana, kim, is_given=True)
    merge = merge_customers(actor=hana, kept=sora, gone=kim, take=[], at=NOON)
    assert may_write(kim, "email", "news")
    client.post(path_of(kim))
    assert not may_write(sora, "email", "news")
    undo_merge(actor=hana, merge=merge, at=NOON)
    assert not may_write(sora, "email", "news")
    assert not may_write(kim, "email", "news")
    says(hana, kim, is_given=True, at=NOON + timedelta(days=1))
    assert may_write(kim, "email", "news")
    assert not may_write(sora, "email", "news")


def test_an_unsubscribe_link_of_an_erased_customer_says_that_it_is_over(client):
    nobody = person("", erased_at=NOON)
    assert "You get no more of this" in client.post(path_of(nobody)).content.decode()
    assert not Consent.objects.exists()
    unsubscribe(customer=nobody, channel="email", purpose="news", at=NOON)
    assert not Consent.objects.exists()


def test_a_changed_link_is_nobodys_and_whoever_tries_many_is_stopped(client, hana):
    sora = person("Sora")
    says(hana, sora, is_given=True)
    path = path_of(sora)
    forged = path[:-3] + ("A" if path[-3] != "A" else "B") + path[-2:]
    assert read_token(forged.split("/")[2]) is None
    answers = [client.post(forged).status_code for _ in range(21)]
    assert (answers[0], answers[-1]) == (404, 429)
    assert may_write(sora, "email", "news")
    assert client.post(path).status_code == 200, "a real one is never refused"
    assert not may_write(sora, "email", "news")


def test_the_page_speaks_the_customers_language(client):
    sora = person("소라", language="ko")
    assert 'lang="ko"' in client.get(path_of(sora)).content.decode()


def test_a_no_reaches_the_row_that_said_yes_though_the_other_said_no_before(client, hana):
    sora, kim = person("Sora"), person("Kim")
    says(hana, sora, is_given=True, at=NOON - timedelta(days=2))
    says(hana, kim, is_given=False, at=NOON - timedelta(days=1))
    merge = merge_customers(actor=hana, kept=sora, gone=kim, take=[], at=NOON)
    client.post(path_of(sora))
    client.post(path_of(sora))
    assert Consent.objects.count() == 4, "said twice, it is kept once"
    undo_merge(actor=hana, merge=merge, at=NOON)
    assert not may_write(sora, "email", "news")
    assert not may_write(kim, "email", "news")
