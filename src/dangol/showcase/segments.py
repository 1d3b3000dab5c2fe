"""Whom Moon Burger serves in which way: segments with playbooks, made by the commands that a page calls."""

from datetime import datetime
from typing import Final

from dangol.segments.commands import Playbook, make_segment
from dangol.segments.following import count_everybody
from dangol.segments.renewing import renew_further
from dangol.segments.rules import All, Number, Rule

_REGULARS: Final = Number("orders", "at_least", 6, in_year=True)
_QUIET: Final = All((Number("orders", "at_least", 2), Number("last_order", "at_least", 30)))
_NEW: Final = All((Number("tenure", "at_most", 30), Number("orders", "at_most", 1)))
_SEGMENTS: Final[dict[str, tuple[tuple[str, Rule, Playbook], ...]]] = {
    "en": (
        (
            "Regulars",
            _REGULARS,
            Playbook(
                first_promise_minutes=15,
                greeting="By the name, as at the counter",
                tone="Like somebody you know",
                limit_an_act=20_000,
                limit_a_month=50_000,
                to_do="Make it good first, ask afterwards\nSay what we remember of the last order",
                not_to_do="No ready-made texts",
            ),
        ),
        (
            "Gone quiet",
            _QUIET,
            Playbook(
                tone="Warm, and without reproach",
                to_do="Ask whether something went wrong the last time",
                not_to_do="No coupon before they have answered",
            ),
        ),
        (
            "New this month",
            _NEW,
            Playbook(
                greeting="Welcome to Moon Burger",
                to_do="Say who you are and when we are open",
                not_to_do="No inside words: they don’t know our menu yet",
                limit_an_act=8_000,
            ),
        ),
    ),
    "ko": (
        (
            "단골",
            _REGULARS,
            Playbook(
                first_promise_minutes=15,
                greeting="매장에서처럼 이름을 불러 드립니다",
                tone="잘 아는 분께 하듯이",
                limit_an_act=20_000,
                limit_a_month=50_000,
                to_do="먼저 해결해 드리고 나중에 여쭙니다\n지난 주문에서 기억나는 것을 말씀드립니다",
                not_to_do="준비된 문구를 쓰지 않습니다",
            ),
        ),
        (
            "뜸해진 손님",
            _QUIET,
            Playbook(
                tone="따뜻하게, 탓하지 않고",
                to_do="지난번에 불편한 점이 있었는지 여쭙니다",
                not_to_do="답을 듣기 전에 쿠폰부터 드리지 않습니다",
            ),
        ),
        (
            "이번 달 새 손님",
            _NEW,
            Playbook(
                greeting="문버거에 오신 것을 환영합니다",
                to_do="누가 답하는지, 언제 여는지 말씀드립니다",
                not_to_do="아직 메뉴를 모르시니 우리끼리 쓰는 말은 피합니다",
                limit_an_act=8_000,
            ),
        ),
    ),
}


def draw_segments(language: str, at: datetime) -> None:
    """Count everybody, and make the segments; the shop and its past are there."""
    count_everybody(at=at)
    for name, rule, playbook in _SEGMENTS[language]:
        make_segment(actor=None, name=name, rule=rule, playbook=playbook, at=at)
    while renew_further(at=at):
        pass
