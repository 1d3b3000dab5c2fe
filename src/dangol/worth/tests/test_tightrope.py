"""The tightrope: how wishes end, and what those customers do next."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from dangol.channels.models import Channel
from dangol.customers.models import Customer, Membership, Segment
from dangol.goodwill.models import Wish
from dangol.inbox.models import Conversation, Message
from dangol.worth.tightrope import (
    OUTCOMES,
    Bought,
    Counts,
    Decided,
    count_by_decider,
    count_outcomes,
    followed,
    verdict_of,
)
from tests.parts.cast import NOON

LONG_AGO = NOON - timedelta(days=150)  # 21 June
DAY = timedelta(days=1)
FIGURE = re.compile(r'<a href="(/worth/wishes/[^"]*)">([^<]*)')

decided = st.builds(
    Decided,
    id=st.integers(1, 10**6),
    outcome=st.sampled_from(OUTCOMES),
    asked_at=st.just(LONG_AGO),
    decided_at=st.integers(0, 100).map(lambda days: LONG_AGO + days * DAY),
    decided_by=st.integers(1, 3),
    customer_id=st.none() | st.integers(1, 5),
    conversation_id=st.none(),
)


@given(st.lists(decided, max_size=30, unique_by=lambda wish: wish.id))
def test_the_parts_are_the_whole_and_each_customer_counts_once_an_outcome(wishes):
    assert sum(counts.total for counts in count_by_decider(wishes).values()) == len(wishes)
    assert count_outcomes(wishes).total == len(wishes)
    bought = [Bought(wish.customer_id, wish.decided_at + DAY) for wish in wishes if wish.customer_id]
    found = followed(wishes, bought, [], at=NOON)
    of = {wish.id: wish for wish in wishes}
    for outcome in OUTCOMES:
        could, back = found[outcome]["could"], found[outcome]["back"]
        assert back == could  # everybody bought the day after
        people = [of[pk].customer_id for pk in could]
        assert len(people) == len(set(people))
        assert None not in people
        assert all(of[pk].decided_at + 90 * DAY <= NOON for pk in could)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        (Counts(), "none"),
        (Counts(9, 0, 0), "few"),
        (Counts(10, 0, 0), "may_cave"),  # the true share may still be 72 %
        (Counts(60, 0, 0), "caves"),
        (Counts(60, 2, 2), "may_cave"),
        (Counts(60, 20, 20), "between"),
        (Counts(5, 5, 40), "refuses"),
        (Counts(9, 0, 11), "may_refuse"),
    ],
)
def test_the_verdict_says_only_what_is_sure(counts, verdict):
    assert verdict_of(counts) == verdict


@pytest.fixture
def wish(db, hana, minji):
    def write(customer, state, *, at=LONG_AGO, by=None, conversation_id=None, **more):
        given = {"given": 9000, "partly": 4000}.get(state, 0)
        return Wish.objects.create(
            customer=customer, state=state, kind="redo", own_currency="KRW", wished=9000, proposed=9000, given=given,
            key=uuid4(), staff=hana, asked_at=at, decided_by=by or hana, decided_at=at,
            conversation_id=conversation_id, **more,
        )  # fmt: skip

    return write


@pytest.fixture
def walked(wish, sell, minji, moon_burger):
    """Sora was granted all and came back, also as the one that she was before; James was refused and left; 박지훈 was
    refused, and wrote about something else. Two more wishes are too new or of nobody known; one is not decided."""
    person = {
        name: Customer.objects.create(name=name, created_at=LONG_AGO) for name in ("Sora", "James", "박지훈")
    }
    old = Customer.objects.create(name="S.", created_at=LONG_AGO, merged_into=person["Sora"])
    channel = Channel.objects.first() or Channel.objects.create(
        kind="email", name="Shop", created_at=LONG_AGO
    )

    def talk(name, at):
        row = Conversation.objects.create(
            channel=channel, customer=person[name], state="done", due_at=at, last_message_at=at, created_at=at
        )
        Message.objects.create(conversation=row, channel=channel, direction="in", happened_at=at)
        return row

    about = talk("James", LONG_AGO - DAY)
    Message.objects.create(conversation=about, channel=channel, direction="in", happened_at=LONG_AGO + DAY)
    wish(old, "given")
    wish(person["Sora"], "given", at=LONG_AGO + DAY)
    sell(12_000, at=LONG_AGO + 2 * DAY, customer=old)
    wish(person["James"], "refused", by=minji, conversation_id=about.pk)
    sell(9000, at=LONG_AGO + 91 * DAY, customer=person["James"])
    sell(9000, at=LONG_AGO + DAY, customer=person["James"], cancelled_at=NOON)
    wish(person["박지훈"], "refused")
    talk("박지훈", LONG_AGO + 30 * DAY)
    wish(None, "partly", at=LONG_AGO)
    wish(person["Sora"], "asked", at=LONG_AGO)
    regulars = Segment.objects.create(name="Regulars", created_at=LONG_AGO)
    Membership.objects.create(segment=regulars, customer=old, since=LONG_AGO)
    return {"regulars": regulars, **person}


@pytest.fixture
def desk(client, minji):
    client.force_login(minji)
    return client


JUNE = "?month=2026-06"


@pytest.mark.usefixtures("at_noon", "walked")
def test_every_figure_opens_as_many_wishes_as_it_says(desk, django_assert_max_num_queries):
    with django_assert_max_num_queries(32):
        page = desk.get(reverse("worth_tightrope") + JUNE).content.decode()
    found = [(unescape(url), text) for url, text in FIGURE.findall(page)]
    assert len(found) > 15
    for url, text in found:
        assert f'data-count="{text}"' in desk.get(url).content.decode(), url
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Of 5 wishes 2 were granted whole, 1 in part, and 2 refused." in words
    assert "These are too few wishes to say anything of the house." in words
    assert "1 wish still waits for a yes or no" in words
    assert "no difference that could not be chance" in words


@pytest.mark.usefixtures("at_noon")
def test_with_a_segment_chosen_every_figure_opens_as_many_wishes_as_it_says(desk, walked):
    guests = Segment.objects.create(name="Guests", created_at=LONG_AGO)
    for name in ("Sora", "James"):
        Membership.objects.create(segment=guests, customer=walked[name], since=LONG_AGO)
    url = f"{reverse('worth_tightrope')}{JUNE}&segment={walked['regulars'].pk}"
    for figure, text in FIGURE.findall(desk.get(url).content.decode()):
        assert f'data-count="{text}"' in desk.get(unescape(figure)).content.decode(), figure


@pytest.mark.usefixtures("at_noon")
def test_what_they_did_next_counts_people_and_not_wishes(desk, walked):
    def count(query):
        page = desk.get(reverse("worth_wishes") + JUNE + query).content.decode()
        return int(re.search(r'data-count="(\d+)"', page)[1])

    assert count("&outcome=given&next=could") == count("&outcome=given&next=ordered") == 1
    assert count("&outcome=refused&next=could") == 2
    assert count("&outcome=refused&next=ordered") == 0  # one too late, one cancelled
    assert count("&outcome=refused&next=wrote") == count("&outcome=refused&next=back") == 1
    assert count("&outcome=partly&next=could") == 0  # nobody knows who that was
    assert count(f"&segment={walked['regulars'].pk}") == 2
    assert count("&outcome=nonsense&next=x&staff=y") == 5


@pytest.mark.usefixtures("at_noon")
def test_a_wish_of_the_last_days_is_in_no_share_of_what_came_next(desk, walked, wish):
    wish(walked["James"], "refused", at=NOON - DAY)
    page = desk.get(reverse("worth_tightrope")).content.decode()
    assert "It can’t be known yet" in page
    assert "By segment" not in page  # he is in none


@pytest.mark.usefixtures("at_noon")
def test_without_wishes_it_says_what_to_do(desk, client, hana):
    assert "No wish was noted yet" in desk.get(reverse("worth_tightrope")).content.decode()
    client.force_login(hana)
    assert client.get(reverse("worth_tightrope")).status_code == 403
