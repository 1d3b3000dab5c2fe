"""A page is no slower for the years that lie behind it: none of its statements reads them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from dangol.inbox.listing import count_lists
from dangol.inbox.models import Conversation, Wait
from dangol.inbox.waits import unanswered_count
from tests.parts.cast import NOON, mail
from tests.parts.plans import plan_of, steps_of, tables_read_whole

pytestmark = [pytest.mark.django_db, pytest.mark.only_sqlite]


@pytest.fixture
def staff_client(client, minji):
    client.force_login(minji)
    return client


@pytest.fixture
def talk(receive, moon_burger):
    return receive(mail()).conversation


@pytest.mark.parametrize("name", ["today", "inbox", "answer_times", "answer_times_list", "stuck_work"])
def test_no_page_reads_a_growing_table_whole(staff_client, talk, name):
    assert tables_read_whole(lambda: staff_client.get(reverse(name))) == set()


@pytest.mark.parametrize("tab", ["answered", "later", "done", "mine"])
def test_no_list_of_the_inbox_does(staff_client, talk, tab):
    page = f"{reverse('inbox')}?tab={tab}&after=1700000000000000.1"
    assert tables_read_whole(lambda: staff_client.get(page)) == set()


def test_neither_does_a_conversation_nor_a_customer(staff_client, talk):
    for page in (reverse("conversation", args=[talk.pk]), reverse("customer", args=[talk.customer_id])):
        assert tables_read_whole(lambda page=page: staff_client.get(page)) == set(), page


def test_neither_does_the_list_of_customers_nor_the_look_for_who_is_alike(staff_client, talk):
    likeness = reverse("customer_likeness", args=[talk.customer_id])
    for page in (f"{reverse('customers')}?after=1700000000000000.1", likeness):
        assert tables_read_whole(lambda page=page: staff_client.get(page)) == set(), page


def test_the_numbers_beside_the_lists_are_counted_in_an_index(minji):
    plans = steps_of(lambda: count_lists(minji))
    assert [step for step in plans if "inbox_conversation" in step] == [
        *["SEARCH inbox_conversation USING COVERING INDEX inbox_by_due (state=?)"] * 3,
        "SEARCH inbox_conversation USING COVERING INDEX inbox_mine (assignee_id=? AND state=?)",
    ]


def test_who_waits_longest_is_the_first_of_an_index():
    rows = Conversation.objects.filter(merged_into=None, state="waiting").order_by("waiting_since", "id")
    for waiting in (rows, rows.filter(assignee=None)):
        assert plan_of(waiting[:1]) == ["SEARCH inbox_conversation USING INDEX inbox_waiting (state=?)"]


def test_the_conversations_of_a_person_are_counted_and_paged_in_an_index():
    rows = Conversation.objects.filter(customer__in=[7], merged_into=None)
    assert "USING COVERING INDEX inbox_of_person" in str(plan_of(rows.order_by().values("pk")))
    page = plan_of(rows.order_by("-last_message_at", "-id")[:9])
    assert page == ["SEARCH inbox_conversation USING INDEX inbox_of_person (customer_id=?)"]
    waiting = plan_of(rows.filter(state="waiting").order_by("waiting_since", "id")[:1])
    assert waiting == ["SEARCH inbox_conversation USING INDEX inbox_waiting_of_person (customer_id=?)"]


def test_who_had_no_answer_a_week_ago_is_counted_from_what_ended_since(receive, moon_burger):
    first, second, third, fourth = (
        Wait.objects.get(conversation=receive(mail(message_id=f"{n}@x")).conversation) for n in range(4)
    )
    at = first.started_at + timedelta(days=1)
    Wait.objects.filter(pk=first.pk).update(answered_at=at - timedelta(hours=1))
    Wait.objects.filter(pk=second.pk).update(answered_at=at + timedelta(hours=1))
    Wait.objects.filter(pk=third.pk).update(dropped_at=at + timedelta(hours=1))
    assert (
        unanswered_count(at, since=at - timedelta(days=300)) == 3
    )  # the second, the third, and the fourth still
    assert unanswered_count(at, since=first.started_at + timedelta(seconds=1)) == 0
    assert unanswered_count(at + timedelta(hours=2), since=NOON - timedelta(days=300)) == 1

    for way in ({"answered_at__gt": at}, {"dropped_at__gt": at}):
        assert "COVERING INDEX wait_" in str(plan_of(Wait.objects.filter(**way).values("started_at", "id")))
    assert Wait.objects.filter(pk=fourth.pk, answered_at=None, dropped_at=None).exists()
