"""Places are added, renamed and closed; rates come in from a file. Both on their pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from dangol.business.commands import recognise_places
from dangol.business.models import Business, ExchangeRate, Place
from dangol.business.places import PlaceTaken, add_place, rename_place
from dangol.business.rates import TRILLION
from dangol.business.rates_file import NoRates, TooManyRates, import_exchange_rates, read_rates
from dangol.goodwill.commands.new_rates import use_new_rates
from dangol.kernel.models import AuditEntry
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order
from dangol.orders.tests.shop import MONDAY, order
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
PLACES, RATES = "/settings/places/", "/settings/rates/import/"
FILE = """날짜,통화,환율
2026-11-01,USD,1390.25
2026-11-02,usd,1391
2026-11-31,USD,1
2026-11-03,XXX,1
2026-11-04,EUR,-1
"""


@pytest.fixture
def owner(client, minji):
    Business.objects.create(currency="KRW", time_zone="Asia/Seoul")
    client.force_login(minji)
    return client


def test_a_place_is_added_renamed_closed_and_opened_again(owner, minji):
    assert owner.post(PLACES, {"name": "  Gangnam "}).status_code == 303
    assert owner.post(PLACES, {"name": "Gangnam"}).status_code == 422
    place = Place.objects.get()
    url = f"{PLACES}{place.pk}/"
    owner.post(url, {"name": "Gangnam station"})
    owner.post(url, {"do": "close"})
    place.refresh_from_db()
    assert (place.name, place.closed_at is None) == ("Gangnam station", False)
    owner.post(url, {"do": "reopen"})
    assert "Gangnam station" in owner.get(PLACES).content.decode()
    assert list(AuditEntry.objects.order_by("id").values_list("act", flat=True)) == [
        "add_place",
        "rename_place",
        "close_place",
        "reopen_place",
    ]
    with pytest.raises(PlaceTaken):
        rename_place(
            actor=minji,
            place_id=add_place(actor=minji, name="Hongdae", at=NOON).pk,
            name="Gangnam station",
            at=NOON,
        )


def test_rates_are_looked_at_before_they_are_written_and_are_there_once(owner):
    shown = owner.post(RATES, {"file": SimpleUploadedFile("rates.csv", FILE.encode("cp949"))})
    page = shown.content.decode()
    assert "1 USD = 1,390.25 KRW" in page
    assert not ExchangeRate.objects.exists()
    for sentence in ("The date is none like", "The currency is none", "The rate is no number"):
        assert sentence in page
    assert owner.post(RATES, {"text": FILE, "do": "import"}).status_code == 303
    assert owner.post(RATES, {"text": FILE, "do": "import"}).status_code == 303
    assert list(
        ExchangeRate.objects.order_by("effective_from").values_list(
            "currency", "effective_from", "rate_trillionths"
        )
    ) == [
        ("USD", date(2026, 11, 1), 1390 * TRILLION + TRILLION // 4),
        ("USD", date(2026, 11, 2), 1391 * TRILLION),
    ]
    assert AuditEntry.objects.get().after == {"rates": 2}


def test_what_waited_for_its_rate_gets_it(owner):
    take_orders(
        actor=None,
        source=source_named("Shop", at=MONDAY),
        orders=[order("1", 1_000, currency="USD")],
        at=MONDAY,
    )
    owner.post(RATES, {"text": FILE, "do": "import"})
    while use_new_rates(at=NOON):
        pass
    assert Order.objects.get().own_amount == 13_910


def test_a_corrected_rate_is_written_over_a_day_that_has_one():
    Business.objects.create(currency="USD")
    for text in ("2026-11-01,EUR,1.1", "2026-11-01,EUR,1.2", "2026-11-01,EUR,1.1"):
        rates = read_rates(text, own_currency="USD").rates
        assert import_exchange_rates(actor=None, rates=rates, at=NOON) == 1
    assert ExchangeRate.objects.order_by("-id")[0].rate_trillionths == 11 * TRILLION // 10


def test_a_file_says_in_its_own_way_what_it_means():
    read = read_rates("rate;date;currency\n0,92;2026.11.01;eur\n1.234,5;20261102;GBP\n", own_currency="USD")
    assert [(rate.currency, rate.trillionths) for rate in read.rates] == [("EUR", 92 * TRILLION // 100)]
    assert [row.reason for row in read.refused] == ["rate"]
    twice = read_rates(
        "2026-11-01,EUR,1\n2026-11-01,EUR,2\n2026-11-01,USD,2\n2026-11-01\n", own_currency="USD"
    )
    assert [(row.row, row.reason) for row in twice.refused] == [(2, "twice"), (3, "own"), (4, "cells")]
    for refused, text in ((NoRates, "hello"), (NoRates, ""), (TooManyRates, "x" * 1_000_001)):
        with pytest.raises(refused):
            read_rates(text, own_currency="USD")


@pytest.mark.parametrize(
    "file",
    [
        "date;currency;rate\n2026-11-01;USD;1,380\n2026-11-02;USD;1380,5\n",
        "2026-11-01\tUSD\t1,380\n2026-11-02\tUSD\t1,380.50\n",
        "2026-11-01;USD;1.380\n2026-11-02;USD;1380.5\n",
        "2026-11-01,USD,1,380\n2026-11-02,USD,1380.5\n",
        'date,currency,rate\n2026-11-01,USD,1,380\n2026-11-02,USD,"1,380.5"\n',
    ],
)
def test_a_rate_that_could_be_a_thousand_times_another_is_not_guessed(file):
    read = read_rates(file, own_currency="KRW")
    assert [(row.row - file.startswith("date"), row.reason) for row in read.refused] == [(1, "two_ways")]
    assert [rate.trillionths for rate in read.rates] == [13_805 * TRILLION // 10]
    assert "two ways" in read.refused[0].sentence


def test_a_quote_without_an_end_is_said_and_what_a_browser_makes_of_a_file_is_as_long_as_it():
    with pytest.raises(NoRates):
        read_rates('date,currency,rate\n"' + "x" * 140_000, own_currency="KRW")
    row = "2026-11-01,USD,1380.5" + " " * 30 + "\n"
    text = row * 18_900
    assert len(text) < 1_000_000 < len(text.replace("\n", "\r\n"))
    assert len(read_rates(text.replace("\n", "\r\n"), own_currency="KRW").rates) == 1


def test_a_name_with_a_letter_that_no_database_holds_is_a_name_without_it(owner):
    assert owner.post(PLACES, {"name": "Gang\0nam"}).status_code == 303
    assert Place.objects.get().name == "Gangnam"


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_two_sources_that_name_a_new_place_at_once_make_it_once():
    is_made, wait = Event(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    def first() -> None:
        with transaction.atomic():
            recognise_places(["Gangnam"])
            is_made.set()
            with connection.cursor() as cursor:
                for _ in range(500):
                    cursor.execute("SELECT pg_sleep(0.01)")
                    cursor.execute("SELECT pg_stat_clear_snapshot()")
                    cursor.execute(wait)
                    if cursor.fetchone()[0]:
                        break
        connection.close()

    def second() -> None:
        is_made.wait(10)
        with transaction.atomic():
            recognise_places(["Gangnam"])
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(first), pool.submit(second)]:
            each.result()
    assert Place.objects.count() == 1
