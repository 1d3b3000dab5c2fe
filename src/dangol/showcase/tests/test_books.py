"""The till and the ledger of the demo: the numbers of its statement, added up by hand from the rows of the story."""

from collections import Counter, defaultdict

import pytest

from dangol.desk.suggested import suggestion_beside
from dangol.goodwill.first_causes import KOREAN
from dangol.goodwill.models import Entry, Wish
from dangol.goodwill.proposing import complained_of, propose
from dangol.inbox.models import Conversation, Message
from dangol.orders.models import Order, OrderLine, Refund, RefundLine
from dangol.showcase.books import COMPLAINTS
from dangol.showcase.menu import items_of
from dangol.showcase.open_matters import WAITING
from dangol.showcase.shop import ZONE
from dangol.showcase.story import shop_at
from dangol.showcase.tests.played import NOW
from dangol.showcase.wishes import play_wishes
from dangol.staff.models import Staff
from dangol.worth.entries import Where
from dangol.worth.periods import Period, month_period
from dangol.worth.queries import ask

pytestmark = pytest.mark.only_sqlite  # as the demo always is

FAILURES = ("internal_failure", "external_failure")


def by_hand(told, period):
    """Booked and estimated money by class and kind, and what was sold: plain loops over the rows of the story."""
    begin, end = period.first_day, period.last_day
    booked, low, high, sold, orders = defaultdict(int), defaultdict(int), defaultdict(int), 0, 0
    for entry in told.rows.of(Entry):
        if begin <= entry.happened_at.astimezone(ZONE).date() <= end:
            group = ("poor" if entry.cost_class in FAILURES else entry.cost_class, entry.kind)
            if entry.booked is not None:
                booked[group] += entry.booked
            else:
                low[group] += entry.estimated_low
                high[group] += entry.estimated_high
    for order in told.rows.of(Order):
        if begin <= order.ordered_at.astimezone(ZONE).date() <= end:
            sold, orders = sold + order.amount, orders + 1
    return booked, low, high, sold, orders


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(("year", "month"), [(2026, 11), (2026, 10), (2026, 9)])
def test_the_statement_of_a_month_is_what_adding_up_by_hand_gives(told, year, month):
    period = month_period(year, month, ZONE, today=NOW.astimezone(ZONE).date())
    statement = ask(period, Where(), currency="KRW").statement
    for of, sales, is_now in (
        (period, statement.sales, True),
        (period.before, statement.sales_before, False),
    ):
        booked, low, high, sold, orders = by_hand(told, of)
        for part, name in ((statement.poor_service, "poor"), (statement.goodwill, "goodwill")):
            total = part.figure.now if is_now else part.figure.before
            assert total.booked == sum(amount for (group, _kind), amount in booked.items() if group == name)
            assert total.low == sum(amount for (group, _kind), amount in low.items() if group == name)
            assert total.high == sum(amount for (group, _kind), amount in high.items() if group == name)
            for line in part.by_kind:
                found = line.figure.now if is_now else line.figure.before
                assert found.booked == booked[name, line.key]
                assert (found.low, found.high) == (low[name, line.key], high[name, line.key])
        assert (sales.amount, sales.orders) == (sold, orders)
    assert statement.poor_service.figure.now.booked > 0
    assert statement.poor_service.figure.now.estimates > 0


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_the_months_together_are_all_there_is(told):
    whole = Period(shop_at(NOW, "en").opened_at.astimezone(ZONE).date(), NOW.astimezone(ZONE).date(), ZONE)
    statement = ask(whole, Where(), currency="KRW").statement
    entries = told.rows.of(Entry)
    parts = (statement.poor_service, statement.goodwill, statement.upkeep)
    assert sum(part.figure.now.entries + part.figure.now.estimates for part in parts) == len(entries)
    assert sum(part.figure.now.booked for part in parts) == sum(entry.booked or 0 for entry in entries)
    assert statement.sales.orders == len(told.rows.of(Order))


def test_orders_and_refunds_are_what_their_lines_say(told):
    lines, returned = Counter(), Counter()
    for line in told.rows.of(OrderLine):
        lines[line.order.pk] += line.amount
        assert line.amount == line.quantity_thousandths * line.unit_price_e4 // 10_000_000
    for order in told.rows.of(Order):
        assert order.amount == lines[order.pk] + order.shipping
        assert order.ordered_at <= NOW
    for line in told.rows.of(RefundLine):
        returned[line.refund.pk] += line.amount
    for refund in told.rows.of(Refund):
        assert refund.amount == returned[refund.pk] <= refund.order.amount


def test_every_refund_and_every_gift_is_booked_once_by_who_promised_it(told):
    entries = told.rows.of(Entry)
    assert len({(entry.source_kind, entry.source_key) for entry in entries}) == len(entries)
    sources = Counter(entry.source_kind for entry in entries)
    assert sources["refund"] == len(told.rows.of(Refund)) > 20
    assert sources["wish"] == len(told.rows.of(Wish)) > 20
    answered_by = {
        (message.conversation_id, message.staff_id)
        for message in told.rows.of(Message)
        if message.direction == "out"
    }
    for entry in entries:
        assert (entry.conversation_id, entry.staff_id) in answered_by
        assert entry.happened_at <= NOW


def test_the_burger_that_came_cold_is_paid_back(told):
    (cold,) = (talk for talk in told.rows.of(Conversation) if talk.subject == "Cold again")
    (entry,) = (
        entry
        for entry in told.rows.of(Entry)
        if entry.conversation_id == cold.pk and entry.booked is not None
    )
    assert (entry.kind, entry.order.number) == ("refund", "1990")
    assert entry.booked == entry.order.amount - entry.order.shipping


def test_what_was_promised_is_what_was_given(told):
    """The first answers about cold burgers say either that one is paid back, or that a new one is on the grill."""
    given = defaultdict(set)
    for entry in told.rows.of(Entry):
        given[entry.conversation_id].add(entry.kind)
    answers = {}
    for message in told.rows.of(Message):
        if message.direction == "out":
            answers.setdefault(message.conversation_id, message.text)
    again = [talk for talk, text in answers.items() if "A new order is on the grill" in text]
    paid = [talk for talk, text in answers.items() if "is refunded as of now" in text]
    assert again
    assert paid
    assert all({"redo", "refund"} <= given[talk] for talk in again)
    assert all("refund" in given[talk] and "redo" not in given[talk] for talk in paid)


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_beside_the_first_complaint_stands_what_would_make_it_good():
    talk = Conversation.objects.select_related("customer").get(subject=COMPLAINTS[0])
    minji = Staff.objects.get(role="owner")
    found = suggestion_beside(talk, [talk.customer_id], person=minji, at=NOW)
    assert found
    assert (found.kind, found.amount, found.is_asked) == ("redo", 15_000, False)
    assert (found.cause.name, found.order.customer) == ("Something was missing", talk.customer)


def test_beside_the_korean_complaint_stands_what_was_spoilt_and_not_what_was_fine():
    (letter,) = [each for each in WAITING if each.subject == COMPLAINTS[1]]
    bought = {course: items_of(course, "ko")[0].name for course in ("dish", "drink")}
    causes = {each.name: each for place in KOREAN for each in place.examples}
    spoken_of = propose(letter.text, {name: each.words for name, each in causes.items()})
    assert causes[spoken_of].remedy == "redo"
    assert complained_of(letter.text, causes[spoken_of].words, bought) == ["dish"]


@pytest.mark.django_db
@pytest.mark.usefixtures("written")
def test_wishes_are_refused_granted_less_and_one_waits_for_a_yes():
    before = set(Wish.objects.values_list("pk", flat=True))
    play_wishes(NOW)
    wishes = Wish.objects.exclude(pk__in=before)
    found = Counter(wishes.values_list("state", flat=True))
    assert (found["refused"], found["partly"], found["given"], found["asked"]) == (12, 3, 3, 1)
    assert {wish.decided_by.role for wish in wishes.filter(state="refused").exclude(over="")} == {"manager"}
    assert not wishes.filter(asked_at__gt=NOW).exists()
    assert Entry.objects.filter(wish__in=wishes).count() == 6
    play_wishes(NOW)
    assert Wish.objects.count() == len(before) + 19, "played twice it is there once"
