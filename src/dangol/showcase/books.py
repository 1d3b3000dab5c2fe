"""The till and the ledger of Moon Burger: what was sold in ninety days, and what making good cost.

What was given is what the answers say: a burger that came cold is paid back or made again, by whoever wrote so, a
moment after. Rows, as the commands would have written them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final

from dangol.business.models import Place
from dangol.customers.models import Customer
from dangol.goodwill.commands.entries import booked_event
from dangol.goodwill.first_causes import first_causes
from dangol.goodwill.models import Cause, Entry, GivingPolicy, Wish
from dangol.inbox.models import Conversation, Message
from dangol.orders.events import OrderPlaced, RefundRecorded
from dangol.orders.models import Order, OrderLine, Refund, RefundLine, Source
from dangol.showcase import menu
from dangol.showcase.menu import Item
from dangol.showcase.recorder import Recorder
from dangol.showcase.rhythm import DAYS
from dangol.showcase.shop import CURRENCY, ZONE
from dangol.showcase.talks import Talk
from dangol.staff.models import Staff

HOURLY_RATE: Final = 18_000
REPLY_MINUTES: Final = 6
MOST_REPLY_MINUTES: Final = 30
_METHOD: Final = "reply_minutes"
_BUDGET: Final = 600_000
_A_DAY: Final = (16, 17, 18, 19, 26, 30, 22)  # orders, Monday to Sunday
_HOURS: Final = (11, 12, 12, 12, 13, 13, 14, 17, 18, 18, 18, 19, 19, 20)
_BY_A_REGULAR: Final = 0.4
_FIRST_NUMBER: Final = 160  # so that the numbers of Sora's orders are of their weeks
_AT_ONCE: Final = timedelta(seconds=40)  # after the answer that says so
# What is complained of right now, in the words that the causes of an English shop know and in those of a Korean one.
COMPLAINTS: Final = ("Cold burger, and nobody answered the phone", "사진처럼 포장이 터져서 왔어요")
_AT_HAND: Final = timedelta(minutes=50)
_ONE_MATTER: Final = timedelta(days=30)
COOKS: Final = {"en": ("Jin", "Mira"), "ko": ("진", "미라")}
PLACES: Final = {"en": ("Counter", "Delivery"), "ko": ("홀", "배달")}
TILL: Final = {"en": "Till", "ko": "계산대"}
# Of a topic the place of its cause among all examples, in order.
_CAUSE_OF: Final = {"wrong": 0, "missing": 2, "late": 5, "cold": 6, "hair": 6, "packaging": 7}
# What the answers promise: by topic and by which of the two answers it is, (kind, what).
_PROMISED: Final[dict[str, tuple[tuple[tuple[str, str], ...], ...]]] = {
    "cold": ((("refund", "dish"),), (("redo", "all"), ("refund", "all"))),
    "missing": ((("refund", "side"), ("free_item", "drink")), (("redo", "side"), ("shipping", ""))),
    "wrong": ((("refund", "dish"),), (("redo", "dish"),)),
    "late": ((("shipping", ""), ("free_item", "drink")), (("redo", "dish"), ("refund", "all"))),
    "hair": ((("refund", "all"),), (("refund", "all"),)),
    "packaging": ((("refund", "drink"),), ()),
    "birthday": ((("gift", "drink"),), (("gift", "drink"),)),
}
# What the people of the cast were promised: by their subject, (topic, number of the order, what).
_TO_THE_CAST: Final[dict[str, tuple[str, str, tuple[tuple[str, str], ...]]]] = {
    "Found my new Friday place": ("", "", (("gift", "drink"),)),
    "Order 1873: drink missing": ("missing", "1873", (("refund", "drink"), ("free_item", "drink"))),
    "Cold again": ("cold", "1990", (("refund", "all"),)),
}


def keep_books(recorder: Recorder, talks: Iterable[Talk], now: datetime) -> None:
    """Add the orders of the past to the recorder's rows, and what came of the talks in money."""
    books = _Books(recorder, now)
    books.sell()
    for talk in talks:
        if talk.conversation is not None:
            books.make_good(talk)
            books.sell_at_hand(talk)
    books.book_second_replies()


class _Books:
    """Writes into the rows of one recorder, the same each time."""

    def __init__(self, recorder: Recorder, now: datetime) -> None:
        self.rows, self.shop, self.now = recorder.rows, recorder.shop, now
        self.random = Random("books of the moon")  # noqa: S311  not for secrets
        language = self.shop.language
        self.menu = {course: menu.items_of(course, language) for course in menu.PRICES}
        self.till = self.rows.add(
            Source(name=TILL[language], kind=Source.Kind.FILE, created_at=self.shop.opened_at)
        )
        self.counter, self.delivery = (self.rows.add(Place(name=name)) for name in PLACES[language])
        self.causes = self._plant_causes()
        self.rows.add(
            GivingPolicy(
                budget_a_month=_BUDGET,
                hourly_rate=HOURLY_RATE,
                reply_minutes=REPLY_MINUTES,
                most_reply_minutes=MOST_REPLY_MINUTES,
            )
        )
        self.replies: dict[int, list[Message]] = {}
        for message in self.rows.of(Message):
            if message.direction == Message.Direction.OUT and message.staff_id and not message.automatic:
                self.replies.setdefault(message.conversation_id, []).append(message)

    def sell(self) -> None:
        """What was sold over the counter and brought to people's homes, day by day."""
        regulars = sorted(self.rows.of(Customer), key=lambda person: person.created_at)
        known_since = [person.created_at for person in regulars]
        today = self.now.astimezone(ZONE).date()
        for ago in range(DAYS, -1, -1):
            day = today - timedelta(days=ago)
            if self.shop.is_closed_on(day):
                continue
            for at in self._times_on(day.year, day.month, day.day):
                if at > self.now:
                    continue
                known = bisect_right(known_since, at)
                is_regular = known and self.random.random() < _BY_A_REGULAR
                person = regulars[self.random.randrange(known)] if is_regular else None
                number = str(_FIRST_NUMBER + len(self.rows.of(Order)))
                self._order(number, at, person, self._basket(), is_delivery=self.random.random() < 0.45)

    def make_good(self, talk: Talk) -> None:
        """What the first answer of a talk has promised, if it has promised anything."""
        answers = self.replies.get(talk.known.pk)
        topic, promised = self._promised(talk)
        if not answers or not promised:
            return
        answer = answers[0]
        order = self._order_of(talk, answer)
        cause = self.causes[_CAUSE_OF[topic]] if topic in _CAUSE_OF else None
        for kind, what in promised:
            items = self._items(talk, order, what)
            self._give(kind, items, order, talk.known, answer, cause)

    def sell_at_hand(self, talk: Talk) -> None:
        """What somebody had ordered who complains of it right now and got no answer yet."""
        if talk.subject in COMPLAINTS:
            items = [self.menu["dish"][0], self.menu["drink"][0]]
            at = talk.steps[0].at - _AT_HAND
            number = str(_FIRST_NUMBER + len(self.rows.of(Order)))
            self._order(number, at, talk.known.customer, items, is_delivery=True)

    def book_second_replies(self) -> None:
        """Each further answer of one matter as an estimate of the minutes that it took."""
        for answers in self.replies.values():
            for earlier, answer in pairwise(answers):
                if answer.happened_at - earlier.happened_at <= _ONE_MATTER:
                    self._book_time(answer)

    def _plant_causes(self) -> list[Cause]:
        examples = []
        for place, top in enumerate(first_causes(self.shop.language)):
            root = self.rows.add(Cause(name=top.name, position=place))
            examples += [
                self.rows.add(
                    Cause(
                        name=each.name, parent=root, position=position, words="\n".join(each.words),
                        remedy=each.remedy,
                    )
                )
                for position, each in enumerate(top.examples)
            ]  # fmt: skip
        return examples

    def _times_on(self, year: int, month: int, day: int) -> list[datetime]:
        weekday = datetime(year, month, day, tzinfo=ZONE).weekday()
        count = max(5, round(self.random.gauss(_A_DAY[weekday], 3)))
        hours = self.random.choices(_HOURS, k=count)
        return sorted(
            datetime(
                year, month, day, hour, self.random.randrange(60), self.random.randrange(60), tzinfo=ZONE
            )
            for hour in hours
        )

    def _basket(self) -> list[Item]:
        people = self.random.choices((1, 2, 3, 4), weights=(45, 35, 12, 8))[0]
        items = [self.random.choice(self.menu["dish"]) for _ in range(people)]
        items += [self.random.choice(self.menu["side"]) for _ in range(people) if self.random.random() < 0.6]
        return items + [
            self.random.choice(self.menu["drink"]) for _ in range(people) if self.random.random() < 0.7
        ]

    def _order(
        self, number: str, at: datetime, person: Customer | None, items: Sequence[Item], *, is_delivery: bool
    ) -> Order:
        shipping = menu.DELIVERY if is_delivery else 0
        amount = sum(item.price for item in items) + shipping
        order = self.rows.add(
            Order(
                source=self.till, key=f"{len(self.rows.of(Order)) + 1}", number=number, customer=person,
                place=self.delivery if is_delivery else self.counter, currency=CURRENCY, amount=amount,
                own_currency=CURRENCY, own_amount=amount, shipping=shipping, ordered_at=at, recorded_at=at,
                made_by_name=self.random.choice(COOKS[self.shop.language]),
                packed_by=self.shop.staff[self.random.choice(("hana", "tom"))],
                contact_name=person.name if person else "",
            )
        )  # fmt: skip
        for item in dict.fromkeys(items):
            self.rows.add(OrderLine(order=order, **_line(item, items.count(item))))
        self.rows.tell(
            OrderPlaced(happened_at=at, customer_id=person.pk if person else None, order_id=order.pk)
        )
        return order

    def _promised(self, talk: Talk) -> tuple[str, tuple[tuple[str, str], ...]]:
        if talk.subject in _TO_THE_CAST:
            topic, _number, promised = _TO_THE_CAST[talk.subject]
            return topic, promised
        topic = talk.source.removeprefix("showcase ")
        answers = _PROMISED.get(topic, ())
        return topic, answers[talk.version] if talk.gaps and talk.version < len(answers) else ()

    def _order_of(self, talk: Talk, answer: Message) -> Order:
        """The order that the talk is about, under the number that it says."""
        first = talk.steps[0].at
        items = [self._called(talk, course) for course in menu.PRICES] if talk.gaps else self._basket()[:3]
        while not any(item in self.menu["drink"] for item in items):
            items.append(self.random.choice(self.menu["drink"]))
        _topic, said, _promised = _TO_THE_CAST.get(talk.subject, ("", "", ()))
        number = said or str(talk.gaps.get("order") or _FIRST_NUMBER + len(self.rows.of(Order)))
        person = answer.conversation.customer
        at = first - timedelta(minutes=self.random.randrange(25, 75))
        return self._order(number, at, person, items, is_delivery=True)

    def _called(self, talk: Talk, course: str) -> Item:
        return menu.item_called(
            course, str(talk.gaps[course]), called_in=talk.person.language, language=self.shop.language
        )

    def _items(self, talk: Talk, order: Order, what: str) -> list[Item]:
        if what == "all":
            names = {item.name: item for items in self.menu.values() for item in items}
            lines = [line for line in self.rows.of(OrderLine)[-8:] if line.order is order]
            return [names[line.name] for line in lines for _ in range(line.quantity_thousandths // 1000)]
        if not what:
            return []
        return [self._called(talk, what) if talk.gaps else self.menu[what][0]]

    def _give(
        self,
        kind: str,
        items: list[Item],
        order: Order,
        talk: Conversation,
        answer: Message,
        cause: Cause | None,
    ) -> None:
        at = min(answer.happened_at + _AT_ONCE, self.now)
        assert answer.staff is not None
        if kind == "refund":
            refund = self._refund(items, order, at)
            self._enter(kind, refund.amount, at, order, talk, answer.staff, cause, ("refund", str(refund.pk)))
            return
        amount = menu.DELIVERY if kind == "shipping" else sum(item.cost for item in items)
        wish = self.rows.add(
            Wish(
                customer=talk.customer, conversation_id=talk.pk, order=order, kind=kind, cause=cause,
                own_currency=CURRENCY, wished=amount, proposed=amount, given=amount,
                what=", ".join(item.name for item in items), state=Wish.State.GIVEN, key=self.rows.uid(),
                staff=answer.staff, asked_at=at, decided_by=answer.staff, decided_at=at,
            )
        )  # fmt: skip
        wish.entry = self._enter(kind, amount, at, order, talk, answer.staff, cause, ("wish", str(wish.key)))

    def _refund(self, items: Sequence[Item], order: Order, at: datetime) -> Refund:
        amount = sum(item.price for item in items)
        refund = self.rows.add(
            Refund(
                source=self.till, key=f"refund {len(self.rows.of(Refund)) + 1}", number=order.number, order=order,
                customer=order.customer, place=order.place, currency=CURRENCY, amount=amount, own_currency=CURRENCY,
                own_amount=amount, refunded_at=at, recorded_at=at,
            )
        )  # fmt: skip
        for item in dict.fromkeys(items):
            self.rows.add(RefundLine(refund=refund, **_line(item, items.count(item))))
        self.rows.tell(
            RefundRecorded(
                happened_at=at, customer_id=order.customer_id, refund_id=refund.pk, order_id=order.pk
            )
        )
        return refund

    def _enter(
        self,
        kind: str,
        amount: int,
        at: datetime,
        order: Order,
        talk: Conversation,
        staff: Staff,
        cause: Cause | None,
        source: tuple[str, str],
    ) -> Entry:
        entry = self.rows.add(
            Entry(
                cost_class="external_failure" if cause else "goodwill", kind=kind, cause=cause, own_currency=CURRENCY,
                booked=amount, currency=CURRENCY, amount=amount, customer=talk.customer, order=order,
                conversation_id=talk.pk, staff=staff, place=order.place, happened_at=at, booked_at=at,
                source_kind=source[0], source_key=source[1],
            )
        )  # fmt: skip
        self.rows.tell(booked_event(entry, actor_id=staff.pk, silent=True))
        return entry

    def _book_time(self, answer: Message) -> None:
        sent_at = answer.delivery.sent_at if answer.delivery else None
        at = min(sent_at or answer.happened_at, self.now)
        spent = min(
            REPLY_MINUTES if answer.minutes_spent is None else answer.minutes_spent, MOST_REPLY_MINUTES
        )
        low, middle, high = (
            round(HOURLY_RATE * minutes / 60)
            for minutes in (spent / 2, spent, min(2 * spent, MOST_REPLY_MINUTES))
        )
        entry = self.rows.add(
            Entry(
                cost_class="internal_failure", kind="staff_time", own_currency=CURRENCY, estimated_low=low,
                estimated=middle, estimated_high=high, method=_METHOD, currency=CURRENCY,
                customer=answer.conversation.customer, conversation_id=answer.conversation_id, staff=answer.staff,
                happened_at=at, booked_at=at, source_kind="reply", source_key=str(answer.pk),
            )
        )  # fmt: skip
        self.rows.tell(booked_event(entry, actor_id=None, silent=True))


def _line(item: Item, count: int) -> dict[str, str | int]:
    return {
        "sku": item.sku,
        "name": item.name,
        "quantity_thousandths": 1000 * count,
        "unit_price_e4": 10_000 * item.price,
        "amount": count * item.price,
    }
