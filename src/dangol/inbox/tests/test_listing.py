from datetime import timedelta

import pytest
from django.utils import translation

from dangol.customers.models import Customer
from dangol.inbox.commands.conversations import assign_conversation, close_conversation, postpone_conversation
from dangol.inbox.listing import PAGE, clock_of, count_lists, list_page
from dangol.inbox.models import Conversation
from tests.parts.cast import JAMES, JIHOON, NOON, SORA, mail

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=10)


def page(person, tab="waiting", after="", at=LATER, **options):
    return list_page(person=person, tab=tab, after=after, at=at, counts=count_lists(person), **options)


@pytest.fixture
def three(receive):
    return [
        receive(
            mail(sender, subject, date=NOON + timedelta(minutes=n)), at=NOON + timedelta(minutes=n)
        ).conversation
        for n, (sender, subject) in enumerate([(SORA, "Cold burger"), (JAMES, "Tasting"), (JIHOON, "포인트")])
    ]


def test_who_is_due_first_stands_first(three, hana):
    assert [item.subject for item in page(hana).items] == ["Cold burger", "Tasting", "포인트"]


def test_each_conversation_is_in_the_list_of_its_state(three, hana, tom):
    cold, tasting, points = three
    close_conversation(actor=hana, conversation=cold, at=LATER)
    postpone_conversation(actor=hana, conversation=tasting, until=LATER + timedelta(days=1), at=LATER)
    assign_conversation(actor=hana, conversation=points, assignee=tom, at=LATER)

    assert [int(item.key) for item in page(hana, "done").items] == [cold.pk]
    assert [int(item.key) for item in page(hana, "later").items] == [tasting.pk]
    assert [int(item.key) for item in page(hana, "waiting").items] == [points.pk]
    assert [int(item.key) for item in page(tom, "mine").items] == [points.pk]
    assert page(hana, "mine").items == ()
    assert {tab.key: tab.count for tab in page(tom).tabs} == {
        "waiting": "1",
        "answered": "",
        "later": "1",
        "done": "",
        "mine": "1",
    }


def test_a_line_that_is_shown_again_says_what_is_so_by_then(three, hana, tom):
    cold = three[0]
    before = page(hana).items[0]
    assert page(hana).items[0] is before  # nothing happened, and nothing is put together anew

    assert page(hana, at=LATER + timedelta(minutes=1)).items[0].clock.waited == "11 min"
    assert page(hana, at=cold.due_at + timedelta(seconds=1)).items[0].clock.is_late
    assert page(hana, current_id=cold.pk).items[0].is_current
    with translation.override("ko"):
        assert page(hana).items[0].clock.waited == "10분"
    assign_conversation(actor=hana, conversation=cold, assignee=hana, at=LATER)
    assert [mark.words for mark in page(hana).items[0].marks] == ["first time", "yours"]
    assert [mark.words for mark in page(tom).items[0].marks] == ["first time", "Hana"]
    Customer.objects.filter(pk=cold.customer_id).update(name="Sora K.")
    assert page(hana).items[0].name == "Sora K."


def test_the_pages_of_a_list_show_everybody_once_though_many_are_due_at_the_same_instant(receive, hana):
    first = receive(mail()).conversation
    Conversation.objects.bulk_create(
        Conversation(
            channel=first.channel,
            customer=first.customer,
            subject=f"number {n}",
            state="waiting" if n % 2 else "done",
            due_at=NOON + timedelta(minutes=n // 50),
            last_message_at=NOON,
            created_at=NOON,
        )
        for n in range(4 * PAGE + 10)
    )

    for tab in ("waiting", "done"):
        seen, after = [], ""
        while True:
            shown = page(hana, tab, after)
            seen += [int(item.key) for item in shown.items]
            assert bool(shown.first_url) == bool(after)
            if not shown.next_url:
                break
            after = shown.next_url.partition("after=")[2]
        assert len(seen) == len(set(seen)) == Conversation.objects.filter(state=tab).count()


def test_a_place_in_the_list_that_makes_no_sense_is_its_beginning(three, hana):
    for nonsense in ("x", "1.x", "99999999999999999999999.1", "-1", "."):
        assert len(page(hana, after=nonsense).items) in {0, 3}


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(three, hana, django_assert_num_queries):
    counts = count_lists(hana)
    with django_assert_num_queries(1):
        list_page(person=hana, tab="waiting", after="", at=LATER, counts=counts)


def test_all_the_numbers_of_the_menu_are_one_query(three, hana, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert count_lists(hana).waiting == 3


def test_more_than_anybody_counts_is_said_as_that(three, hana):
    first = three[0]
    Conversation.objects.bulk_create(
        Conversation(
            channel=first.channel,
            customer=first.customer,
            state="answered",
            due_at=NOON,
            last_message_at=NOON,
            created_at=NOON,
        )
        for _ in range(1001)
    )

    assert count_lists(hana).shown("answered") == "1,000+"


def test_a_nameless_customer_is_called_by_the_address(receive, hana):
    receive(mail("sora@example.com"))

    assert page(hana).items[0].name == "sora@example.com"


def test_the_first_matter_of_a_customer_is_marked_and_the_second_is_not(receive, hana):
    receive(mail(subject="First"))
    receive(mail(subject="Second", date=LATER), at=LATER)

    marks = {item.subject: [mark.words for mark in item.marks] for item in page(hana).items}
    assert marks == {"First": ["first time"], "Second": []}


def test_the_clock_warns_in_the_last_third_and_is_late_after_the_promised_instant():
    due = NOON + timedelta(minutes=30)

    def tone(minutes):
        return clock_of("waiting", NOON, due, NOON + timedelta(minutes=minutes)).tone

    assert [tone(19), tone(21), tone(30), tone(31)] == ["", "warn", "warn", "bad"]
    assert clock_of("answered", NOON, due, NOON + timedelta(days=1)).tone == ""
