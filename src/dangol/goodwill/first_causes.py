"""The causes that a new installation begins with: the four places where service breaks, each with examples to rename.

They are made in the business's language and are the business's own from then on, hence no catalogue has them.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Example:
    """A cause, words of customers by which it is proposed, and what makes it good as a rule, "" where that varies."""

    name: str
    words: tuple[str, ...] = ()
    examples: tuple["Example", ...] = ()
    remedy: str = ""


REDO: Final = "redo"
SHIPPING: Final = "shipping"


ENGLISH: Final = (
    Example(
        "The way of ordering",
        examples=(
            Example(
                "Order or menu misunderstood",
                ("wrong item", "wrong order", "not what i ordered", "ordered a"),
                remedy=REDO,
            ),
            Example("Website or payment", ("website", "checkout", "payment", "charged twice", "card was")),
            Example(
                "Something was missing",
                ("missing", "forgot", "left out", "without the", "incomplete"),
                remedy=REDO,
            ),
        ),
    ),
    Example(
        "How inquiries are handled",
        examples=(
            Example(
                "Nobody answered",
                ("no answer", "nobody answer", "no reply", "no response", "phone r", "still waiting"),
            ),
            Example(
                "Wrong or unclear answer", ("you told me", "confus", "unclear", "contradict", "you said")
            ),
        ),
    ),
    Example(
        "Expectations set and not met",
        examples=(
            Example(
                "Late",
                ("late", "delay", "took too long", "hour wait", "waited", "not arrived", "never arrived"),
                remedy=SHIPPING,
            ),
            Example(
                "Cold or poor quality",
                ("cold", "stale", "soggy", "burnt", "raw", "quality", "tasteless"),
                remedy=REDO,
            ),
            Example(
                "Broken or damaged",
                ("broken", "broke", "damag", "leak", "crushed", "spilled", "torn"),
                remedy=REDO,
            ),
        ),
    ),
    Example(
        "How one is treated afterwards",
        examples=(
            Example("Unfriendly", ("rude", "unfriendly", "attitude", "impolite", "ignored", "disrespect")),
            Example(
                "Complaint not taken seriously",
                ("complain", "third time", "again and again", "nobody cares", "refus"),
            ),
        ),
    ),
)
KOREAN: Final = (
    Example(
        "주문 과정",
        examples=(
            Example(
                "주문이나 메뉴를 잘못 앎",
                ("다른메뉴", "잘못왔", "잘못나", "시킨게아니", "주문한것과", "주문한게"),
                remedy=REDO,
            ),
            Example("홈페이지나 결제", ("홈페이지", "결제", "카드", "두번청구", "로그인")),
            Example("빠진 것이 있음", ("빠졌", "빠져", "없었", "누락", "안들어", "빼먹"), remedy=REDO),
        ),
    ),
    Example(
        "문의 응대",
        examples=(
            Example(
                "답이 없음", ("답이없", "답장이없", "답변이없", "전화를안", "안받", "연락이없", "연락이안")
            ),
            Example(
                "답이 틀리거나 분명하지 않음", ("말이다르", "헷갈", "다르게안내", "잘못안내", "된다고했")
            ),
        ),
    ),
    Example(
        "기대와 다름",
        examples=(
            Example("늦음", ("늦", "지연", "아직안", "안왔", "안와", "기다렸", "오래걸"), remedy=SHIPPING),
            Example(
                "식었거나 품질이 나쁨",
                ("식었", "식어", "차가", "눅눅", "상했", "탔", "맛이없", "품질"),
                remedy=REDO,
            ),
            Example(
                "깨졌거나 망가짐",
                ("깨졌", "깨져", "터졌", "터져", "망가", "파손", "쏟아", "찢어", "샜"),
                remedy=REDO,
            ),
        ),
    ),
    Example(
        "그 뒤의 대응",
        examples=(
            Example("불친절", ("불친절", "무례", "태도", "반말", "무시", "기분나")),
            Example(
                "불만을 진지하게 듣지 않음", ("항의", "몇번째", "또이런", "세번째", "두번째", "매번", "거절")
            ),
        ),
    ),
)


def first_causes(language: str) -> tuple[Example, ...]:
    """The tree in that language."""
    return KOREAN if language == "ko" else ENGLISH
