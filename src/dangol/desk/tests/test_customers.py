import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dangol.customers.commands.merging import merge_customers, undo_merge
from dangol.customers.commands.profiles import add_customer
from dangol.customers.models import Consent, Customer, CustomerNote, Identity, Merge
from dangol.desk.customer_list import customer_page
from dangol.desk.likeness import suggestions
from dangol.desk.tests.reading import see, words_of
from dangol.inbox.commands.conversations import add_note
from dangol.inbox.commands.splitting import split_identity
from dangol.inbox.models import Conversation
from dangol.kernel import clock
from dangol.kernel.models import Event
from dangol.orders.commands import source_named, take_orders
from dangol.orders.models import Order, Refund, Source
from dangol.orders.tests.shop import order as shop_order
from dangol.orders.tests.shop import refund as shop_refund
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


def press(client, page_name, *args, **data) -> str:
    """The words of the page that the form leads to."""
    response = client.post(reverse(page_name, args=args), data, follow=True)
    assert response.status_code == 200, response
    return words_of(response.content.decode())


@pytest.mark.parametrize("shown", ["010-1234-4471", "01012344471", "+82 10 1234 4471"])
def test_a_number_is_found_however_it_is_written_and_searched(staff_client, hana, moon_burger, shown):
    addresses = [("email", "james@example.com"), ("phone", shown)]
    add_customer(actor=hana, name="James", addresses=addresses, at=NOON)
    queries = (
        "010-1234-4471",
        "01012344471",
        "010 1234 44",
        "+82 10-1234-4471",
        "10-1234-4471",
        "1012344471",
    )
    for query in queries:
        for page_name in ("customers", "search"):
            words = see(staff_client, page_name, q=query)
            assert f"James{shown}".replace(" ", "") in words.replace(" ", ""), (query, page_name)
    assert "James" not in see(staff_client, "customers", q="010-1234-4472")


def test_looking_for_a_number_costs_the_same_queries_however_many_have_it(staff_client, hana, moon_burger):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert "010-1234-447" in see(staff_client, "customers", q="0101234447")
        return len(asked)

    add_customer(actor=hana, name="James", addresses=[("phone", "010-1234-4471")], at=NOON)
    queries()
    of_one = queries()
    for number in range(2, 6):
        add_customer(actor=hana, name=f"J{number}", addresses=[("phone", f"010-1234-447{number}")], at=NOON)
    assert queries() == of_one


def order(customer, email="", phone="") -> Order:
    source, _new = Source.objects.get_or_create(name="File", kind="file", created_at=NOON)
    number = str(Order.objects.count())
    return Order.objects.create(
        source=source,
        key=number,
        number=number,
        customer=customer,
        currency="KRW",
        own_currency="KRW",
        amount=1,
        ordered_at=NOON,
        recorded_at=NOON,
        contact_email=email,
        contact_phone=phone,
    )


def names_listed(client, url) -> list[str]:
    """The names on all pages of the list."""
    names: list[str] = []
    while url:
        page = client.get(url).content.decode().partition('id="found"')[2]
        names += re.findall(r"<b(?: [^>]*)?>(.*?)</b>", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    return names


def test_an_empty_list_says_what_to_do(staff_client):
    words = see(staff_client, "customers")
    assert "No customers yet Whoever writes to you appears here by themselves." in words


def test_with_whom_we_talked_last_comes_first_and_nobody_comes_twice(
    staff_client, receive, hana, monkeypatch
):
    monkeypatch.setattr("dangol.desk.customer_list.customer_page.__kwdefaults__", {"after": "", "size": 2})
    for days, sender in ((3, SORA), (2, JAMES), (1, JIHOON), (0, SORA)):
        receive(mail(sender, f"Matter {days}"), at=NOON - timedelta(days=days))
    for name in ("Old", "New"):
        add_customer(actor=hana, name=name, at=NOON)
    everybody = ["Sora Kim", "박지훈", "James Lee", "New", "Old"]
    assert names_listed(staff_client, reverse("customers")) == everybody
    sora, james = Customer.objects.get(name="Sora Kim"), Customer.objects.get(name="James Lee")
    new, old = Customer.objects.get(name="New"), Customer.objects.get(name="Old")
    merge_customers(actor=hana, kept=james, gone=sora, take=[], at=NOON)
    merge_customers(actor=hana, kept=new, gone=old, take=[], at=NOON)
    assert names_listed(staff_client, reverse("customers")) == ["James Lee", "박지훈", "New"]


def test_the_list_costs_the_same_however_long_it_is(
    staff_client, receive, hana, django_assert_max_num_queries
):
    for number in range(30):
        receive(mail(f"Guest {number} <guest{number}@example.com>", f"{number}"))
        add_customer(actor=hana, name=f"Silent {number}", at=NOON)
    guests = list(Customer.objects.filter(name__startswith="Guest")[:4])
    merge_customers(actor=hana, kept=guests[0], gone=guests[1], take=[], at=NOON)
    merge_customers(actor=hana, kept=guests[2], gone=guests[3], take=[], at=NOON)
    with django_assert_max_num_queries(15):
        see(staff_client, "customers")


def test_people_are_searched_by_name_company_and_number(staff_client, hana):
    add_customer(actor=hana, name="Sora Kim", company="Blue Kitchen", at=NOON)
    add_customer(actor=hana, name="James", addresses=[("phone", "010-1234-4471")], at=NOON)
    assert names_listed(staff_client, f"{reverse('customers')}?q=kitchen") == ["Sora Kim"]
    assert names_listed(staff_client, f"{reverse('customers')}?q=010-1234-4471") == ["James"]
    assert "Nobody has “pigeon” in the name" in see(staff_client, "customers", q="pigeon")


def test_somebody_new_is_written_down_and_known_addresses_lead_to_whose_they_are(staff_client, receive):
    sora = receive(mail()).conversation.customer
    response = staff_client.post(reverse("new_customer"), {"name": "S", "email": "sora@example.com"})
    assert response.status_code == 422
    assert f'href="/customers/{sora.pk}/"' in response.content.decode()
    assert Customer.objects.count() == 1
    words = press(staff_client, "new_customer", name="지우", phone="010 5555 1234", language="ko")
    assert "지우" in words
    assert "Phone 010 5555 1234 typed in" in words
    assert staff_client.post(reverse("new_customer"), {}).status_code == 422


def test_a_profile_is_changed_and_what_cannot_be_is_said_beside_it(staff_client, receive):
    sora = receive(mail()).conversation.customer
    page = staff_client.get(reverse("customer_profile", args=[sora.pk])).content.decode()
    assert 'value="Sora Kim"' in page
    wrong = {"name": "Sora", "birth_day": "30", "birth_month": "2"}
    response = staff_client.post(reverse("customer_profile", args=[sora.pk]), wrong)
    assert response.status_code == 422
    assert "Nobody is born on that day." in response.content.decode()
    words = press(
        staff_client, "customer_profile", sora.pk,
        name="소라", birth_day="29", birth_month="2", birth_year="1992", language="ko", country="KR",
        preferred_channel="phone", time_zone="Asia/Seoul", company="Moon",
    )  # fmt: skip
    assert "소라 With you since November 2026 · writes Korean · prefers Phone · birthday 29 February" in words
    assert "소라 님 Born 1992 · 34 years old · Millennial Company Moon" in words


def test_notes_tags_addresses_and_consents_are_kept_from_the_page(staff_client, receive):
    sora = receive(mail()).conversation.customer
    assert "Window seat Hana" in press(staff_client, "customer_notes", sora.pk, text="Window seat")
    note = CustomerNote.objects.get()
    assert (
        "Note taken away: Window seat"
        in staff_client.post(
            reverse("customer_note_removal", args=[sora.pk, note.pk]), follow=True
        ).content.decode()
    )
    assert "nuts office" in press(staff_client, "customer_tags", sora.pk, tags="office, nuts,,")
    words = press(staff_client, "customer_identities", sora.pk, kind="phone", address="010-1234-4471")
    assert "Phone 010-1234-4471 typed in" in words
    phone = Identity.objects.get(kind="phone")
    words = press(staff_client, "customer_identity_removal", sora.pk, phone.pk)
    assert "Phone 010-1234-4471" not in words
    words = press(
        staff_client, "customer_consents", sora.pk,
        channel="email", purpose="news", is_given="yes", source="on the phone", wording="News once a month",
    )  # fmt: skip
    assert "E-mail: news and offers yes, since" in words
    assert Consent.objects.get().wording == "News once a month"
    assert staff_client.post(reverse("customer_notes", args=[sora.pk]), {"text": ""}).status_code == 422


def test_a_note_that_was_taken_away_is_put_back_as_it_was(staff_client, receive, tom):
    sora, james = (receive(mail(sender)).conversation.customer for sender in (SORA, JAMES))
    long_ago = NOON - timedelta(days=40)
    CustomerNote.objects.create(customer=sora, text="<b>Window</b> seat", by=tom, at=long_ago)
    url = reverse("customer_note_removal", args=[sora.pk, CustomerNote.objects.get().pk])
    page = staff_client.post(url, follow=True).content.decode()
    assert not CustomerNote.objects.exists()
    assert "Note taken away: &lt;b&gt;Window" in page
    back = reverse("customer_note_return", args=[sora.pk])
    assert f'action="{back}"' in page
    (sealed,) = re.findall(r'name="note" value="([^"]+)"', page)
    for _time in range(2):
        assert "Window" in press(staff_client, "customer_note_return", sora.pk, note=sealed)
    note = CustomerNote.objects.get()
    assert (note.text, note.by, note.at) == ("<b>Window</b> seat", tom, long_ago)
    for wrong in (f"{sealed}x", ""):
        assert staff_client.post(back, {"note": wrong}).status_code == 404
    assert (
        staff_client.post(reverse("customer_note_return", args=[james.pk]), {"note": sealed}).status_code
        == 404
    )


def test_nobody_touches_the_notes_and_addresses_of_somebody_else(staff_client, receive, hana):
    sora, james = (receive(mail(sender)).conversation.customer for sender in (SORA, JAMES))
    note = CustomerNote.objects.create(customer=james, text="x", at=NOON)
    for name, pk in (
        ("customer_note_removal", note.pk),
        ("customer_identity_removal", james.identities.get().pk),
        ("customer_identity_split", james.identities.get().pk),
    ):
        assert staff_client.post(reverse(name, args=[sora.pk, pk])).status_code == 404
    assert CustomerNote.objects.exists()


def test_who_is_alike_is_suggested_with_the_reasons_until_somebody_says_they_are_two(
    staff_client, receive, hana
):
    sora = receive(mail()).conversation.customer
    twin = add_customer(actor=hana, name="KIM Sora", addresses=[("phone", "010-1234-4471")], at=NOON)
    buyer = add_customer(actor=hana, name="Guest 7", at=NOON)
    caller = add_customer(actor=hana, name="Anybody", at=NOON)
    add_customer(actor=hana, name="James", at=NOON)
    order(buyer, email="sora@example.com")
    order(sora, phone="+82 10-1234-4471")
    order(caller, email="other@example.com")
    assert [(each.id, each.reasons) for each in suggestions(sora)] == [
        (twin.pk, ("the same phone number", "the same name")),
        (buyer.pk, ("the e-mail address of an order",)),
    ]
    assert "Might be the same as KIM Sora the same phone number, the same name" in words_of(
        staff_client.get(
            reverse("customer_likeness", args=[sora.pk]), headers={"HX-Request": "true"}
        ).content.decode()
    )
    press(staff_client, "customer_difference", sora.pk, twin.pk)
    assert [each.id for each in suggestions(sora)] == [buyer.pk]
    assert sora.pk not in {each.id for each in suggestions(twin)}


def test_suggestions_cost_the_same_however_many_there_are(receive, hana, django_assert_max_num_queries):
    sora = receive(mail()).conversation.customer
    for number in range(30):
        add_customer(actor=hana, name="Sora Kim", addresses=[("phone", f"010-1234-{number:04}")], at=NOON)
    with django_assert_max_num_queries(16):
        assert len(suggestions(sora)) == 5


def test_two_are_made_one_side_by_side_and_two_again(staff_client, receive, hana):
    sora, james = (receive(mail(sender)).conversation.customer for sender in (SORA, JAMES))
    Customer.objects.filter(pk=james.pk).update(company="Moon", language="en")
    words = see(staff_client, "customer_merging", sora.pk, james.pk)
    assert "Company not known Moon" in words
    press(staff_client, "customer_merging", sora.pk, james.pk, name="mine", company="other")
    merge = Merge.objects.get()
    words = see(staff_client, "customer", sora.pk)
    assert "2 conversations" in words
    assert "Company Moon" in words
    assert "Two customers became one: James Lee by Hana" in words
    assert f'href="/merges/{merge.pk}/"' in staff_client.get(f"/customers/{sora.pk}/").content.decode()
    assert staff_client.get(f"/customers/{james.pk}/")["Location"] == f"/customers/{sora.pk}/"
    talk = Conversation.objects.get(customer=james)
    assert "James Lee" not in see(staff_client, "inbox"), "the list names whom they became"
    assert "Sora Kim 2 conversations" in see(staff_client, "conversation", talk.pk)
    press(staff_client, "merge_undo", merge.pk)
    assert "1 conversation" in see(staff_client, "customer", james.pk)
    assert "Company Moon" not in see(staff_client, "customer", sora.pk)
    assert "It was undone" in see(staff_client, "merge", merge.pk)


def test_mail_finds_its_place_while_two_are_one_and_after(receive, hana):
    sora, james = (
        receive(mail(sender, message_id=f"{sender[0]}-one@example.org")).conversation
        for sender in (SORA, JAMES)
    )
    merge = merge_customers(actor=hana, kept=sora.customer, gone=james.customer, take=[], at=NOON)
    reply = mail(
        JAMES,
        "Re: Cold burger",
        message_id="reply@example.org",
        headers={"In-Reply-To": "<J-one@example.org>"},
    )
    assert receive(reply).conversation == james
    fresh = receive(mail(JAMES, "Another matter")).conversation
    assert fresh.customer_id == james.customer_id
    undo_merge(actor=hana, merge=merge, at=NOON)
    assert receive(mail(JAMES, "A third")).conversation.customer_id == james.customer_id
    assert Conversation.objects.filter(customer=sora.customer_id).count() == 1


def test_an_address_that_is_split_off_takes_its_conversations_and_their_story(staff_client, receive, hana):
    sora, james = (receive(mail(sender, f"From {sender[0]}")).conversation for sender in (SORA, JAMES))
    add_note(actor=hana, conversation=james, text="x", at=NOON)
    Identity.objects.filter(customer=james.customer_id).update(customer=sora.customer_id)
    Conversation.objects.filter(pk=james.pk).update(customer=sora.customer_id)
    Event.objects.update(customer_id=sora.customer_id)
    james.customer.delete()
    identity = Identity.objects.get(address="james@example.org")
    made = split_identity(actor=hana, identity=identity, at=NOON)
    assert made.name == "James Lee"
    assert list(Conversation.objects.order_by("id").values_list("customer", flat=True)) == [
        sora.customer_id,
        made.pk,
    ]
    words = see(staff_client, "customer", made.pk)
    assert "1 conversation" in words
    assert "Note for the team: From J by Hana" in words
    words = see(staff_client, "customer", sora.customer_id)
    assert "From J" not in words
    assert "An address was split off: it is somebody else’s by Hana" in words
    assert receive(mail(JAMES, "Again")).conversation.customer_id == made.pk


def test_the_only_address_of_a_customer_is_not_split_off(staff_client, receive):
    sora = receive(mail()).conversation.customer
    url = reverse("customer_identity_split", args=[sora.pk, sora.identities.get().pk])
    assert staff_client.post(url).status_code == 422
    assert Customer.objects.count() == 1


def test_what_is_known_of_the_person_stands_beside_a_conversation(staff_client, receive, hana):
    talk = receive(mail()).conversation
    Customer.objects.filter(pk=talk.customer_id).update(preferred_channel="phone")
    CustomerNote.objects.create(customer=talk.customer, text="Call before noon", by=hana, at=NOON)
    talk.customer.tags.create(name="office")
    words = see(staff_client, "conversation", talk.pk)
    assert "prefers Phone office Call before noon" in words


def test_who_was_merged_twice_stands_once_with_all_that_was_ever_talked(staff_client, receive, hana):
    receive(mail(SORA)), receive(mail(JIHOON))
    receive(mail(JAMES, "One")), receive(mail(JAMES, "Two"))
    first = Customer.objects.get(name="James Lee")
    middle, last = (Customer.objects.create(name=name, created_at=NOON) for name in ("Middle", "Last"))
    merge_customers(actor=hana, kept=middle, gone=first, take=[], at=NOON)
    with CaptureQueriesContext(connection) as before:
        see(staff_client, "customers")
    merge_customers(actor=hana, kept=last, gone=middle, take=[], at=NOON)
    assert sorted(names_listed(staff_client, reverse("customers"))) == ["Last", "Sora Kim", "박지훈"]
    line = next(line for line in customer_page().lines if line.name == "Last")
    assert (line.address, line.conversation_count) == ("james@example.org", 2)
    assert re.search(r"Last james@example.org 2 conversations", see(staff_client, "search", q="Last"))
    with CaptureQueriesContext(connection) as after:
        see(staff_client, "customers")
    assert len(after) == len(before)


def test_a_number_that_is_split_off_takes_the_orders_that_it_brought(staff_client, hana):
    shop = source_named("Shop", at=NOON)
    trades = [
        shop_order("1", customer_number="17850", contact_email="other@example.com"),
        shop_order("2", customer_number="17850"),
        shop_order("3", customer_number="17850", contact_email="sora@example.com"),
    ]
    back = [shop_refund("R1", order_key="1", customer_number="17850")]
    take_orders(actor=None, source=shop, orders=trades, refunds=back, at=NOON)
    sora = Customer.objects.get()
    Identity.objects.create(kind="email", address="sora@example.com", customer=sora, created_at=NOON)
    assert "A customer number takes along its orders" in see(staff_client, "customer", sora.pk)
    number = Identity.objects.get(kind="number")
    made = split_identity(actor=hana, identity=number, at=NOON)
    whose = dict(Order.objects.values_list("key", "customer"))
    assert whose == {"1": made.pk, "2": made.pk, "3": sora.pk}, "one that names her address is hers"
    assert Refund.objects.get().customer == made
    placed = Event.objects.filter(name="OrderPlaced").order_by("id")
    assert [event.customer_id for event in placed] == [made.pk, made.pk, sora.pk]
    assert Event.objects.get(name="RefundRecorded").customer_id == made.pk


def test_where_another_number_of_the_same_source_stays_the_orders_stay(hana):
    shop = source_named("Shop", at=NOON)
    take_orders(
        actor=None,
        source=shop,
        orders=[shop_order("1", customer_number="1"), shop_order("2", customer_number="2")],
        at=NOON,
    )
    sora = Customer.objects.earliest("id")
    Identity.objects.update(customer=sora)
    Order.objects.update(customer=sora)
    split_identity(actor=hana, identity=Identity.objects.get(address="shop/2"), at=NOON)
    assert set(Order.objects.values_list("customer", flat=True)) == {sora.pk}
