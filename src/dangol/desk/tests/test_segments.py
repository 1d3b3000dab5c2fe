import csv
import io
import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from dangol.customers.commands.introductions import say_who_brought
from dangol.customers.models import Customer, Segment, Tag
from dangol.desk import segments
from dangol.desk.tests.reading import see, words_of
from dangol.kernel import clock
from dangol.kernel.models import AuditEntry
from dangol.segments import words
from dangol.segments.commands import Playbook, make_segment, put_on_list
from dangol.segments.rules import All, AnyOf, Flag, Not, Number, OneOf, read_rule
from dangol.segments.tests.people import order, sell, settle, somebody
from tests.parts.cast import NOON, SORA, mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, request):
    """It is Wednesday noon in Seoul."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")


@pytest.fixture
def owner(client, minji):
    client.force_login(minji)
    return client


def fields_of(page: str) -> dict[str, list[str]]:
    """What a browser would send of the form: every field with its value, ticked and chosen ones."""
    form = page.partition('<form class="stack loose"')[2]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(value[1] if value else "")
    for name, inside in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inside)
        first = re.search(r'<option value="([^"]*)"', inside)
        found[name] = [(chosen or first)[1]]
    for name, inside in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = [inside.strip()]
    return found


def press(client, url: str, page: str, act: str, **filled) -> str:
    """Fill fields of the page's form in (`r__0__value` is r.0.value), press a button, and return what comes."""
    sent = fields_of(page) | {name.replace("__", "."): value for name, value in filled.items()}
    answer = client.post(url, sent | {"act": act}, follow=True)
    return answer.content.decode()


def test_a_rule_is_put_together_counted_and_kept_without_javascript(owner):
    sell(order("A", "1"), order("A", "2"), order("B", "3"))
    somebody("James", birth_year=2000, company="Moon")
    settle()
    url = reverse("new_segment")
    page = owner.get(url).content.decode()

    page = press(owner, url, page, "add:r", r__new="orders")
    page = press(owner, url, page, "count", r__0__value="2")
    assert "1 customer is in." in words_of(page)
    page = press(owner, url, page, "group:r", r__match="any")
    page = press(owner, url, page, "add:r.1", **{"r__1__new": "generation"})
    page = press(owner, url, page, "add:r.1", **{"r__1__new": "company"})
    page = press(owner, url, page, "drop:r.1.1", name="Mine")
    page = press(owner, url, page, "count", **{"r__1__0__in": ["z", "x"], "r__0__when": "year"})
    assert "2 customers are in." in words_of(page)
    page = press(
        owner, url, page, "save", to_do="Thank them", first_promise_minutes="15", limit_an_act="5000"
    )

    made = Segment.objects.get()
    assert read_rule(made.rule) == AnyOf(
        (Number("orders", "at_least", 2, in_year=True), AnyOf((OneOf("generation", ("x", "z")),)))
    )
    assert (made.name, made.first_promise_minutes, made.limit_an_act) == ("Mine", 15, 5000)
    assert "Number of orders in the last 365 days: at least 2 or Generation:" in words_of(page)
    assert "2 customers" in see(owner, "segments")


def test_the_form_of_a_kept_rule_says_the_same_rule(owner, minji):
    rules = (
        All((Number("spent", "at_least", 30_000), Not(OneOf("language", ("ko",))), Not(Flag("company")))),
        Not(AnyOf((Flag("company"), All((Flag("birth_year_known"), Not(Number("tenure", "at_most", 9))))))),
        OneOf("consent", ("news",)),
    )
    for number, rule in enumerate(rules):
        made = make_segment(actor=minji, name=f"S{number}", rule=rule, at=NOON)
        before = set(made.memberships.values_list("customer_id", flat=True))
        url = reverse("segment_change", args=[made.pk])

        press(owner, url, owner.get(url).content.decode(), "save", tone="plain")

        made.refresh_from_db()
        assert made.tone == "plain"
        assert set(made.memberships.values_list("customer_id", flat=True)) == before
        url_page = owner.get(url).content.decode()
        press(owner, url, url_page, "save")
        kept = made.rule
        made.refresh_from_db()
        assert made.rule == kept


def test_what_is_unclear_is_said_in_one_sentence_and_nothing_is_lost(owner):
    url = reverse("new_segment")
    page = press(owner, url, owner.get(url).content.decode(), "save", name="Empty")
    assert "The rule has no condition yet." in words_of(page)
    page = press(owner, url, page, "add:r", r__new="spent")
    page = press(owner, url, page, "save", r__0__value="a lot", name="Rich")
    assert "A condition lacks its number." in words_of(page)
    assert 'value="a lot"' in page
    assert 'value="Rich"' in page
    assert not Segment.objects.exists()


def test_the_tag_that_is_not_offered_is_found_by_its_name_and_enter_there_saves_nothing(owner, monkeypatch):
    monkeypatch.setattr(words, "MOST_CHOICES", 1)
    Tag.objects.create(name="bakers")
    late = Tag.objects.create(name="wholesale")
    url = reverse("new_segment")
    page = press(owner, url, owner.get(url).content.decode(), "add:r", r__new="tag", name="Wholesale")
    assert "wholesale" not in page.partition('id="rule"')[2]

    page = press(owner, url, page, "save", r__0__find="sale\0")  # Enter: the first button of the form

    assert not Segment.objects.exists()
    assert f'id="r.0.in.{late.pk}"' in page
    press(owner, url, page, "save", **{"r__0__in": [str(late.pk)]})
    assert read_rule(Segment.objects.get().rule) == All((OneOf("tag", (str(late.pk),)),))


def test_whoever_brought_them_is_chosen_by_name(owner, minji, receive):
    receive(mail(SORA))
    sora = Customer.objects.get()
    say_who_brought(actor=minji, customer=somebody("James"), by=sora, at=NOON)
    settle()
    url = reverse("new_segment")
    page = press(owner, url, owner.get(url).content.decode(), "add:r", r__new="brought_by", name="Hers")
    page = press(owner, url, page, "find:r.0", r__0__find="sora")
    page = press(owner, url, page, "count", **{"r__0__in": [str(sora.pk)]})
    assert "1 customer is in." in words_of(page)

    page = press(owner, url, page, "save")

    assert "Brought by: Sora Kim" in words_of(page)
    assert [row.customer.name for row in Segment.objects.get().memberships.all()] == ["James"]


def test_what_no_database_keeps_is_refused_in_one_sentence(owner):
    sent = {"r.match": "all", "r.parts": "1", "r.0.fact": "language", "r.0.in": "k\0", "name": "Korean"}
    for act in ("count", "save"):
        answer = owner.post(reverse("new_segment"), sent | {"act": act})
        assert "This rule cannot be read." in words_of(answer.content.decode())
    assert not Segment.objects.exists()


def test_the_count_alone_is_what_a_browser_asks_for_while_typing(owner):
    sell(order("A", "1"))
    settle()
    sent = {"r.match": "all", "r.parts": "1", "r.0.fact": "orders", "r.0.value": "1"}
    answer = owner.post(reverse("new_segment"), sent, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="count")
    page = answer.content.decode()
    assert page.strip().startswith('<div class="note-box" id="count"')
    assert "1 customer is in." in words_of(page)


def test_a_removed_segment_is_put_back_by_the_button_in_the_message(owner, minji):
    made = make_segment(actor=minji, name="Offices", rule=Flag("company"), at=NOON)
    page = owner.post(reverse("segment_removal", args=[made.pk]), follow=True).content.decode()
    assert "The segment Offices was removed." in page

    undo = re.search(r'action="([^"]+/undo/)"', page)[1]
    page = owner.post(undo, follow=True).content.decode()

    assert "The segment is there again." in page
    assert Segment.objects.get().pk == made.pk


def test_people_are_put_on_a_list_by_address_and_from_their_page_and_taken_off(owner, minji, receive):
    receive(mail(SORA))
    sora = Customer.objects.get()
    vip = make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    url = reverse("segment_members", args=[vip.pk])

    page = owner.post(
        url, {"addresses": "SORA@example.com\nnobody@example.com"}, follow=True
    ).content.decode()

    assert "1 customer was put on the list." in page
    assert "1 address is nobody’s here: nobody@example.com" in page
    assert "VIP" in see(owner, "customer", sora.pk)
    owner.post(reverse("segment_member_removal", args=[vip.pk, sora.pk]), {"from_customer": "1"})
    assert "In no segment." in see(owner, "customer", sora.pk)
    owner.post(url, {"customer": sora.pk})
    assert vip.memberships.get().customer == sora


def test_addresses_are_pasted_as_mail_programs_write_them_and_not_too_many(
    owner, minji, receive, monkeypatch
):
    receive(mail(SORA))
    vip = make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    url = reverse("segment_members", args=[vip.pk])

    pasted = {"addresses": "Sora Kim <SORA@example.com>, nobody@example.com;\n박지훈 <>"}
    page = owner.post(url, pasted, follow=True).content.decode()

    assert "1 customer was put on the list." in page
    assert "1 address is nobody’s here: nobody@example.com" in page
    monkeypatch.setattr(segments, "MOST_PASTED", 1)
    refused = owner.post(url, pasted)
    assert refused.status_code == 422
    assert "At most 2,000 addresses at once." in refused.content.decode()


def test_the_conversation_says_by_when_a_playbook_has_promised_an_answer(
    client, hana, minji, receive, mailbox
):
    mailbox.promised_first_seconds = None  # what it promises of next answers is not of this one
    mailbox.save()
    talk = receive(mail(SORA)).conversation
    settle()
    client.force_login(hana)
    assert "promised by" not in see(client, "conversation", talk.pk)

    rule, playbook = Number("conversations", "at_least", 1), Playbook(first_promise_minutes=15)
    wrote = make_segment(actor=minji, name="Wrote", rule=rule, playbook=playbook, at=NOON)
    waits = "1 conversation that waits still has the due time of before."
    assert waits in see(client, "segments")
    assert waits in see(client, "segment", wrote.pk)
    settle()

    assert waits not in see(client, "segments")
    assert "promised by 12:15" in see(client, "conversation", talk.pk)


def test_the_list_of_customers_and_its_table_are_those_of_the_segment(owner, minji):
    early = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)  # half past eight of the next morning in Seoul
    sell(order("A", "1", 30_000, contact_name="=SUM(A1)", ordered_at=early), order("B", "2"))
    somebody("James", company="Moon", birth_year=1990)
    settle()
    bought = make_segment(actor=minji, name="Bought", rule=Number("orders", "at_least", 1), at=NOON)

    page = owner.get(reverse("customers"), {"segment": bought.pk}).content.decode()
    assert page.count("data-step") == 2
    assert "James" not in words_of(page).replace("James", "", 0).split("Bought")[-1]
    table = b"".join(owner.get(reverse("segment_csv", args=[bought.pk])).streaming_content).decode(
        "utf-8-sig"
    )
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["spent"] for row in rows] == ["30000", "24000"]
    assert rows[0]["name"].startswith(("'=", "#"))
    assert rows[0]["last_order"] == "2026-11-17"
    assert AuditEntry.objects.get(act="save_segment").thing_id == bought.pk


def test_the_playbook_stands_beside_the_composer_the_first_playbook_first(
    client, hana, minji, receive, django_assert_max_num_queries
):
    taken = receive(mail(SORA))
    settle()
    first = Playbook(greeting="Dear Sora,", first_promise_minutes=60)
    second = Playbook(greeting="Hey!", tone="Short", first_promise_minutes=10, limit_an_act=3000)
    for name, playbook in (("Letters", first), ("Wrote", second)):
        rule = Number("conversations", "at_least", 1)
        make_segment(actor=minji, name=name, rule=rule, playbook=playbook, at=NOON)
    client.force_login(hana)

    words = see(client, "conversation", taken.conversation.pk)

    bar = words.partition("Playbook ")[2].partition("By the segments")[0]
    assert "First answer (Wrote) within 10 minutes" in bar
    assert "Greeting (Letters) Dear Sora," in bar
    assert "Tone (Wrote) Short" in bar
    assert "₩3,000 at once" in bar
    assert "Hey!" not in bar


def test_a_refused_answer_is_shown_again_with_the_playbook_beside_it(client, hana, minji, receive):
    talk = receive(mail(SORA)).conversation
    settle()
    rule = Number("conversations", "at_least", 1)
    make_segment(actor=minji, name="Wrote", rule=rule, playbook=Playbook(greeting="Dear Sora,"), at=NOON)
    client.force_login(hana)

    for headers in ({}, {"HTTP_HX_REQUEST": "true"}):
        refused = client.post(reverse("reply", args=[talk.pk]), {"mode": "reply", "text": ""}, **headers)
        assert refused.status_code == 422
        assert "Greeting Dear Sora," in words_of(refused.content.decode())


def test_pages_of_segments_ask_as_often_for_many_as_for_one(owner, minji, django_assert_max_num_queries):
    settle()
    for number in range(12):
        rule = All((Number("orders", "at_least", number), OneOf("tag", ("1",))))
        made = make_segment(actor=minji, name=f"S{number}", rule=rule, at=NOON)
    put_on_list(
        actor=minji, segment=make_segment(actor=minji, name="L", rule=None, at=NOON),
        customers=[somebody(str(number)).pk for number in range(30)], at=NOON,
    )  # fmt: skip
    for name, arguments in (("segments", []), ("segment", [made.pk]), ("customers", [])):
        with django_assert_max_num_queries(16):
            owner.get(reverse(name, args=arguments))


def test_an_agent_reads_segments_and_changes_none(client, hana, minji):
    made = make_segment(actor=minji, name="Offices", rule=Flag("company"), at=NOON)
    client.force_login(hana)
    page = client.get(reverse("segment", args=[made.pk])).content.decode()
    assert "Offices" in page
    assert reverse("segment_removal", args=[made.pk]) not in page
    assert client.post(reverse("segment_removal", args=[made.pk])).status_code == 403
