"""What customers wished for and did not simply get: refused, asked for above a limit, granted less.

By the commands that staff use, once the past is written, so that the tightrope and Today have something to say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from dangol.customers.models import Customer
from dangol.goodwill.commands.deciding import approve_wish, refuse_wish
from dangol.goodwill.commands.entries import About
from dangol.goodwill.commands.giving import Remedy, decline_wish, give_goodwill
from dangol.goodwill.commands.policy import Policy, change_giving
from dangol.goodwill.models import Cause, GivingPolicy, Kind, Wish
from dangol.inbox.models import Conversation
from dangol.orders.models import Order
from dangol.showcase.books import COMPLAINTS
from dangol.staff.models import Role, Staff

AN_ACT: Final = 15_000
A_MONTH: Final = 40_000
_SAID: Final = timedelta(minutes=4)  # after the last word of the matter
_DECIDED: Final = timedelta(minutes=16)


@dataclass(frozen=True)
class Played:
    """A wish: how it ends ("no" at once, "refused" or "yes" by who may), what, for how much, how much is granted."""

    ends: str
    kind: Kind
    amount: int
    granted: int
    words: tuple[str, str]  # English, Korean


_WISHES: Final = (
    Played("no", Kind.DISCOUNT, 8_000, 0, ("Half off the next time", "다음 주문 반값 할인")),
    Played("yes", Kind.FREE_ITEM, 26_000, 18_000, ("Dinner for two", "2인 저녁 식사")),
    Played("no", Kind.FREE_ITEM, 4_500, 0, ("A free side for waiting", "기다린 대신 무료 사이드")),
    Played("refused", Kind.GIFT, 45_000, 0, ("A voucher of ₩45,000", "45,000원 상품권")),
    Played("no", Kind.SHIPPING, 3_000, 0, ("Free delivery from now on", "앞으로 무료 배달")),
    Played("yes", Kind.REDO, 19_000, 19_000, ("The whole order again", "주문 전체 다시 만들기")),
)
_TIMES: Final = 3  # so often all of them
_OPEN: Final = Played("asked", Kind.REDO, 21_500, 0, ("The whole order again", "주문 전체 다시 만들기"))


def play_wishes(now: datetime) -> None:
    """Set what agents may give at once, and play the wishes of the past and one that waits for a yes now."""
    staff = {role: list(Staff.objects.filter(role=role, is_active=True).order_by("pk")) for role in Role}
    owner, agents = staff[Role.OWNER][0], staff[Role.AGENT]
    language = 1 if owner.language == "ko" else 0
    _set_limits(owner, now)
    causes = list(Cause.objects.exclude(parent=None).order_by("pk"))
    talks = _quiet_talks(now, len(_WISHES) * _TIMES)
    for number, talk in enumerate(talks):
        played = _WISHES[number % len(_WISHES)]
        agent = agents[number % len(agents)]
        cause = causes[number % len(causes)] if played.ends == "yes" and causes else None
        about = About(cause, talk.customer, _order_before(talk.customer, talk.last_message_at), talk.pk)
        _play(played, number, agent, owner, staff[Role.MANAGER], about, talk.last_message_at, language)
    # Of the two complaints the one whose words propose nothing here: beside the other stands what is suggested.
    waiting = Conversation.objects.filter(state="waiting", merged_into=None, subject=COMPLAINTS[1 - language])
    if asked := waiting.select_related("customer").first():
        about = About(None, asked.customer, _order_before(asked.customer, now), asked.pk)
        at = min(now, asked.last_message_at + _SAID)
        give_goodwill(
            actor=agents[0],
            remedy=_remedy(_OPEN, language),
            about=about,
            key=uuid5(NAMESPACE_URL, "open"),
            at=at,
        )


def _play(
    played: Played,
    number: int,
    agent: Staff,
    owner: Staff,
    managers: list[Staff],
    about: About,
    said_at: datetime,
    language: int,
) -> None:
    at, key = said_at + _SAID, uuid5(NAMESPACE_URL, f"moon burger wish {number}")
    remedy = _remedy(played, language)
    if played.ends == "no":
        decline_wish(actor=agent, remedy=remedy, about=about, key=key, at=at)
        return
    wish = give_goodwill(actor=agent, remedy=remedy, about=about, key=key, at=at)
    if wish.state != Wish.State.ASKED:
        return
    if played.ends == "refused":
        refuse_wish(actor=(managers or [owner])[0], wish=wish, at=at + _DECIDED)
    else:
        approve_wish(actor=owner, wish=wish, amount=played.granted, at=at + _DECIDED)


def _remedy(played: Played, language: int) -> Remedy:
    return Remedy(played.kind, played.amount, what=played.words[language])


def _set_limits(owner: Staff, now: datetime) -> None:
    kept = GivingPolicy.objects.get()
    policy = Policy(
        limits={Role.AGENT: (AN_ACT, A_MONTH)},
        budget_a_month=kept.budget_a_month,
        hourly_rate=kept.hourly_rate,
        reply_minutes=kept.reply_minutes,
        most_reply_minutes=kept.most_reply_minutes,
    )
    change_giving(actor=owner, policy=policy, at=now)


def _quiet_talks(now: datetime, count: int) -> Iterator[Conversation]:
    """So many finished matters in which nothing was given, evenly over the past."""
    given = Wish.objects.exclude(conversation_id=None).values_list("conversation_id", flat=True)
    rows = Conversation.objects.filter(
        merged_into=None, is_machine=False, state="done", last_message_at__lt=now - timedelta(days=1)
    ).exclude(pk__in=list(given))
    ids = list(rows.order_by("last_message_at", "pk").values_list("pk", flat=True))
    chosen = ids[:: max(1, len(ids) // count)][:count]
    yield from (
        Conversation.objects.filter(pk__in=chosen)
        .select_related("customer")
        .order_by("last_message_at", "pk")
    )


def _order_before(customer: Customer, at: datetime) -> Order | None:
    theirs = Order.objects.filter(customer=customer, ordered_at__lte=at, cancelled_at=None)
    return theirs.order_by("-ordered_at", "-pk").first()
