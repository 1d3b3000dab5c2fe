"""The door of the demo, and what the customers got; and that neither is there outside the demo."""

import re

import pytest
from django.core import signing
from django.urls import NoReverseMatch, reverse

from dangol.channels.models import Delivery, DeliveryRecipient
from dangol.showcase.entrance import entrance_path, person_for
from dangol.showcase.outbox import PAGE
from dangol.staff.models import Staff

# The demo is always on SQLite.
pytestmark = [pytest.mark.django_db, pytest.mark.only_sqlite]


def minji() -> Staff:
    return Staff.objects.get(email="minji@moonburger.example")


@pytest.fixture
def signed_in(client, shop, demo):
    client.force_login(minji())
    return client


def test_the_link_signs_in_and_leads_to_today(client, shop, demo):
    answer = client.get(entrance_path(minji()))
    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert "no-store" in answer["Cache-Control"]
    assert client.session["_auth_user_id"] == str(minji().pk)
    assert client.get(reverse("showcase_outbox")).status_code == 200


def test_the_link_works_again_in_another_browser(client, shop, demo):
    client.get(entrance_path(minji()))
    client.logout()
    assert client.get(entrance_path(minji())).status_code == 303


def test_a_changed_link_is_not_found(client, shop, demo):
    path = entrance_path(minji())
    hana = Staff.objects.get(name="Hana")
    for wrong in (
        path[:-2] + ("A/" if path[-2] != "A" else "B/"),
        path.replace("/1:", f"/{hana.pk}:"),
        path.replace("/1:", "/"),
    ):
        assert client.get(wrong).status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_link_signed_for_something_else_opens_nothing(client, shop, demo):
    assert person_for(signing.Signer(salt="another").sign("1")) is None


def test_who_has_left_comes_in_no_more(client, shop, demo):
    path = entrance_path(minji())
    Staff.objects.update(is_active=False)
    assert client.get(path).status_code == 404


def test_outside_the_demo_there_is_no_door(client, shop, demo, settings):
    path = entrance_path(minji())
    settings.DANGOL_DEMO = False
    assert client.get(path).status_code == 404  # even if the address were there
    settings.ROOT_URLCONF = "dangol.urls"
    assert client.get(path).status_code == 404
    assert "_auth_user_id" not in client.session
    for name in ("showcase_entrance", "showcase_outbox", "showcase_mail"):
        with pytest.raises(NoReverseMatch):
            reverse(name, args=["1"])


def test_outside_the_demo_the_pages_are_not_found(signed_in, settings):
    settings.DANGOL_DEMO = False
    for name, arguments in (
        ("showcase_outbox", []),
        ("showcase_mail", [1]),
        ("showcase_mail_html", [1]),
        ("showcase_mail_raw", [1]),
        ("showcase_message", [2]),
    ):
        assert signed_in.get(reverse(name, args=arguments)).status_code == 404


def test_a_stranger_sees_no_mail(client, shop, demo):
    for name, arguments in (("showcase_outbox", []), ("showcase_mail", [1]), ("showcase_mail_raw", [1])):
        answer = client.get(reverse(name, args=arguments))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")


def test_the_list_shows_what_would_have_left_newest_first(signed_in):
    page = signed_in.get(reverse("showcase_outbox")).content.decode()
    assert page.index("Re: Cold burger") < page.index("Re: 포인트 문의")
    assert "sora.kim@mail.example" in page


def test_what_was_taken_back_is_not_shown(signed_in):
    Delivery.objects.filter(pk=2).update(state="undone")
    assert "Cold burger" not in signed_in.get(reverse("showcase_outbox")).content.decode()


def test_a_mail_that_came_back_says_so(signed_in):
    DeliveryRecipient.objects.filter(delivery=2).update(state="bounced")
    assert "came back" in signed_in.get(reverse("showcase_outbox")).content.decode()


def test_the_list_goes_on_behind_its_last_mail(signed_in, django_assert_max_num_queries):
    first = Delivery.objects.get(pk=1)
    for number in range(PAGE + 3):
        Delivery.objects.create(
            channel=first.channel,
            kind=first.kind,
            message_id=f"{number}@moonburger.example",
            envelope_from=first.envelope_from,
            state="sent",
            created_at=first.created_at,
            due_at=first.due_at,
            sent_at=first.sent_at,
            **Delivery.fields_for(f"Subject: number {number}\r\n\r\n".encode()),
        )
    with django_assert_max_num_queries(12):
        page = signed_in.get(reverse("showcase_outbox")).content.decode()
    more = re.search(r'href="([^"]+before=\d+)"', page)[1]
    rest = signed_in.get(more).content.decode()
    shown = re.findall(r"<b>(Re: Cold burger|number \d+)</b>", page + rest)
    assert shown == [f"number {number}" for number in range(PAGE + 2, -1, -1)] + ["Re: Cold burger"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²", ""])
def test_a_nonsense_place_is_the_beginning(signed_in, before):
    assert signed_in.get(reverse("showcase_outbox"), {"before": before}).status_code == 200


def test_htmx_gets_the_list_alone(signed_in):
    part = signed_in.get(reverse("showcase_outbox"), headers={"HX-Request": "true"}).content.decode()
    assert "Re: Cold burger" in part
    assert "<html" not in part


def test_one_mail_is_shown_as_the_customers_program_shows_it(signed_in):
    page = signed_in.get(reverse("showcase_mail", args=[2])).content.decode()
    assert "Moon Burger &lt;hello@moonburger.example&gt;" in page
    assert "Sora Kim &lt;sora.kim@mail.example&gt;" in page
    assert re.search(r'<iframe src="/showcase/outbox/2/html/" sandbox=""', page)
    assert "a new one is on its way." in page
    assert "It was &lt;b&gt;cold&lt;/b&gt;." in page  # quoted, as text


def test_its_html_runs_nothing(signed_in):
    answer = signed_in.get(reverse("showcase_mail_html", args=[1]))
    assert "<strong>됩니다</strong>" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "sandbox" in policy


def test_its_bytes_are_those_of_the_delivery(signed_in):
    answer = signed_in.get(reverse("showcase_mail_raw", args=[2]))
    assert answer.content == Delivery.objects.get(pk=2).content
    assert answer["Content-Type"].startswith("text/plain")


def test_a_reply_leads_to_its_mail_and_the_mail_back_to_it(signed_in):
    reply = Delivery.objects.get(pk=2).message
    page = signed_in.get(reverse("conversation", args=[reply.conversation_id])).content.decode()
    link = reverse("showcase_message", args=[reply.pk])
    assert link in page
    assert signed_in.get(link)["Location"] == reverse("showcase_mail", args=[2])
    back = reverse("conversation", args=[reply.conversation_id])
    assert f'{back}#message-{reply.pk}"' in signed_in.get(reverse("showcase_mail", args=[2])).content.decode()


def test_what_is_not_there_is_not_found(signed_in):
    assert signed_in.get(reverse("showcase_mail", args=[99])).status_code == 404
    assert signed_in.get(reverse("showcase_message", args=[1])).status_code == 404  # a customer's own message


def test_the_menu_has_the_page_in_the_demo(signed_in):
    assert reverse("showcase_outbox") in signed_in.get(reverse("inbox")).content.decode()


def test_the_menu_does_not_have_it_elsewhere(client, shop):
    client.force_login(minji())
    page = client.get(reverse("inbox")).content.decode()
    assert "showcase" not in page
    conversation = Delivery.objects.get(pk=2).message.conversation_id
    assert "showcase" not in client.get(reverse("conversation", args=[conversation])).content.decode()
