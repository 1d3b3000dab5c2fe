import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from dangol.business.models import Place
from dangol.customers.models import Customer, Membership, Segment
from dangol.goodwill.models import Cause, Entry, Wish
from dangol.worth.lists import PAGE
from tests.parts.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

LAST_MONTH = NOON - timedelta(days=30)  # 19 October
EARLY_LAST_MONTH = NOON - timedelta(days=40)  # 9 October, within the days that November is held against
FIGURE = re.compile(r'<a href="(/worth/entries/[^"]*)">(?:<b>)?([^<]*)')
SUM = re.compile(r'data-sum="(\w+)">([^<]*)<')


@pytest.fixture
def desk(client, minji):
    client.force_login(minji)
    return client


@pytest.fixture
def ledger(enter, sell, hana):
    """A little of everything: two causes, two places, an estimate, a reversal, a gift, another currency."""
    root = Cause.objects.create(name="After the order", position=1)
    packing = Cause.objects.create(name="Packing at lunch", parent=root, position=1)
    phone = Cause.objects.create(name="The phone", position=2)
    hongdae = Place.objects.create(name="Hongdae")
    sora = Customer.objects.create(name="Sora Kim", created_at=LAST_MONTH)
    old_sora = Customer.objects.create(name="S. Kim", created_at=LAST_MONTH, merged_into=sora)
    older_sora = Customer.objects.create(name="Kim", created_at=LAST_MONTH, merged_into=old_sora)
    regulars = Segment.objects.create(name="Regulars", created_at=LAST_MONTH)
    Membership.objects.create(segment=regulars, customer=sora, since=LAST_MONTH)
    enter("redo", 9000, cause=packing, customer=sora, place=hongdae, staff=hana)
    enter("redo", 6000, cause=packing, customer=older_sora)
    enter("refund", 14_500, cause=phone)
    wrong = enter("free_item", 3000)
    enter("free_item", -3000, source_kind="reversal", source_key=str(wrong.uid), reverses=wrong)
    enter("staff_time", low=1000, middle=2000, high=4000, cost_class="internal_failure")
    taken_back = enter("staff_time", low=10, middle=20, high=40, cost_class="internal_failure")
    enter(
        "staff_time", low=-10, middle=-20, high=-40, cost_class="internal_failure",
        source_kind="reversal", source_key=str(taken_back.uid), reverses=taken_back,
    )  # fmt: skip
    enter("gift", 2500, cost_class="goodwill", customer=sora)
    enter("training", 8000, cost_class="prevention")
    enter("refund", 700, currency="USD")
    enter("redo", 4000, cause=packing, at=EARLY_LAST_MONTH)
    enter("gift", 1000, cost_class="goodwill", at=EARLY_LAST_MONTH)
    enter("redo", 99_999, at=LAST_MONTH)  # in neither of the two periods
    sell(500_000, place=hongdae)
    sell(250_000, customer=sora)
    sell(None)
    sell(77_000, cancelled_at=NOON)
    sell(400_000, at=EARLY_LAST_MONTH)
    return {"packing": packing, "hongdae": hongdae, "regulars": regulars, "sora": sora, "wrong": wrong}


def shown(desk, query=""):
    response = desk.get(reverse("worth_statement") + query)
    assert response.status_code == 200
    return response.content.decode()


def figures(page):
    """Every number that opens entries: (address, words)."""
    return [(unescape(url), text) for url, text in FIGURE.findall(page)]


def sums(desk, url):
    return dict(SUM.findall(desk.get(url).content.decode()))


@pytest.mark.usefixtures("ledger")
def test_it_begins_with_what_a_person_would_say(desk):
    words = " ".join(re.sub(r"<[^>]+>", " ", shown(desk).split('class="lede"')[1].split("</p>")[0]).split())
    assert "Poor service cost ₩29,500 . That is 3.9 % of what was sold." in words
    assert "Before, 1–18 October 2026, it was ₩4,000 (1.0 %)." in words
    assert "Given as goodwill: ₩2,500 ." in words


@pytest.mark.usefixtures("ledger")
def test_every_number_opens_entries_whose_sum_it_is(desk):
    found = figures(shown(desk))
    assert len(found) > 20
    for url, text in found:
        money = "estimated" if "money=estimated" in url else "booked"
        assert sums(desk, url) == {money: text}, url


def test_every_number_of_a_place_and_of_a_segment_opens_its_entries(desk, ledger):
    for query, cost in (
        (f"?place={ledger['hongdae'].pk}", "₩9,000"),
        (f"?segment={ledger['regulars'].pk}", "₩15,000"),  # hers, and those of the rows that she was before
    ):
        found = figures(shown(desk, query))
        assert cost in dict(found).values()
        for url, text in found:
            assert text in sums(desk, url).values(), url


@pytest.mark.usefixtures("ledger")
def test_an_estimate_is_a_range_and_stands_apart(desk):
    page = shown(desk)
    assert "₩1,000–₩4,000" in page
    estimates = {text for url, text in figures(page) if "money=estimated" in url}
    assert estimates == {"₩1,000–₩4,000"}  # what was taken back is not in it


@pytest.mark.usefixtures("ledger")
def test_orders_without_a_rate_and_entries_in_another_currency_are_said_apart(desk):
    page = shown(desk)
    assert "1 order is in a currency without a known rate" in page
    assert "Entries in USD, added to nothing here" in page
    assert "$7.00" in dict(figures(page)).values()


def test_the_picture_says_in_words_what_it_shows(desk, ledger):
    page = shown(desk)
    assert "Packing at lunch ₩15,000 booked, together 51\u00a0%" in page
    assert "After the order › Packing at lunch" in page
    assert "no cause named ₩1,000–₩4,000 estimated" in page
    assert page.count("<svg") > 2


@pytest.mark.usefixtures("ledger")
def test_a_period_of_nothing_leads_to_the_last_month_with_something(desk):
    page = shown(desk, "?month=2020-01")
    assert "Nothing was booked or estimated in these days" in page
    assert "/worth/?from=2026-11-01&amp;to=2026-11-18" in page


def test_without_entries_and_orders_it_says_what_to_do(desk):
    page = shown(desk)
    assert "Nothing is in the ledger yet" in page
    assert "There are no orders yet" in page
    assert reverse("orders_import") in page


def test_entries_come_a_page_at_a_time_below_the_sum_of_all(desk, enter):
    Entry.objects.bulk_create(
        Entry(
            kind="redo", cost_class="external_failure", booked=10, own_currency="KRW", currency="KRW",
            happened_at=NOON - timedelta(minutes=number // 3), booked_at=NOON, source_kind="file",
            source_key=str(number),
        )
        for number in range(2 * PAGE + 5)
    )  # fmt: skip
    url, seen = reverse("worth_entries") + "?kind=redo", []
    while url:
        page = desk.get(url).content.decode()
        assert dict(SUM.findall(page)) == {"booked": f"₩{10 * (2 * PAGE + 5):,}"}
        seen += re.findall(r'<a href="/worth/entries/(\d+)/"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = unescape(following[1]) if following else ""
    assert len(seen) == len(set(seen)) == 2 * PAGE + 5


@pytest.mark.parametrize(
    ("query", "booked"),
    [
        ("?class=poor_service&currency=KRW", "₩29,500"),
        ("?class=external_failure&kind=refund&currency=USD", "$7.00"),
        ("?cause=none&kind=free_item", "₩0"),
        ("?from=2026-10-09&to=2026-10-09", "₩5,000"),
        ("?kind=training&month=2026-11", "₩8,000"),
        ("?kind=nonsense&cause=x&money=y&class=z&currency=1&place=0x&kind=training", "₩8,000"),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_filters_stand_in_the_address(desk, query, booked):
    assert sums(desk, reverse("worth_entries") + query)["booked"] == booked


def test_filters_by_staff_and_customer(desk, ledger, hana):
    assert sums(desk, reverse("worth_entries") + f"?staff={hana.pk}") == {"booked": "₩9,000"}
    of_sora = reverse("worth_entries") + f"?customer={ledger['sora'].pk}"
    assert sums(desk, of_sora) == {"booked": "₩17,500"}
    assert (
        "No entry is in this figure" in desk.get(reverse("worth_entries") + "?customer=999").content.decode()
    )


def test_an_entry_says_what_it_came_from(desk, ledger, hana):
    entry = Entry.objects.get(kind="redo", booked=9000)
    Wish.objects.create(
        customer=ledger["sora"], kind="redo", own_currency="KRW", wished=12_000, proposed=9000, given=9000,
        what="A new burger", state="partly", key=entry.uid, staff=hana, asked_at=NOON, entry=entry,
    )  # fmt: skip
    page = desk.get(reverse("worth_entry", args=[entry.pk])).content.decode()
    for words in (
        "made again, ₩9,000",
        "A new burger",
        "₩12,000",
        "given in part",
        "Hongdae",
        "Packing at lunch",
    ):
        assert words in page
    assert reverse("customer", args=[ledger["sora"].pk]) in page
    wrong = desk.get(reverse("worth_entry", args=[ledger["wrong"].pk])).content.decode()
    assert "It was taken back by another entry." in wrong
    assert desk.get(reverse("worth_entry", args=[10**6])).status_code == 404


@pytest.mark.usefixtures("ledger")
def test_both_come_as_a_table_that_excel_reads(desk):
    def table(name, query):
        response = desk.get(reverse(name) + query)
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        content = b"".join(response.streaming_content)
        assert content.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    poor = next(
        row for row in table("worth_statement_csv", "") if (row["part"], row["by"]) == ("poor_service", "all")
    )
    assert (poor["booked"], poor["estimated_low"], poor["estimated_high"]) == ("29500", "1000", "4000")
    entries = table("worth_entries_csv", "?class=poor_service&money=booked&currency=KRW")
    assert sum(int(row["booked"]) for row in entries) == 29_500
    (dollars,) = table("worth_entries_csv", "?currency=USD")
    assert dollars["booked"] == "7.00"


@pytest.mark.usefixtures("ledger")
def test_a_name_is_no_formula_in_the_table(desk, enter):
    enter("gift", 1, cost_class="goodwill", customer=Customer.objects.create(name="=1+1", created_at=NOON))
    content = b"".join(desk.get(reverse("worth_entries_csv") + "?kind=gift").streaming_content).decode()
    assert ",'=1+1," in content


def test_the_number_of_queries_does_not_grow(desk, ledger, enter, django_assert_max_num_queries):
    for number in range(60):
        enter("redo", 10, cause=ledger["packing"], customer=ledger["sora"], source_key=str(number))
    shown(desk)
    with django_assert_max_num_queries(16):
        shown(desk)
    with django_assert_max_num_queries(12):
        desk.get(reverse("worth_entries") + "?kind=redo")


def test_an_agent_does_not_see_it_and_has_no_entry_in_the_menu(client, hana, dongsuk):
    client.force_login(hana)
    assert client.get(reverse("worth_statement")).status_code == 403
    assert reverse("worth_statement") not in client.get(reverse("today")).content.decode()
    client.force_login(dongsuk)
    assert reverse("worth_statement") in client.get(reverse("today")).content.decode()


@pytest.mark.usefixtures("ledger")
def test_the_table_of_a_korean_owner_is_in_korean(desk, minji):
    minji.language = "ko"
    minji.save()
    content = b"".join(desk.get(reverse("worth_statement_csv")).streaming_content).decode()
    assert "다시 만듦" in content
    assert "made again" not in content


def test_what_a_segment_counts_is_the_same_whichever_row_of_a_person_is_its_member(desk, ledger):
    member = Membership.objects.get()
    for row in Customer.objects.filter(merged_into__isnull=False):
        Membership.objects.update(customer=row)
        assert sums(desk, reverse("worth_entries") + f"?segment={member.segment_id}&class=poor_service") == {
            "booked": "₩15,000"
        }
    assert "₩15,000" in [text for _url, text in figures(shown(desk, f"?segment={ledger['regulars'].pk}"))]


def test_how_it_was_estimated_is_said_in_words(desk, enter):
    entry = enter("staff_time", low=1, middle=2, high=3, method="reply_minutes")
    page = desk.get(reverse("worth_entry", args=[entry.pk])).content.decode()
    assert "the minutes that the reply took, at the hourly rate" in page
    assert "reply_minutes" not in page


def test_what_was_sold_opens_exactly_its_orders(desk, ledger, client, hana):
    for query, sold, before, count in (
        ("", "₩750,000", "₩400,000", 3),  # the one without a rate among them
        (f"?place={ledger['hongdae'].pk}", "₩500,000", None, 1),
        (f"?segment={ledger['regulars'].pk}", "₩250,000", None, 1),
    ):
        page = shown(desk, query)
        found = {
            text: unescape(url) for url, text in re.findall(r'<a href="(/orders/\?[^"]*)">([^<]*)</a>', page)
        }
        assert set(found) == {sold, before} - {None}
        for text, url in found.items():
            orders = desk.get(url).content.decode()
            assert f'data-sum="sold">{text}</b>' in orders, url
        assert desk.get(found[sold]).content.decode().count("data-step") == count
    client.force_login(hana)
    assert 'data-sum="sold"' not in client.get(found[sold]).content.decode()


def test_an_order_without_a_rate_leads_to_where_its_rate_is_entered(desk, ledger, client, dongsuk):
    assert f'<a href="{reverse("rates_settings")}">Enter its rate' in shown(desk)
    client.force_login(dongsuk)
    assert "Enter its rate" not in client.get(reverse("worth_statement")).content.decode()
