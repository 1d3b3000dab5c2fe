from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from dangol.channels.models import Delivery, DeliveryRecipient, Mailbox
from dangol.customers.models import Customer, Identity
from dangol.desk.giving_mail import tell_of_wish
from dangol.desk.owed import open_wishes, wish_view
from dangol.desk.tests.reading import see, words_of
from dangol.goodwill.models import Cause, Entry, GivingLimit, GivingPolicy, Kind, Wish
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply
from dangol.inbox.models import Message
from dangol.inbox.second_replies import book_second_reply
from dangol.kernel import clock
from dangol.orders.models import Order, OrderLine, Source
from dangol.staff.models import Role
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, request):
    """It is Wednesday noon in Seoul, and an agent may give 10,000 won without asking."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")
    GivingLimit.objects.create(role=Role.AGENT, an_act=10_000)


@pytest.fixture
def talk(receive):
    return receive(mail(), at=NOON - timedelta(minutes=41)).conversation


def post(client, person, url, **data):
    client.force_login(person)
    return client.post(url, data)


def form(**data) -> dict:
    return {"kind": "redo", "amount": "9,800", "key": str(uuid4()), **data}


def test_an_agent_gives_from_a_conversation_with_the_cause_that_the_words_propose(client, hana, talk):
    client.force_login(hana)
    url = reverse("giving", args=[talk.pk])
    page = client.get(url).content.decode()
    cold = Cause.objects.get(name="Cold or poor quality")
    assert f'<option value="{cold.pk}" selected>' in page, "the burger was cold"
    assert "You may give up to ₩10,000 without asking." in words_of(page)
    response = client.post(url, form(cause=str(cold.pk), what="A new burger"))
    assert response["Location"] == reverse("conversation", args=[talk.pk])
    entry = Entry.objects.get()
    assert (entry.booked, entry.cause, entry.conversation_id) == (9_800, cold, talk.pk)
    beside = see(client, "conversation", talk.pk)
    assert "A new burger · ₩9,800 given · Cold or poor quality" in beside
    assert "We gave: A new burger · ₩9,800" in see(client, "customer", talk.customer_id)


def test_above_the_limit_a_lead_is_asked_in_the_conversation_on_today_and_by_mail(
    client, hana, dongsuk, minji, talk
):
    Mailbox.objects.update(outgoing="smtp", smtp_host="mail.moonburger.test")
    post(client, hana, reverse("giving", args=[talk.pk]), **form(amount="20000"))
    wish = Wish.objects.get()
    assert wish.state == "asked"
    assert "Hana asks to give: made again · ₩20,000" in see(client, "conversation", talk.pk)
    assert "Yes, give it" not in see(client, "conversation", talk.pk), "she may not say it herself"
    client.force_login(dongsuk)
    assert "Yes, give it" in see(client, "conversation", talk.pk)
    assert "Hana asks to give Sora Kim ₩20,000" in see(client, "today")
    assert tell_of_wish(wish_id=wish.pk, at=NOON) == 2
    assert tell_of_wish(wish_id=wish.pk, at=NOON) == 0
    told = set(DeliveryRecipient.objects.values_list("address", flat=True))
    assert told == {"minji@moonburger.test", "dongsuk@moonburger.test"}
    content = bytes(Delivery.objects.first().content).decode("utf-8", "replace")
    assert reverse("wish", args=[wish.pk]) in content
    assert "Auto-Submitted: auto-generated" in content


def test_looking_at_the_page_of_the_mail_decides_nothing_and_wants_a_sign_in(client, hana, dongsuk, talk):
    post(client, hana, reverse("giving", args=[talk.pk]), **form(amount="20000"))
    wish = Wish.objects.get()
    client.logout()
    assert client.get(reverse("wish", args=[wish.pk])).status_code == 302
    client.force_login(dongsuk)
    assert "Yes, give it" in see(client, "wish", wish.pk)
    assert client.get(reverse("wish_approval", args=[wish.pk])).status_code == 405
    wish.refresh_from_db()
    assert wish.state == "asked"


@pytest.mark.parametrize(
    ("name", "data", "state", "booked"),
    [
        ("wish_approval", {}, "given", 20_000),
        ("wish_approval", {"amount": "12,000"}, "partly", 12_000),
        ("wish_refusal", {}, "refused", None),
    ],
)
def test_a_lead_decides(client, hana, dongsuk, talk, name, data, state, booked):
    post(client, hana, reverse("giving", args=[talk.pk]), **form(amount="20000"))
    response = post(client, dongsuk, reverse(name, args=[Wish.objects.get().pk]), **data)
    assert response.status_code == 303
    assert Wish.objects.get().state == state
    assert list(Entry.objects.values_list("booked", flat=True)) == ([booked] if booked else [])


def test_a_gift_by_mistake_is_taken_back_from_its_page(client, hana, talk):
    post(client, hana, reverse("giving", args=[talk.pk]), **form())
    post(client, hana, reverse("wish_withdrawal", args=[Wish.objects.get().pk]))
    assert sorted(Entry.objects.values_list("booked", flat=True)) == [-9_800, 9_800]


def test_a_no_is_noted(client, hana, talk):
    post(client, hana, reverse("giving", args=[talk.pk]), **form(no="1"))
    assert Wish.objects.get().state == "refused"


@pytest.mark.parametrize("amount", ["", "0", "much", "-5", "1.5"])
def test_an_amount_that_is_none_is_said_in_the_form_and_the_rest_stays(client, hana, talk, amount):
    url = reverse("giving", args=[talk.pk])
    response = post(client, hana, url, **form(amount=amount, what="A new burger"))
    assert response.status_code == 422
    assert 'value="A new burger"' in response.content.decode()
    assert not Wish.objects.exists()


def test_ticked_lines_of_an_order_say_how_much(client, hana, talk):
    source = Source.objects.create(name="Till", kind="file", created_at=NOON)
    order = Order.objects.create(
        source=source, key="2041", number="2041", customer=talk.customer, currency="KRW", amount=23_800,
        own_currency="KRW", own_amount=23_800, recorded_at=NOON, ordered_at=NOON,
    )  # fmt: skip
    _burger, drink = (
        OrderLine.objects.create(
            order=order, name=name, quantity_thousandths=1000, unit_price_e4=amount * 10_000, amount=amount
        )
        for name, amount in (("Burger", 9_800), ("Drink", 2_500))
    )
    url = reverse("order_giving", args=[order.pk])
    response = post(client, hana, url, **form(kind="refund", amount="", lines=[drink.pk]))
    assert response.status_code == 303
    entry = Entry.objects.get()
    assert (entry.booked, entry.kind, entry.order) == (2_500, Kind.REFUND, order)


def order_of(customer, number, **more) -> Order:
    source, _ = Source.objects.get_or_create(name="Till", defaults={"kind": "file", "created_at": NOON})
    values = {
        "currency": "KRW", "amount": 23_800, "own_currency": "KRW", "own_amount": 23_800, "recorded_at": NOON,
        "ordered_at": NOON, **more,
    }  # fmt: skip
    return Order.objects.create(source=source, key=number, number=number, customer=customer, **values)


def test_it_is_given_for_the_order_that_the_form_showed_and_never_for_somebody_elses(client, hana, talk):
    before = Customer.objects.create(name="Sora", created_at=NOON, merged_into=talk.customer)
    shown = order_of(before, "2041")
    client.force_login(hana)
    url = reverse("giving", args=[talk.pk])
    assert f'name="for_order" value="{shown.pk}"' in client.get(url).content.decode()
    order_of(talk.customer, "2042", ordered_at=NOON + timedelta(minutes=1))
    assert client.post(url, form(for_order=str(shown.pk))).status_code == 303
    assert Wish.objects.get().order == shown
    other = order_of(Customer.objects.create(name="Tom", created_at=NOON), "2043")
    for said in (str(other.pk), "1" * 30, "x"):
        assert client.post(url, form(for_order=said)).status_code == 404
    assert Wish.objects.count() == 1


def test_customers_without_a_name_cost_no_query_each(client, dongsuk, hana, django_assert_num_queries):
    for number in range(3):
        customer = Customer.objects.create(created_at=NOON)
        Identity.objects.create(
            kind="email", address=f"{number}@example.com", customer=customer, created_at=NOON
        )
        Wish.objects.create(
            customer=customer, kind=Kind.REDO, own_currency="KRW", wished=1, proposed=1, state="asked",
            key=uuid4(), staff=hana, asked_at=NOON,
        )  # fmt: skip
    with django_assert_num_queries(2):
        views = open_wishes(dongsuk)
    assert [view.customer for view in views] == [f"{number}@example.com" for number in range(3)]
    assert all(view.may_decide for view in views)


def test_buttons_are_shown_to_whom_they_do_something_for(client, hana, dongsuk, talk, monkeypatch):
    post(client, hana, reverse("giving", args=[talk.pk]), **form())
    row = Wish.objects.get()
    assert wish_view(row, hana).may_take_back
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=11))
    assert not wish_view(row, hana).may_take_back
    assert wish_view(row, dongsuk).may_take_back
    row.state, row.staff = "asked", dongsuk
    assert not wish_view(row, dongsuk).may_decide


def replied(hana, talk, at, minutes=10) -> Message:
    talk.refresh_from_db()
    draft = save_draft(actor=hana, conversation=talk, text="Sorry!", at=at - timedelta(minutes=minutes))
    return send_reply(actor=hana, draft=draft, key=uuid4(), at=at)


def test_a_second_answer_on_one_matter_is_estimated_from_its_draft_and_booked_once(hana, talk):
    GivingPolicy.objects.create(hourly_rate=18_000, most_reply_minutes=30)
    first = replied(hana, talk, NOON)
    second = replied(hana, talk, NOON + timedelta(hours=1), minutes=20)
    assert book_second_reply(message_id=first.pk, at=NOON) is None
    entry = book_second_reply(message_id=second.pk, at=NOON)
    assert entry == book_second_reply(message_id=second.pk, at=NOON)
    assert (entry.estimated_low, entry.estimated, entry.estimated_high) == (3_000, 6_000, 9_000)
    assert (entry.kind, entry.cost_class, entry.method) == ("staff_time", "internal_failure", "reply_minutes")
    assert (entry.booked, entry.staff, entry.customer) == (None, hana, talk.customer)
    later = replied(hana, talk, NOON + timedelta(days=60))
    assert book_second_reply(message_id=later.pk, at=NOON) is None, "another matter by then"


def test_without_an_hourly_rate_no_time_is_booked(hana, talk):
    replied(hana, talk, NOON)
    assert book_second_reply(message_id=replied(hana, talk, NOON + timedelta(hours=1)).pk, at=NOON) is None


def test_from_the_customers_page_something_is_given_for_their_order(client, hana, talk):
    source = Source.objects.create(name="Till", kind="file", created_at=NOON)
    order = Order.objects.create(
        source=source, key="8", number="8", customer=talk.customer, currency="KRW", amount=20_000, own_currency="KRW",
        own_amount=20_000, ordered_at=NOON, recorded_at=NOON,
    )  # fmt: skip
    url = reverse("customer_giving", args=[talk.customer_id])
    client.force_login(hana)
    assert f'href="{url}"' in client.get(reverse("customer", args=[talk.customer_id])).content.decode()
    page = client.get(url).content.decode()
    cold = Cause.objects.get(name="Cold or poor quality")
    assert f'<option value="{cold.pk}" selected>' in page
    response = client.post(url, form(cause=str(cold.pk), for_order=str(order.pk)))
    assert response["Location"] == reverse("customer", args=[talk.customer_id])
    entry = Entry.objects.get()
    assert (entry.customer, entry.order, entry.conversation_id) == (talk.customer, order, None)


def test_lines_in_other_money_are_given_by_the_rate_that_the_order_keeps(client, hana, talk):
    source = Source.objects.create(name="Till", kind="file", created_at=NOON)
    order = Order.objects.create(
        source=source, key="9", number="9", customer=talk.customer, currency="USD", amount=1350, own_currency="KRW",
        own_amount=18_900, rate_trillionths=1400 * 10**12, ordered_at=NOON, recorded_at=NOON,
    )  # fmt: skip
    line = OrderLine.objects.create(
        order=order, name="Kimchi Tide", quantity_thousandths=1000, unit_price_e4=67_500, amount=675
    )
    url = reverse("order_giving", args=[order.pk])
    client.force_login(hana)
    assert "Kimchi Tide · ₩9,450" in client.get(url).content.decode()
    client.post(url, form(kind="refund", amount="", lines=[str(line.pk)]))
    assert Entry.objects.get().booked == 9_450


def test_lines_in_other_money_are_added_before_they_are_converted(client, minji, talk):
    source = Source.objects.create(name="Till", kind="file", created_at=NOON)
    order = Order.objects.create(
        source=source, key="9", number="9", customer=talk.customer, currency="USD", amount=303, own_currency="KRW",
        own_amount=4_244, rate_trillionths=1_400_500 * 10**9, ordered_at=NOON, recorded_at=NOON,
    )  # fmt: skip
    lines = [
        OrderLine.objects.create(
            order=order, name=name, quantity_thousandths=1000, unit_price_e4=10_100, amount=101
        )
        for name in ("Kimchi", "Rice", "Tea")
    ]
    client.force_login(minji)
    url = reverse("order_giving", args=[order.pk])
    client.post(url, form(kind="refund", amount="", lines=[str(line.pk) for line in lines]))
    assert Entry.objects.get().booked == 4_244  # one by one 1,415 won each, which is more than was paid


def test_what_was_given_back_by_hand_is_told_on_the_customers_page(client, minji, talk):
    source = Source.objects.create(name="Till", kind="file", created_at=NOON)
    order = Order.objects.create(
        source=source, key="9", number="9", customer=talk.customer, currency="KRW", amount=20_000, own_currency="KRW",
        own_amount=20_000, ordered_at=NOON, recorded_at=NOON,
    )  # fmt: skip
    client.force_login(minji)
    client.post(reverse("order_giving", args=[order.pk]), form(kind="refund", amount="5000"))
    assert "₩5,000 given back" in see(client, "customer", talk.customer_id)
    Order.objects.update(cancelled_at=NOON)
    assert "given back" not in see(client, "customer", talk.customer_id)
