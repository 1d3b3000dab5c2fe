"""Worth › Causes to name: one or many at once, and the ledger stays as it was written otherwise."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from dangol.goodwill.commands.entries import reverse_entry
from dangol.goodwill.models import Cause, Entry
from dangol.kernel.models import Event
from dangol.orders.models import Order, Refund, Source
from tests.parts.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("moon_burger")]


@pytest.fixture
def paid():
    """An entry that nobody has said why: `paid(4000)`; of a refund with `reason`."""

    def write(amount, *, reason="", **more):
        source, _ = Source.objects.get_or_create(name="Till", defaults={"kind": "file", "created_at": NOON})
        key = str(uuid4())
        order = Order.objects.create(
            source=source, key=key, number=key[:6], currency="KRW", amount=amount, own_currency="KRW",
            own_amount=amount, ordered_at=NOON, recorded_at=NOON,
        )  # fmt: skip
        refund = Refund.objects.create(
            source=source, key=key, number=key[:6], currency="KRW", amount=amount, own_currency="KRW",
            own_amount=amount, refunded_at=NOON, recorded_at=NOON, order=order, reason=reason,
        )  # fmt: skip
        given = {
            "kind": "refund", "cost_class": "external_failure", "booked": amount, "own_currency": "KRW",
            "currency": "KRW", "happened_at": NOON, "booked_at": NOON, "source_kind": "refund",
            "source_key": str(refund.pk), "order": order,
        } | more  # fmt: skip
        return Entry.objects.create(**given)

    return write


@pytest.fixture
def late(db):
    return Cause.objects.create(name="Late", words="late\nslow")


def test_many_get_their_cause_at_once_and_one_by_its_own_button(client, minji, paid, late):
    taken_back = paid(100)
    reverse_entry(actor=None, entry=taken_back, at=NOON)
    paid(200, cost_class="goodwill")
    known = paid(300, cause=late)
    late_one, first, second = paid(400, reason="Came too late"), paid(500), paid(600)
    client.force_login(minji)
    here = reverse("causes_to_name")
    page = client.get(here).content.decode()
    assert "3 entries were paid for failures" in page
    assert f'value="{late_one.pk}.{late.pk}"' in page
    assert page.count('name="entry"') == 3

    client.post(here, {"one": f"{late_one.pk}.{late.pk}"})
    client.post(here, {"entry": [first.pk, second.pk, known.pk, taken_back.pk], "cause": late.pk})
    named = Event.objects.filter(name="CauseNamed").values_list("data__entry_id", flat=True)
    assert set(named) == {late_one.pk, first.pk, second.pk, taken_back.pk}
    assert (
        not Entry.objects.filter(cause=None).exclude(cost_class="goodwill").exists()
    )  # its reversal has it too
    assert "Every entry has its cause" in client.get(here).content.decode()
    client.post(here, {"entry": [first.pk], "cause": late.pk})
    assert Event.objects.filter(name="CauseNamed").count() == 4


def test_without_an_entry_or_a_cause_it_says_what_is_missing(client, minji, paid, late):
    entry = paid(400)
    client.force_login(minji)
    here = reverse("causes_to_name")
    missing = client.post(here, {"cause": late.pk})
    assert (missing.status_code, "Tick at least one entry." in missing.content.decode()) == (422, True)
    missing = client.post(here, {"entry": [entry.pk], "cause": "x"})
    assert (missing.status_code, "Choose a cause first." in missing.content.decode()) == (422, True)
    assert (
        f'id="entry-{entry.pk}" data-step aria-describedby="about-{entry.pk}" checked'
        in missing.content.decode()
    )
    late.retired_at = NOON
    late.save()
    assert client.post(here, {"entry": [entry.pk], "cause": late.pk}).status_code == 422


def test_today_counts_what_is_fresh_for_who_sees_worth(client, minji, hana, paid, late, monkeypatch):
    monkeypatch.setattr("dangol.kernel.clock.now", lambda: NOON)
    paid(400)
    paid(500, happened_at=NOON - timedelta(days=40))
    reverse_entry(actor=None, entry=paid(600), at=NOON)
    client.force_login(minji)
    assert "1 refund or redo asks why" in client.get(reverse("today")).content.decode()
    client.force_login(hana)
    assert "asks why" not in client.get(reverse("today")).content.decode()


def test_a_page_of_them_takes_few_queries(client, minji, paid, late, django_assert_max_num_queries):
    for number in range(55):
        paid(100 + number, reason="slow")
    client.force_login(minji)
    client.get(reverse("causes_to_name"))
    with django_assert_max_num_queries(16):
        page = client.get(reverse("causes_to_name")).content.decode()
    assert page.count('name="entry"') == 50
    ids = [entry.pk for entry in Entry.objects.all()[:50]]
    with django_assert_max_num_queries(20):
        client.post(reverse("causes_to_name"), {"entry": ids, "cause": late.pk})
