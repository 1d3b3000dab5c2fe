import html
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse

from dangol.channels.models import Delivery
from dangol.channels.outbox import deliver_due
from dangol.customers.events import CustomersMerged
from dangol.customers.models import Consent, Customer, CustomerNote, Identity, Membership, Segment, Tag
from dangol.desk.person import ANSWERS
from dangol.desk.tests.reading import see
from dangol.inbox.commands.conversations import add_note, close_conversation
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, settle_sent_reply
from dangol.inbox.models import Conversation
from dangol.kernel import clock
from dangol.kernel.events import emit
from tests.parts.cast import JAMES, JIHOON, NOON, SORA, mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, request):
    """It is Wednesday noon in Seoul."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")


@pytest.fixture
def staff_client(client, hana):
    client.force_login(hana)
    return client


def answer(staff, talk, at) -> None:
    draft = save_draft(actor=staff, conversation=talk, text="Sorry!", at=at)
    message = send_reply(actor=staff, draft=draft, key=uuid4(), at=at)
    Delivery.objects.filter(pk=message.delivery_id).update(due_at=at - timedelta(days=1))
    assert deliver_due()
    Delivery.objects.filter(pk=message.delivery_id).update(sent_at=at)
    settle_sent_reply(delivery_id=message.delivery_id, at=at)


def test_a_customer_who_waits_is_told_first(staff_client, receive):
    talk = receive(mail(), at=NOON - timedelta(minutes=41)).conversation
    words = see(staff_client, "customer", talk.customer_id)
    assert "Sora Kim With you since November 2026" in words
    assert "Waits for an answer for 41 min ." in words
    assert "Wrote: Cold burger 11:19" in words
    page = staff_client.get(reverse("customer", args=[talk.customer_id])).content.decode()
    assert f'href="/inbox/{talk.pk}/#compose"' in page


@pytest.mark.parametrize("read", [ANSWERS, 1])
def test_who_waits_for_several_answers_is_told_how_many_and_answered_where_they_wait_longest(
    staff_client, receive, monkeypatch, read
):
    monkeypatch.setattr("dangol.desk.person.ANSWERS", read)
    receive(mail(subject="The bill", message_id="2"), at=NOON - timedelta(minutes=20))
    first = receive(mail(subject="The burger", message_id="1"), at=NOON - timedelta(minutes=41)).conversation
    receive(mail(JAMES, message_id="3"), at=NOON - timedelta(minutes=50))
    assert "Waits for 2 answers ." in see(staff_client, "customer", first.customer_id)
    page = staff_client.get(reverse("customer", args=[first.customer_id])).content.decode()
    assert f'class="button primary" href="/inbox/{first.pk}/#compose"' in page


def test_a_manager_puts_a_customer_on_those_lists_alone_that_they_are_not_on(client, dongsuk, hana, receive):
    customer = receive(mail()).conversation.customer
    regulars, press = (
        Segment.objects.create(name=name, kind="list", created_at=NOON) for name in ("Regulars", "Press")
    )
    Membership.objects.create(segment=regulars, customer=customer, since=NOON)
    offered = {}
    for person in (dongsuk, hana):
        client.force_login(person)
        page = client.get(reverse("customer", args=[customer.pk])).content.decode()
        offered[person] = [
            each.pk
            for each in (regulars, press)
            if f'action="{reverse("segment_members", args=[each.pk])}"' in page
        ]
        assert reverse("segment", args=[regulars.pk]) in page
    assert offered == {dongsuk: [press.pk], hana: []}


def test_what_happened_is_told_newest_first_with_who_did_it(staff_client, receive, hana):
    talk = receive(mail(), at=NOON - timedelta(minutes=41)).conversation
    answer(hana, talk, NOON - timedelta(minutes=32))
    add_note(actor=hana, conversation=talk, text="A coupon?", at=NOON - timedelta(minutes=20))
    close_conversation(actor=hana, conversation=talk, at=NOON)
    words = see(staff_client, "customer", talk.customer_id)
    story = [
        "Done: Cold burger by Hana",
        "Note for the team: Cold burger by Hana",
        "We answered after 9 min: Cold burger by Hana",
        "Wrote: Cold burger",
    ]
    places = [words.index(line) for line in story]
    assert places == sorted(places)
    assert "Has every answer. Half of your answers came within 9 minutes of opening time." in words


def test_addresses_say_whether_they_are_proved(staff_client, receive):
    talk = receive(mail()).conversation
    assert "sora@example.com from their mail" in see(staff_client, "customer", talk.customer_id)
    Identity.objects.update(is_verified=True)
    assert "sora@example.com verified" in see(staff_client, "customer", talk.customer_id)


def test_a_customer_without_a_name_goes_by_the_address(staff_client, receive):
    talk = receive(mail("<nobody@example.com>")).conversation
    page = staff_client.get(reverse("customer", args=[talk.customer_id])).content.decode()
    assert "<h1>nobody@example.com</h1>" in page


def merge(one: Customer, into: Customer) -> None:
    one.merged_into = into
    one.save()


def test_a_merged_customer_leads_to_the_one_it_became_and_brings_everything(staff_client, receive):
    talks = [receive(mail(sender)).conversation for sender in (SORA, JAMES, JIHOON)]
    sora, james, jihoon = (talk.customer for talk in talks)
    merge(jihoon, james)
    merge(james, sora)
    for merged in (james, jihoon):
        response = staff_client.get(reverse("customer", args=[merged.pk]))
        assert (response.status_code, response["Location"]) == (302, f"/customers/{sora.pk}/")
    words = see(staff_client, "customer", sora.pk)
    assert "3 conversations" in words
    assert words.count("Wrote: Cold burger") == 3
    for address in ("sora@example.com", "james@example.org", "jihoon@example.kr"):
        assert address in words


def test_nobody_is_said_so(staff_client):
    assert staff_client.get(reverse("customer", args=[987654])).status_code == 404


def test_the_story_goes_on_page_by_page_to_its_beginning(staff_client, receive, hana, monkeypatch):
    monkeypatch.setattr("dangol.desk.person.LINES", 3)
    talk = receive(mail(), at=NOON - timedelta(days=1)).conversation
    for number in range(7):
        # Two at the same instant: none may be lost between the pages.
        add_note(actor=hana, conversation=talk, text=f"{number}", at=NOON - timedelta(minutes=number // 2))
    url, lines, pages = reverse("customer", args=[talk.customer_id]), 0, 0
    while url:
        page = staff_client.get(url).content.decode()
        story = page.partition('class="timeline')[2].partition("</ol>")[0]
        lines += story.count("Note for the team") + story.count("Wrote")
        pages += 1
        following = re.search(r'id="more"><a [^>]*href="([^"]+)"', story)
        url = following[1] if following else ""
    assert (lines, pages) == (8, 3)


def test_with_javascript_only_the_next_lines_are_fetched(staff_client, receive, hana, monkeypatch):
    monkeypatch.setattr("dangol.desk.person.LINES", 1)
    talk = receive(mail(), at=NOON).conversation
    add_note(actor=hana, conversation=talk, text="x", at=NOON)
    url = reverse("customer", args=[talk.customer_id])
    more = re.search(r'hx-get="(/customers/[^"]+)"', staff_client.get(url).content.decode())
    assert more
    part = staff_client.get(more[1], headers={"HX-Request": "true", "HX-Target": "more"}).content.decode()
    assert part.lstrip().startswith("<li")
    assert "Wrote" in part


def test_older_conversations_are_a_page_away(staff_client, receive, monkeypatch):
    monkeypatch.setattr("dangol.desk.person.TALKS", 2)
    for number in range(5):
        receive(mail(SORA, f"Matter {number}", f"{number}"), at=NOON - timedelta(days=number))
    customer = Customer.objects.get(name="Sora Kim")
    url, seen = reverse("customer", args=[customer.pk]), []
    while url:
        page = staff_client.get(url).content.decode().partition('id="talks"')[2]
        seen += re.findall(r"Matter (\d)", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following[1] if following else ""
    assert seen == ["0", "1", "2", "3", "4"]


def test_the_number_of_queries_does_not_grow(staff_client, receive, hana, django_assert_max_num_queries):
    for number in range(9):
        talk = receive(
            mail(SORA, f"Matter {number}", f"{number}"), at=NOON - timedelta(days=number)
        ).conversation
        add_note(actor=hana, conversation=talk, text="x", at=NOON)
    assert Conversation.objects.count() == 9
    with django_assert_max_num_queries(25):
        see(staff_client, "customer", talk.customer_id)


def test_what_is_known_of_the_person_stands_at_the_top(staff_client, receive, hana):
    customer = receive(mail(JIHOON)).conversation.customer
    Customer.objects.filter(pk=customer.pk).update(
        family_name="Park",
        given_name="Jihun",
        language="ko",
        preferred_channel="kakaotalk",
        birth_month=2,
        birth_day=29,
    )
    CustomerNote.objects.create(customer=customer, text="Sits by the window", by=hana, at=NOON)
    Tag.objects.create(name="가족 모임").customers.add(customer)
    consent = {"customer": customer, "channel": "email", "purpose": "news", "source": "form"}
    Consent.objects.create(**consent, is_given=True, at=NOON - timedelta(days=9))
    Consent.objects.create(**consent, is_given=False, at=NOON)
    words = see(staff_client, "customer", customer.pk)
    assert "박지훈 Jihun Park With you since" in words
    assert "writes Korean · prefers KakaoTalk · birthday 29 February" in words
    assert "박지훈 님 가족 모임 Sits by the window Hana" in words
    assert "E-mail: news and offers no, since" in words
    assert "yes, since" not in words


def test_one_kind_of_what_happened_can_be_had_alone(staff_client, receive, hana, monkeypatch):
    monkeypatch.setattr("dangol.desk.person.LINES", 1)
    talk = receive(mail(), at=NOON - timedelta(days=1)).conversation
    with transaction.atomic():
        emit(CustomersMerged(happened_at=NOON, customer_id=talk.customer_id, merge_id=1, gone_id=2))
        emit(
            CustomersMerged(
                happened_at=NOON - timedelta(days=2), customer_id=talk.customer_id, merge_id=2, gone_id=3
            )
        )
    add_note(actor=hana, conversation=talk, text="x", at=NOON - timedelta(hours=1))
    url, seen = f"/customers/{talk.customer_id}/?kind=talk", []
    while url:
        story = staff_client.get(url).content.decode().partition('class="timeline')[2].partition("</ol>")[0]
        seen += re.findall("Note for the team|Wrote|Two customers", story)
        following = re.search(r'id="more"><a [^>]*href="([^"]+)"', story)
        url = html.unescape(following[1]) if following else ""
    assert seen == ["Note for the team", "Wrote"]
    assert "Two customers became one" in see(staff_client, "customer", talk.customer_id)
    assert "Two customers became one" in see(staff_client, "customer", talk.customer_id, kind="nonsense")
