"""Made-up mails that are like real ones to an index: sentences over a vocabulary of some 45,000 words, of which few
are common and most are rare (Zipf), a share of them Korean; names, order numbers and addresses. The same seed makes
the same mails.
"""

import random
from collections.abc import Callable, Iterator
from itertools import accumulate, islice

# fmt: off
ENGLISH = [
    "the", "to", "i", "my", "a", "and", "you", "is", "for", "it", "of", "in", "have", "not", "this", "was",
    "on", "we", "your", "with", "me", "but", "order", "that", "when", "will", "be", "please", "still",
    "would", "can", "are", "do", "from", "so", "has", "get", "order", "number", "thank", "been", "they",
    "at", "what", "there", "if", "just", "know", "received", "as", "how", "or", "our", "out", "any", "one",
    "could", "now", "no", "am", "about", "delivery", "help", "back", "after", "all", "had", "did", "two",
    "week", "money", "like", "time", "day", "only", "refund", "again", "same", "waiting", "wrong",
    "website", "yesterday", "address", "box", "burger", "table", "today", "never", "arrived", "card",
    "cold", "late",
]
KOREAN_STEMS = [
    "주문", "배송", "확인", "연락", "문의", "환불", "상품", "결제", "취소", "교환", "포장", "예약", "매장",
    "버거", "감자", "음료", "쿠폰", "주소", "번호", "시간", "오늘", "어제", "내일", "고객", "사장", "직원",
    "답변", "메일", "사진", "영수증", "카드", "포인트", "선물", "친구", "가족", "아이", "맛", "가격",
    "할인", "행사", "이벤트", "사이트", "로그인", "비밀번호", "택배", "도착",
]
KOREAN_ENDINGS = [
    "을", "를", "이", "가", "은", "는", "에", "도", "로", "으로", "에서", "했는데", "했어요", "해주세요",
    "합니다", "입니다", "이에요", "인데요", "하고", "까지", "부터",
]
SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍"
GIVEN = "가나다라마바사아자하민서지현수영준호은혜진우성연태경재희윤"
# fmt: on
PHRASES = ("still waiting for", "thank you very much", "money back please", "never arrived again")
KOREAN_WORDS = ("환불", "쿠폰", "영수", "택배", "포장", "주문")
COMMON = ("order", "the", "you", "please", "refund", "delivery", "my")


class Corpus:
    """An endless stream of mails, names and subjects."""

    def __init__(self, rng: random.Random, korean_share: float, sentences: int = 20_000) -> None:
        self.rng = rng
        self.korean_share = korean_share
        self.english_rare = [self._made_up() for _ in range(30_000)]
        self.korean_rare = [self._made_up_korean() for _ in range(15_000)]
        self.english = self._sentences(ENGLISH, self.english_rare, sentences, self._english_sentence)
        self.korean = self._sentences(KOREAN_STEMS, self.korean_rare, sentences, self._korean_sentence)

    def mails(self) -> Iterator[str]:
        """Mails of about 450 bytes, a few much longer."""
        for number in range(1, 2**62):
            yield self.mail(self.rng.random() < self.korean_share, number)

    def mail(self, is_korean: bool, number: int) -> str:
        """One of them, with an order number made of `number`."""
        rng = self.rng
        length = min(60, 1 + int(rng.lognormvariate(1.7, 0.6)))
        parts = rng.choices(self.korean if is_korean else self.english, k=length)
        person = rng.choice(self.english_rare)
        if is_korean:
            end = f"감사합니다. {rng.choice(self.korean_rare)} 드림 {person}@example.com"
            return f"안녕하세요. {' '.join(parts)}\n주문번호 MB-{number * 7 % 999_983}\n{end}"
        end = (
            f"Kind regards,\n{person.title()} {rng.choice(self.english_rare).title()} <{person}@example.com>"
        )
        return f"Hello,\n{' '.join(parts)}\nOrder MB-{number * 7 % 999_983}. {end}"

    def subject(self, is_korean: bool) -> str:
        """A short line."""
        return self.rng.choice(self.korean if is_korean else self.english)[:60]

    def person(self, is_korean: bool) -> str:
        """A name: 김서연, Lovi Tapek."""
        rng = self.rng
        if is_korean:
            return rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(GIVEN)
        return f"{rng.choice(self.english_rare).title()} {rng.choice(self.english_rare).title()}"

    def _sentences(
        self, common: list[str], rare: list[str], count: int, make: Callable[[Iterator[str]], str]
    ) -> list[str]:
        words = common + rare
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))

        def stream() -> Iterator[str]:
            while True:
                yield from self.rng.choices(words, cum_weights=weights, k=1_000)

        source = stream()
        return [make(source) for _ in range(count)]

    def _english_sentence(self, source: Iterator[str]) -> str:
        words = list(islice(source, self.rng.randint(5, 16)))
        if self.rng.random() < 0.05:
            words[2:2] = [self.rng.choice(PHRASES)]
        return " ".join(words).capitalize() + self.rng.choice(".....?!")

    def _korean_sentence(self, source: Iterator[str]) -> str:
        words = islice(source, self.rng.randint(3, 8))
        return " ".join(word + self.rng.choice(KOREAN_ENDINGS) for word in words) + "."

    def _made_up(self) -> str:
        pairs = (
            self.rng.choice("bcdfghklmnprstvw") + self.rng.choice("aeiou")
            for _ in range(self.rng.randint(2, 4))
        )
        return "".join(pairs) + self.rng.choice(["", "n", "s", "ry", "ck"])

    def _made_up_korean(self) -> str:
        return "".join(
            chr(0xAC00 + self.rng.randrange(19 * 21) * 28 + self.rng.choice([0, 0, 4, 8, 21]))
            for _ in range(3)
        )
