"""What is suggested beside a conversation, and the one press that gives it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from dangol.business.models import Business
from dangol.desk.tests.reading import see, words_of
from dangol.goodwill.models import Cause, Entry, GivingLimit, Wish
from dangol.inbox.commands.conversations import close_conversation
from dangol.kernel import clock
from dangol.orders.models import Order, OrderLine, Refund, Source
from dangol.staff.models import Role
from tests.parts.cast import NOON, mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("moon_burger")]
COLD = "The burger was cold. What happened?"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, moon_burger):
    """It is Wednesday noon in Seoul, and an agent may give 10,000 won without asking."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    GivingLimit.objects.create(role=Role.AGENT, an_act=10_000)


@pytest.fixture
def complain(receive):
    """Sora writes; her conversation."""

    def write(text=COLD, subject="My dinner"):
        return receive(mail(subject=subject, text=text), at=NOON - timedelta(minutes=41)).conversation

    return write


def order(
    customer, number="2041", *, hours_ago=2, lines=(("Moon burger", 9_800), ("Lemonade", 2_500)), **more
):
    """An order of theirs, delivered for 3,000 won."""
    source, _ = Source.objects.get_or_create(name="Till", defaults={"kind": "file", "created_at": NOON})
    amount = sum(price for _name, price in lines) + 3_000
    values = {
        "currency": "KRW", "amount": amount, "own_currency": "KRW", "own_amount": amount, "shipping": 3_000,
        "recorded_at": NOON, "ordered_at": NOON - timedelta(hours=hours_ago), **more,
    }  # fmt: skip
    made = Order.objects.create(source=source, key=number, number=number, customer=customer, **values)
    for name, price in lines:
        OrderLine.objects.create(
            order=made, name=name, quantity_thousandths=1000, unit_price_e4=price * 10_000, amount=price
        )
    return made


def press(client, talk, key=None, **headers):
    """The button, with what the page says now or said before."""
    key = key or key_on(client, talk)
    return client.post(reverse("suggested_giving", args=[talk.pk]), {"key": key}, headers=headers)


def key_on(client, talk) -> str:
    page = client.get(reverse("conversation", args=[talk.pk])).content.decode()
    return page.partition('id="suggested"')[2].partition('name="key" value="')[2].partition('"')[0]


def test_one_press_gives_what_the_words_the_cause_and_the_order_say(client, hana, complain):
    talk = complain()
    made = order(talk.customer)
    client.force_login(hana)
    page = see(client, "conversation", talk.pk)
    assert (
        "Make Moon burger of order 2041 again ₩9,800 Within the ₩10,000 that you may give without asking. "
        "Booked as “made again” at the price that was paid. Cause: Cold or poor quality. Give it Other…"
    ) in page
    assert not Wish.objects.exists(), "looking gives nothing"
    key = key_on(client, talk)
    response = press(client, talk, key)
    assert response["Location"] == reverse("conversation", args=[talk.pk]) + "#who"
    entry, wish = Entry.objects.get(), Wish.objects.get()
    assert (entry.booked, entry.kind, entry.order, entry.cause.name, entry.conversation_id, entry.staff) == (
        9_800, "redo", made, "Cold or poor quality", talk.pk, hana,
    )  # fmt: skip
    assert (wish.state, wish.what) == ("given", "Moon burger")
    page = see(client, "conversation", talk.pk)
    assert "Moon burger · ₩9,800 given · Cold or poor quality" in page
    assert "Give it" not in page


def test_pressed_again_also_by_somebody_else_it_is_given_once(client, hana, tom, complain):
    talk = complain()
    order(talk.customer)
    client.force_login(hana)
    key = key_on(client, talk)
    client.force_login(tom)
    assert key_on(client, talk) == key
    for person in (hana, tom, hana):
        client.force_login(person)
        assert press(client, talk, key).status_code == 303
    assert (Wish.objects.count(), Entry.objects.count()) == (1, 1)


def test_pressed_in_two_conversations_about_one_order_it_is_given_once(client, hana, tom, complain):
    one, other = complain(), complain(subject="Again: my dinner")
    order(one.customer)
    assert one != other
    client.force_login(hana)
    keys = key_on(client, one), key_on(client, other)
    assert press(client, one, keys[0]).status_code == 303
    client.force_login(tom)
    assert press(client, other, keys[1]).status_code == 422
    assert (Wish.objects.count(), Entry.objects.count()) == (1, 1)


def test_it_is_for_the_order_that_was_complained_of_and_not_for_one_that_came_after(client, hana, receive):
    cold = mail(subject="My dinner", text=COLD, message_id="cold@example.com")
    talk = receive(cold, at=NOON - timedelta(days=7)).conversation
    order(talk.customer, hours_ago=24 * 7 + 2)
    order(talk.customer, "2077", hours_ago=2)
    thanks = mail(
        subject="Re: My dinner",
        text="Thank you.",
        message_id="t@x.com",
        headers={"In-Reply-To": "<cold@example.com>"},
    )
    assert receive(thanks, at=NOON - timedelta(hours=1)).conversation == talk
    client.force_login(hana)
    page = see(client, "conversation", talk.pk)
    assert "of order 2041 again" in page
    assert "of order 2077 again" not in page


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The lemonade was fine, but the burger was cold.", "Make Moon burger of order 2041 again"),
        ("The moon burger was delicious. All else was cold.", ""),  # what "all else" is, no word says
    ],
)
def test_what_they_say_was_fine_is_not_made_again(client, hana, complain, text, found):
    talk = complain(text)
    order(talk.customer)
    client.force_login(hana)
    page = client.get(reverse("conversation", args=[talk.pk])).content.decode()
    assert ('id="suggested"' in page) == bool(found)
    assert found in words_of(page)


DINNER = ("Moon burger", "Fries", "Cola")
저녁 = ("달버거", "감자튀김", "콜라")


@pytest.mark.parametrize(
    ("bought", "subject", "text"),
    [
        (DINNER, "", "The food arrived cold. We drank the cola. Replacing the burger is fine with me."),
        (DINNER, "Cold delivery", "The burger was barely warm. We only drank the cola."),
        (DINNER, "", "Everything came cold. Yesterday the burger was great. We only drank the cola."),
        (저녁, "", "음식이 다 식어서 왔어요. 콜라는 그냥 마셨어요. 달버거만 다시 보내 주시면 괜찮아요."),
        (저녁, "식어서 왔어요", "달버거가 따뜻했으면 좋았을 텐데요. 콜라는 마셨습니다."),
        (저녁, "", "어제는 달버거가 맛있었는데 오늘은 다 식었네요. 콜라는 마셨어요."),
        (저녁, "", "사진에는 달버거가 완벽해 보였어요. 실제로는 다 식었고 콜라만 마셨어요."),
    ],
)
def test_what_they_only_mention_is_not_given_for_what_was_spoilt(
    client, hana, complain, bought, subject, text
):
    Business.objects.update(language="en" if bought == DINNER else "ko")
    plain = complain("It was cold." if bought == DINNER else "식었어요.", "Plain words")
    talk = complain(text, subject)
    order(talk.customer, lines=[(name, 5_000) for name in bought])
    client.force_login(hana)
    assert key_on(client, plain), "for the cause and the order alone something is suggested"
    assert not key_on(client, talk)


def test_what_a_thing_is_called_is_no_praise(client, hana, complain):
    talk = complain("My Perfect Day mug is in two pieces. The plates I have not unpacked.", "Broken")
    order(talk.customer, lines=[("Perfect Day mug", 5_000), ("Plates", 4_000)])
    client.force_login(hana)
    assert "Make order 2041 again" in see(client, "conversation", talk.pk)


def test_for_one_that_is_named_and_cancelled_nothing_is_suggested(client, hana, complain):
    talk = complain("Order 2041 was cold. The burger, I mean.")
    order(talk.customer, hours_ago=30, cancelled_at=NOON - timedelta(hours=29))
    order(talk.customer, "2077")
    client.force_login(hana)
    assert "Give it" not in see(client, "conversation", talk.pk)


def test_what_has_changed_is_said_in_the_language_of_who_presses(client, hana, complain):
    talk = complain()
    hana.language = "ko"
    hana.save()
    client.force_login(hana)
    said = press(client, talk, "6f0f8c7e-4a0e-4d43-9b5e-0d5d9c1f2b78")
    assert said.status_code == 422
    assert "Something has changed" not in said.content.decode()


def test_a_slip_is_undone_and_then_it_can_be_given_again(client, hana, tom, complain, monkeypatch):
    talk = complain()
    order(talk.customer)
    client.force_login(hana)
    first = key_on(client, talk)
    press(client, talk, first)
    undo = reverse("wish_withdrawal", args=[Wish.objects.get().pk])
    client.force_login(tom)
    assert undo not in client.get(reverse("conversation", args=[talk.pk])).content.decode()
    client.force_login(hana)
    assert undo in client.get(reverse("conversation", args=[talk.pk])).content.decode()
    client.post(undo)
    assert sum(Entry.objects.values_list("booked", flat=True)) == 0
    assert press(client, talk, first).status_code == 303
    assert Wish.objects.get().state == "withdrawn", "an old page gives nothing again"
    assert "Give it" in see(client, "conversation", talk.pk)
    press(client, talk)
    assert sorted(Wish.objects.values_list("state", flat=True)) == ["given", "withdrawn"]
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=11))
    assert 'id="suggested"' not in client.get(reverse("conversation", args=[talk.pk])).content.decode()
    assert "Undo" not in see(client, "conversation", talk.pk)


def test_above_the_limit_the_press_asks(client, hana, dongsuk, complain):
    talk = complain("All of it came cold.")
    order(talk.customer)
    client.force_login(hana)
    page = see(client, "conversation", talk.pk)
    assert "Make order 2041 again ₩12,300 Above your limit: somebody who may is asked first." in page
    assert "Ask for it" in page
    press(client, talk)
    assert Wish.objects.get().state == "asked"
    assert not Entry.objects.exists()
    assert "Hana asks to give: made again · ₩12,300" in see(client, "conversation", talk.pk)
    client.force_login(dongsuk)
    assert "Yes, give it" in see(client, "conversation", talk.pk)
    assert "Ask for it" not in see(client, "conversation", talk.pk)


def test_what_is_paid_back_and_for_which_order(client, dongsuk, complain):
    talk = complain("Order 1873 arrived two hours late.")
    order(talk.customer, "1873", hours_ago=24 * 40)
    order(talk.customer, "2041")
    client.force_login(dongsuk)
    page = see(client, "conversation", talk.pk)
    assert "Pay back the shipping of order 1873 ₩3,000 Booked as “shipping”. Cause: Late." in page
    Cause.objects.filter(name="Late").update(remedy="refund")
    assert "Refund order 1873 ₩15,300 Booked as “refund”. Cause: Late." in see(
        client, "conversation", talk.pk
    )
    form = client.get(reverse("giving", args=[talk.pk]), {"kind": "refund", "amount": "15300", "order": "1"})
    assert form.status_code in {200, 404}


def refunded(made) -> None:
    Refund.objects.create(
        source=made.source, key="r1", number="r1", customer=made.customer, currency="KRW", amount=500, order=made,
        own_currency="KRW", own_amount=500, recorded_at=NOON, refunded_at=NOON,
    )  # fmt: skip


@pytest.mark.parametrize(
    "why_not",
    [
        pytest.param(lambda made, talk, hana: made.delete(), id="there is no order"),
        pytest.param(lambda made, talk, hana: Order.objects.update(cancelled_at=NOON), id="it is cancelled"),
        pytest.param(lambda made, talk, hana: Order.objects.update(ordered_at=NOON), id="it came afterwards"),
        pytest.param(
            lambda made, talk, hana: Order.objects.update(ordered_at=NOON - timedelta(days=31)), id="long ago"
        ),
        pytest.param(
            lambda made, talk, hana: Order.objects.update(own_amount=None), id="its rate is unknown"
        ),
        pytest.param(lambda made, talk, hana: Order.objects.update(own_currency="USD"), id="in other money"),
        pytest.param(lambda made, talk, hana: refunded(made), id="the shop paid it back"),
        pytest.param(lambda made, talk, hana: Cause.objects.update(remedy=""), id="nobody says what helps"),
        pytest.param(lambda made, talk, hana: Cause.objects.update(words=""), id="no cause is spoken of"),
        pytest.param(lambda made, talk, hana: Cause.objects.update(retired_at=NOON), id="no cause is used"),
        pytest.param(
            lambda made, talk, hana: close_conversation(actor=hana, conversation=talk, at=NOON),
            id="it is done",
        ),
    ],
)
def test_where_nothing_can_be_said_nothing_is_suggested_and_nothing_given(client, hana, complain, why_not):
    talk = complain()
    made = order(talk.customer)
    client.force_login(hana)
    key = key_on(client, talk)
    why_not(made, talk, hana)
    page = client.get(reverse("conversation", args=[talk.pk])).content.decode()
    assert 'id="suggested"' not in page
    assert reverse("giving", args=[talk.pk]) in page
    response = press(client, talk, key)
    assert response.status_code == 422
    assert "no longer suggested" in response.content.decode()
    assert not Wish.objects.exists()


def test_a_page_that_showed_another_amount_gives_nothing(client, hana, complain):
    talk = complain()
    order(talk.customer)
    client.force_login(hana)
    key = key_on(client, talk)
    OrderLine.objects.filter(name="Moon burger").update(amount=9_000)
    assert press(client, talk, key).status_code == 422
    assert not Wish.objects.exists()
    assert press(client, talk).status_code == 303
    assert Entry.objects.get().booked == 9_000


def test_what_was_refused_or_is_asked_for_the_order_elsewhere_is_not_suggested_again(client, hana, complain):
    talk = complain()
    order(talk.customer)
    client.force_login(hana)
    no = {"kind": "redo", "amount": "9,800", "no": "1", "for_order": str(Order.objects.get().pk)}
    client.post(reverse("customer_giving", args=[talk.customer_id]), no)
    assert Wish.objects.get().state == "refused"
    assert "Give it" not in see(client, "conversation", talk.pk)


def test_the_part_of_the_page_comes_back_with_the_focus_on_what_is_next(client, hana, complain):
    talk = complain()
    order(talk.customer)
    client.force_login(hana)
    htmx = {"hx-request": "true", "hx-target": "owed"}
    answer = press(client, talk, **htmx)
    part = client.get(answer["Location"], headers=htmx).content.decode()
    assert 'id="owed"' in part
    assert 'id="talk"' not in part
    assert "<html" not in part
    assert 'aria-label="Undo: Moon burger · ₩9,800" autofocus' in part
    client.post(reverse("wish_withdrawal", args=[Wish.objects.get().pk]), headers=htmx)
    again = client.get(answer["Location"], headers=htmx).content.decode()
    assert 'aria-label="Give it: Make Moon burger of order 2041 again · ₩9,800" autofocus' in again
    assert "Taken back." not in see(client, "today"), "what the part has shown is not said again"
    stale = client.post(reverse("suggested_giving", args=[talk.pk]), {"key": "x"}, headers=htmx)
    assert (stale.status_code, stale["HX-Retarget"]) == (422, "#toasts")


def test_other_opens_the_form_with_what_is_suggested(client, hana, complain):
    talk = complain("Order 1873 was cold")
    made = order(talk.customer, "1873", lines=(("Soup", 7_000),))
    order(talk.customer, "2041", hours_ago=1)
    client.force_login(hana)
    page = client.get(reverse("conversation", args=[talk.pk])).content.decode()
    link = page.partition('id="suggested"')[2].partition('button quiet" href="')[2].partition('"')[0]
    form = client.get(link.replace("&amp;", "&")).content.decode()
    assert f'name="for_order" value="{made.pk}"' in form
    assert 'name="amount" value="7000"' in form
    assert 'value="redo" selected' in form
    assert "Order 1873 cost ₩10,000." in words_of(form)


def test_it_costs_a_fixed_number_of_queries_and_none_without_an_order(
    client, hana, complain, django_assert_max_num_queries
):
    talk = complain()
    client.force_login(hana)
    for number in range(4):
        order(talk.customer, f"20{number}0", hours_ago=2 + number)
    client.get(reverse("conversation", args=[talk.pk]))  # makes the first causes
    with django_assert_max_num_queries(40):
        client.get(reverse("conversation", args=[talk.pk]))
    Order.objects.all().delete()
    with django_assert_max_num_queries(22):
        client.get(reverse("conversation", args=[talk.pk]))


def test_it_is_as_clear_in_korean(client, tom, receive):
    Business.objects.update(language="ko")
    tom.language = "ko"
    tom.save()
    talk = receive(mail(text="달버거가 다 식어서 왔어요"), at=NOON - timedelta(minutes=41)).conversation
    order(talk.customer, lines=(("달버거", 9_800), ("유자차", 2_500), ("치즈 버거", 9_000)))
    client.force_login(tom)
    page = see(client, "conversation", talk.pk)
    assert "식었거나 품질이 나쁨" in page
    assert "주문 2041의 달버거 다시 만들어 드리기 9,800원 묻지 않고 드릴 수 있는 10,000원 안입니다." in page
    for word in ("Give", "Within", "Booked", "Cause"):
        assert word not in page
