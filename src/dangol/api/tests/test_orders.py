"""Orders and refunds over the API: once, in the words of the shop, by who may."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from dangol.api.commands import REQUESTS_A_MINUTE, MadeToken, forget_answers, make_token, revoke_token
from dangol.api.front import MOST_BYTES
from dangol.api.models import KeptAnswer, Token
from dangol.goodwill.commands.refunds import book_all_refunds
from dangol.goodwill.models import Entry
from dangol.kernel import clock
from dangol.kernel.models import AuditEntry, Event
from dangol.orders.models import Order, Refund
from tests.parts.cast import NOON
from tests.parts.plans import steps_of

ORDERS = "/api/v1/orders"
ORDER = {
    "key": "gid-1001",
    "number": "#1001",
    "ordered_at": "2026-11-16T12:00:00+09:00",
    "currency": "KRW",
    "shipping": "3000",
    "lines": [{"sku": "B1", "name": "Moon burger", "quantity": "2", "unit_price": "12000"}],
    "customer": {"number": "17", "name": "박지훈", "email": "jihoon@example.kr"},
    "place": "Gangnam",
}
REFUND = {"key": "r1", "amount": "12000", "refunded_at": "2026-11-17T12:00:00+09:00", "reason": "cold"}


class Caller:
    """A program that speaks with the desk."""

    def __init__(self, token: str) -> None:
        self.client, self.token = Client(enforce_csrf_checks=True), token

    def get(self, url: str = ORDERS, **query: Any) -> Any:
        return self.client.get(url, query, headers={"Authorization": f"Bearer {self.token}"})

    def send(self, content: Any, url: str = ORDERS, *, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or uuid4().hex}
        body = content if isinstance(content, (str, bytes)) else json.dumps(content)
        return self.client.post(url, body, content_type="application/json", headers=headers)


@pytest.fixture
def till(shop: MadeToken) -> Caller:
    return Caller(shop.text)


def test_an_order_comes_in_with_its_lines_its_customer_and_its_event(till):
    answer = till.send(ORDER)
    row = Order.objects.get()
    assert (answer.status_code, answer.json()) == (
        201,
        {"id": str(row.uid), "key": "gid-1001", "is_new": True, "is_changed": False},
    )
    assert (row.amount, row.number, row.source.name, row.source.kind) == (27_000, "#1001", "Till", "api")
    assert (row.customer.name, row.place.name, row.lines.get().amount) == ("박지훈", "Gangnam", 24_000)
    assert Event.objects.filter(name="OrderPlaced", customer_id=row.customer_id).count() == 1

    shown = till.get(f"{ORDERS}/{row.uid}")
    assert "jihoon" not in shown.content.decode()
    assert (shown.json()["amount"], shown.json()["lines"][0]["quantity"]) == ("27000", "2")


def test_the_same_key_is_done_once_and_answered_the_same(till):
    first, again = till.send(ORDER, key="a"), till.send(ORDER, key="a")
    assert (again.status_code, again.json(), again["Idempotency-Replayed"]) == (201, first.json(), "true")
    other = till.send({**ORDER, "number": "#1002"}, key="a")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert till.send(ORDER, key="b").json()["is_changed"] is False
    assert Order.objects.get().number == "#1001"
    assert forget_answers(at=clock.now() + timedelta(days=3)) == 2
    assert not KeptAnswer.objects.exists()


def test_what_was_refused_may_be_sent_again_under_its_key(till):
    assert till.send({**ORDER, "currency": "XXX"}, key="a").status_code == 422
    assert till.send(ORDER, key="a").status_code == 201


def test_a_refund_is_of_its_order_and_books_itself_once(till):
    order = till.send(ORDER).json()["id"]
    answers = [till.send(REFUND, f"{ORDERS}/{order}/refunds").status_code for _ in range(2)]
    for _changes in book_all_refunds(at=clock.now()):  # as the reaction does, refund by refund
        pass
    assert answers == [201, 200]
    assert (Refund.objects.get().order.key, Entry.objects.get().booked) == ("gid-1001", 12_000)
    assert till.get(f"{ORDERS}/{order}").json()["refunded"] == "12000"
    assert till.send(REFUND, f"{ORDERS}/{uuid4()}/refunds").json()["code"] == "not_there"


def test_a_refund_of_another_order_is_not_taken_for_this_one(till):
    one, other = (till.send({**ORDER, "key": key}).json()["id"] for key in "12")
    assert till.send(REFUND, f"{ORDERS}/{one}/refunds").status_code == 201
    answer = till.send({**REFUND, "amount": "5000"}, f"{ORDERS}/{other}/refunds")
    assert (answer.status_code, answer.json()["code"]) == (409, "other_refund")
    row = Refund.objects.get()
    assert (row.order_key, row.amount) == ("1", 12_000)


@pytest.mark.only_sqlite
def test_an_order_is_found_by_its_key_without_reading_the_others(till):
    till.send(ORDER)
    steps = steps_of(lambda: till.get(key="gid-1001"))
    assert [step for step in steps if step.startswith("SCAN orders_order")] == []


def test_an_older_version_changes_nothing_and_says_so(till):
    assert till.send({**ORDER, "revised_at": "2026-11-17T00:00:00Z"}).status_code == 201
    older = till.send({**ORDER, "number": "#7", "revised_at": "2026-11-16T23:00:00Z"})
    newer = till.send({**ORDER, "number": "#8", "revised_at": "2026-11-17T01:00:00Z"})
    assert (older.status_code, older.json()["code"], newer.status_code) == (409, "older_version", 200)
    assert Order.objects.get().number == "#8"
    other = till.send({**ORDER, "key": "2", "ordered_at": "2026-11-16T12:00:00+09:00"})
    moved = till.send({**ORDER, "key": "2", "ordered_at": "2025-11-16T12:00:00+09:00"})
    assert (other.status_code, moved.json()["code"]) == (201, "other_order")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lines": [{"quantity": "two", "unit_price": "1"}]}, "lines.0.quantity"),
        ({"amount": 27000}, "amount"),
        ({"amount": "10.5"}, "amount"),
        ({"ordered_at": "2026-11-16T12:00:00"}, "ordered_at"),
        ({"ordered_at": 1763000000}, "ordered_at"),
        ({"ordered_at": "0001-01-01T00:00:00Z"}, "ordered_at"),
        ({"place": "a\0b"}, "place"),
        ({"pirce": "1"}, "pirce"),
        ({"lines": [{"quantity": "999999999", "unit_price": "9999999999999"}]}, "lines[0]"),
    ],
)
def test_a_wrong_value_is_named_in_one_sentence(till, changed, said):
    answer = till.send({**ORDER, **changed})
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert said in answer.json()["detail"]
    assert not Order.objects.exists()


def test_what_is_no_json_or_too_large_is_refused(till):
    assert till.send("{").status_code == 400
    assert till.send('{"key": "' + "x" * MOST_BYTES + '"}').status_code == 413
    without = till.client.post(
        ORDERS, ORDER, content_type="application/json", headers={"Authorization": f"Bearer {till.token}"}
    )
    assert (without.status_code, "Idempotency-Key" in without.json()["detail"]) == (422, True)


def test_the_list_goes_on_where_it_ended(till, django_assert_max_num_queries):
    for number in range(5):
        till.send({**ORDER, "key": str(number), "ordered_at": f"2026-11-1{number}T12:00:00+09:00"})
    keys, after = [], ""
    while True:
        with django_assert_max_num_queries(10):  # five, and on PostgreSQL five that bound the time of one
            page = till.get(limit=2, after=after).json()
        keys += [each["key"] for each in page["orders"]]
        after = page["next"]
        if after is None:
            break
    assert keys == ["4", "3", "2", "1", "0"]
    assert [each["key"] for each in till.get(key="3").json()["orders"]] == ["3"]


def test_a_token_opens_what_its_scopes_say_until_it_is_revoked(till, shop, minji):
    reader = Caller(make_token(actor=minji, name="Books", source="", scopes=["orders:read"], at=NOON).text)
    assert reader.send(ORDER).json()["code"] == "out_of_scope"
    order = till.send(ORDER).json()["id"]
    assert reader.get(f"{ORDERS}/{order}").status_code == 200
    assert shop.text not in str(list(Token.objects.values()))
    revoke_token(actor=minji, token_id=shop.token.pk, at=NOON)
    answer = till.get()
    assert (answer.status_code, answer["WWW-Authenticate"][:6]) == (401, "Bearer")
    assert shop.text not in str(list(AuditEntry.objects.values()))
    assert list(AuditEntry.objects.values_list("act", flat=True)) == [
        "make_token",
        "make_token",
        "revoke_token",
    ]


def test_a_cookie_opens_nothing_and_who_tries_tokens_is_stopped(shop, minji):
    client = Client()
    client.force_login(minji)
    assert client.get(ORDERS).status_code == 401
    assert {Caller("no").get().status_code for _ in range(40)} == {401, 429}


def test_too_many_requests_in_a_minute_are_told_when_to_come_again(till, shop):
    assert till.get().status_code == 200
    Token.objects.update(requests=REQUESTS_A_MINUTE, minute=clock.now().replace(second=0, microsecond=0))
    answer = till.get()
    if answer.status_code == 200:  # the minute ended in between
        Token.objects.update(requests=REQUESTS_A_MINUTE)
        answer = till.get()
    assert (answer.status_code, 1 <= int(answer["Retry-After"]) <= 60) == (429, True)
    Token.objects.update(minute=clock.now() - timedelta(minutes=2))
    assert till.get().status_code == 200
