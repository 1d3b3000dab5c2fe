import csv
import io
import re
from datetime import date, timedelta
from random import Random

import pytest
from django.urls import reverse
from django.utils import translation

from dangol.channels.models import Channel, Mailbox
from dangol.customers.models import Customer
from dangol.desk.tests.reading import see, words_of
from dangol.desk.time_plots import median_plot, promise_plot
from dangol.inbox.measures import share_of
from dangol.inbox.models import Conversation, Message, Wait
from dangol.inbox.wait_figures import Figures
from dangol.kernel import clock
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, request):
    """It is Wednesday noon in Seoul."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")


@pytest.fixture
def hana_signed_in(client, hana):
    client.force_login(hana)
    return client


@pytest.fixture
def wait(mailbox, hana):
    """Let somebody wait: `wait("Sora", days=1, minutes=9)`; without minutes nobody has answered."""

    def begin(
        name, *, days=0, minutes=None, kind="first", kept=None, dropped=False, channel=mailbox, promised=1800
    ):
        began = NOON - timedelta(days=days)
        customer = Customer.objects.create(name=name, created_at=began)
        talk = Conversation.objects.create(
            channel=channel, customer=customer, subject=f"Matter of {name}", state="waiting", due_at=began,
            last_message_at=began, created_at=began,
        )  # fmt: skip
        message = Message.objects.create(
            conversation=talk, channel=channel, direction="in", happened_at=began
        )
        row = Wait(
            conversation=talk, channel=channel, kind=kind, message=message, started_at=began,
            due_at=began + timedelta(minutes=30), promised_seconds=promised,
            dropped_at=began + timedelta(minutes=1) if dropped else None,
        )  # fmt: skip
        if minutes is not None:
            row.answered_at = began + timedelta(minutes=2 * minutes)
            row.opening_seconds, row.wall_seconds = 60 * minutes, 120 * minutes
            row.is_kept = minutes <= 30 if kept is None else kept
            row.answered_by = hana
        row.save()
        return row

    return begin


def links(page: str) -> dict[str, str]:
    """The addresses of the figures of a page, by the words that are the link."""
    found = re.findall(r'<a href="(/times/conversations/[^"]*)">(.*?)</a>', page)
    return {re.sub(r"<[^>]+>", "", words): url.replace("&amp;", "&") for url, words in found}


def test_nobody_waited_is_said_with_what_to_expect(hana_signed_in, mailbox):
    words = see(hana_signed_in, "answer_times")
    assert "Nobody waited in these days" in words
    assert "As soon as a customer writes, the clock starts" in words


def test_first_and_next_answers_stand_apart_in_opening_and_wall_time(hana_signed_in, wait):
    for minutes in (4, 9, 20):
        wait("Sora", days=1, minutes=minutes)
    wait("James", days=1, minutes=50, kind="next")
    words = see(hana_signed_in, "answer_times")
    first, _tab, rest = words.partition("Next answers")
    assert "Half came within 9 min of opening time, nine of ten within 17 min ." in first
    assert "By the clock on the wall: 18 min and 35 min." in first
    assert "100 % 44–100 %" in first
    assert "Half came within 50 min" in rest


def test_those_who_still_wait_too_long_count_and_are_named(hana_signed_in, wait):
    wait("Sora", days=1, minutes=9)
    wait("James", days=1)
    words = see(hana_signed_in, "answer_times")
    assert "Later than promised 1 1 of them still waiting" in words
    assert "Within the promise 50 %" in words
    assert "leaving the worst unanswered would look like an improvement" in words


def test_what_was_closed_without_an_answer_is_said_apart(hana_signed_in, wait):
    wait("Sora", days=1, minutes=9)
    wait("Spam", days=1, dropped=True)
    words = see(hana_signed_in, "answer_times")
    assert "Closed without an answer 1" in words
    assert "1 conversation was closed without an answer: it is counted apart" in words
    assert "Within the promise 100 %" in words


def test_where_nothing_was_promised_the_page_says_what_it_is_held_against(hana_signed_in, wait):
    wait("Sora", days=1, minutes=9, promised=None)
    assert "To 1 of them nothing was promised" in see(hana_signed_in, "answer_times")


def test_what_was_promised_to_each_is_drawn_and_not_what_the_mailbox_promises_now(
    hana_signed_in, wait, mailbox
):
    """A playbook promised Sora fifteen minutes; the mailbox promises thirty, and from today on an hour."""
    for days in (1, 2):
        wait("James", days=days, minutes=20)
    mailbox.promised_first_seconds = 3600
    mailbox.save()
    page = hana_signed_in.get(reverse("answer_times")).content.decode()
    assert page.count('class="promised"') == 1

    wait("Sora", days=2, minutes=20, promised=900, kept=False)

    page = hana_signed_in.get(reverse("answer_times")).content.decode()
    assert 'class="promised"' not in page
    assert "Promised was between 15 min and 30 min" in page
    listed = see(hana_signed_in, "answer_times_list", outcome="late", kind="first")
    assert "Sora" in listed
    assert "promised: 15 min" in listed
    assert "James" not in listed


def test_each_figure_opens_exactly_its_conversations(hana_signed_in, wait):
    wait("Quick", days=1, minutes=9)
    wait("Slow", days=2, minutes=90)
    wait("Waiting", days=1)
    wait("Closed", days=1, dropped=True)
    wait("Second", days=1, minutes=3, kind="next")
    page = hana_signed_in.get(reverse("answer_times")).content.decode()
    everybody = {"Quick", "Slow", "Waiting", "Closed", "Second"}

    def listed(url: str) -> set[str]:
        return {name for name in everybody if f"Matter of {name}" in hana_signed_in.get(url).content.decode()}

    kinds = page.split('id="kind-')
    of_first, of_next = links(kinds[1]), links(kinds[2].partition("<nav")[0])
    assert listed(of_first["33\u00a0%"]) == {"Quick", "Slow", "Waiting"}
    assert listed(of_first["2"]) in ({"Quick", "Slow"}, {"Slow", "Waiting"})
    assert listed(of_first["within 49 min"]) == {"Quick", "Slow"}
    assert listed(of_first["1"]) == {"Closed"}
    assert listed(of_next["1"]) == {"Second"}
    by_day = links(page.partition('id="by-day"')[2])
    assert listed(by_day["Mon, 16 Nov 2026"]) == {"Slow"}
    assert listed(by_day["Tue, 17 Nov 2026"]) == {"Quick", "Waiting"}


def test_a_row_of_the_list_says_how_long_it_took_and_who_answered(hana_signed_in, wait):
    wait("Sora", days=1, minutes=40)
    wait("James", days=1)
    words = see(hana_signed_in, "answer_times_list", outcome="late", kind="first")
    assert "First answers: later than promised" in words
    assert re.search(
        r"Sora Matter of Sora Tue · Moon Burger · answered by Hana 40 min later than promised", words
    )
    assert "1 h 20 min on the wall" in words
    assert "James Matter of James Tue · Moon Burger 11 h still waiting, late 24 h on the wall" in words


def test_the_list_goes_on_page_by_page(hana_signed_in, wait, monkeypatch):
    monkeypatch.setattr("dangol.inbox.waits.PAGE", 2)
    for number in range(5):
        wait(f"Guest{number}", days=number, minutes=5)
    seen, url = [], reverse("answer_times_list")
    while url:
        page = hana_signed_in.get(url).content.decode()
        seen += re.findall(r"Matter of (Guest\d)", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"Guest{number}" for number in range(5)]


def test_days_and_mailbox_are_chosen_in_the_address(hana_signed_in, wait):
    other = Channel.objects.create(name="Parties", created_at=NOON)
    Mailbox.objects.create(channel=other, address="party@moonburger.test", outgoing="kept")
    wait("Old", days=9, minutes=5)
    wait("New", days=1, minutes=7)
    wait("Party", days=1, minutes=20, channel=other)
    assert "By mailbox" in see(hana_signed_in, "answer_times")
    assert "within 20 min" in see(hana_signed_in, "answer_times", mailbox=str(other.pk))
    assert "within 5 min" in see(hana_signed_in, "answer_times", **{"from": "2026-11-01", "to": "2026-11-10"})


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday", "to": "2026-13-45", "mailbox": "x", "kind": "x", "after": "x"},
        {"from": "2026-11-18", "to": "2026-11-01"},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"mailbox": "9" * 40, "outcome": "'; --", "after": f"{'9' * 60}.1", "by": "x"},
    ],
)
def test_whatever_the_address_says_the_page_comes_up(hana_signed_in, wait, query):
    wait("Sora", days=1, minutes=9)
    see(hana_signed_in, "answer_times", **query)
    see(hana_signed_in, "answer_times_list", **query)
    assert hana_signed_in.get(reverse("answer_times_csv"), query).status_code == 200


def test_the_tables_come_for_a_spreadsheet(hana_signed_in, wait, mailbox):
    mailbox.name = "=cmd()"
    mailbox.save()
    wait("Sora", days=1, minutes=9)
    wait("James", days=2, minutes=40)
    response = hana_signed_in.get(reverse("answer_times_csv"))
    assert response["Content-Disposition"] == 'attachment; filename="answer-times-2026-10-22-2026-11-18.csv"'
    assert response.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    found = {(row["answers"], row["by"], row["name"]): row for row in rows}
    everything = found["first", "all", ""]
    assert (everything["answered"], everything["median_opening_seconds"]) == ("2", "1470.0")
    assert everything["within_promise"] == "0.5000"
    assert found["first", "day", "2026-11-17"]["median_wall_seconds"] == "1080.0"
    assert ("first", "mailbox", "'=cmd()") in found  # no formula for whoever opens it


def test_the_page_asks_the_database_a_fixed_number_of_times(
    hana_signed_in, wait, django_assert_max_num_queries
):
    chance = Random(1)
    for number in range(60):
        wait(
            f"Guest{number}",
            days=chance.randrange(28),
            minutes=chance.randrange(90),
            kind=chance.choice(["first", "next"]),
        )
    with django_assert_max_num_queries(9):
        page = hana_signed_in.get(reverse("answer_times")).content.decode()
    assert page.count('<svg class="plot"') == 2
    with django_assert_max_num_queries(10):
        hana_signed_in.get(reverse("answer_times_list"))


def figures(median=None, middle=None, within=None) -> Figures:
    return Figures(10, median, middle, None, None, None, within, 0, 0, 0, 0, 0, 0)


DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(5)]


def test_the_picture_of_medians_draws_its_uncertainty_and_says_itself_in_words():
    days = [(day, figures(600 + 60 * n, (300, 1200 + n))) for n, day in enumerate(DAYS)]
    plot = median_plot("First answers", days, (1800, 1800))
    assert plot
    assert [band.count(",") for band in plot.bands] == [10]
    assert plot.alternative == (
        "First answers, the middle of each day: shortest 10 min on 1 Nov, longest 14 min on 5 Nov, "
        "last 14 min on 5 Nov."
    )
    assert len(plot.dots) == 5
    assert plot.promise
    assert plot.promise.at < min(dot.y for dot in plot.dots)  # the promise lies above: all were quicker


def test_a_day_that_alone_has_an_interval_gets_a_whisker():
    ranges = [None, (300, 900), None, (300, 900), (300, 900)]
    plot = median_plot(
        "First answers", [(day, figures(600, around)) for day, around in zip(DAYS, ranges, strict=True)]
    )
    assert plot
    assert len(plot.bands) == 1
    assert [bool(dot.whisker) for dot in plot.dots] == [False, True, False, False, False]
    low, high = plot.dots[1].whisker
    assert high < plot.dots[1].y < low


def test_an_interval_that_reaches_far_is_cut_and_flattens_nothing():
    days = [(day, figures(600, (300, 90_000))) for day in DAYS]
    plot = median_plot("First answers", days)
    assert plot
    assert plot.dots[0].y < 100
    assert all(float(point.split(",")[1]) >= 12 for point in plot.bands[0].split())


def test_the_picture_of_the_promise_has_whiskers_that_hold_their_dot():
    days = [(day, figures(within=share_of(n, 4))) for n, day in enumerate(DAYS)]
    plot = promise_plot("First answers", days)
    assert plot
    assert all(dot.whisker[1] <= dot.y <= dot.whisker[0] for dot in plot.dots)
    assert "worst 0 % (0 %–49 %) on 1 Nov" in plot.alternative.replace("\u00a0", " ")


def test_one_day_is_no_picture():
    assert median_plot("First answers", [(DAYS[0], figures(600))]) is None
    assert promise_plot("First answers", []) is None


def test_numbers_in_a_picture_are_written_for_machines_in_every_language(hana, hana_signed_in, wait):
    hana.language = "ko"
    hana.save()
    for days in range(3):
        wait(f"Guest{days}", days=days, minutes=5)
    with translation.override("ko"):
        page = hana_signed_in.get(reverse("answer_times")).content.decode()
    assert not re.search(r'(cx|cy|x1|y1)="\d+,\d', page)
    assert "첫 답변" in words_of(page)
