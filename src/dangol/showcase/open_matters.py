"""What is open at Moon Burger right now, word by word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from dangol.showcase import people
from dangol.showcase.people import Person
from dangol.showcase.pictures import torn_box


@dataclass(frozen=True)
class Told:
    """An earlier matter of somebody of the cast: so many days ago, what was asked, who answered what."""

    person: Person
    days_ago: int
    subject: str
    text: str
    who: str
    answer: str
    thanks: str = ""


@dataclass(frozen=True)
class Waiting:
    """Somebody who waits: since so many minutes, of opening time where `is_opening_time`."""

    person: Person
    minutes: int
    subject: str
    text: str
    is_opening_time: bool = False
    is_catering: bool = False
    # What Hana has noted, by the shop's language, and to whom she gave it.
    notes: Mapping[str, str] = field(default_factory=dict)
    assignee: str = ""
    picture: tuple[str, Callable[[], bytes]] | None = None
    # Where it goes on from an answer: (text of the customer before, who answered, the answer).
    before: tuple[str, str, str] | None = None


TOLD: Final = (
    Told(
        people.SORA,
        61,
        "Found my new Friday place",
        "I've brought three friends in two weeks and all of them want to move here now. The Kimchi Tide is the best"
        " thing in the neighbourhood. Just wanted you to know.",
        "minji",
        "Hi Sora,\n\nyou have no idea how good that is to read on a Monday. I've told the kitchen, and Dongsuk asks"
        " which of the three wants his recipe.\n\nThe next round of barley tea is mine.",
        "Ha! None of them can cook. See you on Friday.",
    ),
    Told(
        people.SORA,
        19,
        "Order 1873: drink missing",
        "My drink was missing tonight. No drama, but it's the first time that I have to write to you.",
        "hana",
        "Hi Sora,\n\nthat was me, I forgot it while packing. The drink is paid back, and the next one is on us.",
    ),
    Told(
        people.SORA,
        5,
        "Cold again",
        "Order 1990 came cold, fries and burger. I waited fifty minutes for it. I like you a lot, but that was the"
        " second time this month.",
        "tom",
        "Hi Sora,\n\nI'm sorry your dinner came cold. Two riders were late at once and your order stood on the counter."
        " It is paid back in full. From now on we make it again when it has waited five minutes.",
        "Thank you, Tom. Let's see.",
    ),
    Told(
        people.JIHOON,
        44,
        "골드 등급 혜택 문의",
        "골드 등급이 되었다고 메일이 왔는데 무엇이 달라지나요?",
        "hana",
        "박지훈님, 안녕하세요.\n\n축하드립니다! 골드부터는 포인트가 두 배로 쌓이고, 매달 무료배송 쿠폰을 드립니다."
        " 주문이 밀리는 저녁에도 먼저 구워 드려요.",
        "와, 감사합니다. 아이들이 좋아하겠네요.",
    ),
    Told(
        people.ANA,
        33,
        "Office lunch, 24 people",
        "Could you do lunch for 24 on Thursday, 12:30, a third without meat? Same address as in summer.",
        "dongsuk",
        "Dear Ana,\n\n24 it is: sixteen Moon Classic, eight Eclipse Veggie, sweet potato fries and barley tea, 14,500"
        " won a head. Two of us bring it and hand it out.",
        "Perfect, thank you. See you on Thursday.",
    ),
    Told(
        people.SEOYEON,
        26,
        "아이 생일 주문",
        "토요일에 아이 생일이라 하프문 버거 여덟 개를 부탁드려요. 깃발도 꽂아 주실 수 있나요?",
        "hana",
        "이서연님, 안녕하세요.\n\n하프문 여덟 개에 깃발 여덟 개 준비하겠습니다. 아이 이름을 알려 주시면 깃발에 적어"
        " 드릴게요. 생일 축하해요!",
        "이름은 도윤이에요. 정말 감사합니다!",
    ),
)

WAITING: Final = (
    Waiting(
        people.SORA,
        41,
        "Cold burger, and nobody answered the phone",
        "Third time this month. The burger was cold, the drink was missing and I let the phone ring for ten minutes."
        " I used to tell everyone about you.\n\nSora",
        is_opening_time=True,
        notes={
            "en": "My mistake, the drink was on the counter. The phone was off the hook the whole lunch."
            " @Minji I'd like to call her myself.",
            "ko": "제 실수예요. 음료를 카운터에 두고 포장했어요. 점심 내내 수화기도 내려져 있었고요."
            " @민지 제가 직접 전화드리고 싶어요.",
        },
        assignee="minji",
    ),
    Waiting(
        people.JAMES,
        24,
        "Can I move tomorrow's tasting to 3 pm?",
        "Hi,\n\nwe spoke on the phone about the tasting for our wedding. My train is late tomorrow, could we make it"
        " 3 pm instead of noon? There are three of us, my mother comes along.\n\nBest,\nJames Lee",
        is_opening_time=True,
    ),
    Waiting(
        people.JIHOON,
        6,
        "포인트로 무료배송 쿠폰 바꿀 수 있나요?",
        "안녕하세요.\n\n포인트가 2,140점 쌓였는데 무료배송 쿠폰으로 바꿀 수 있나요? 앱에서는 메뉴를 못 찾겠어요."
        " 내일 아이 친구들이 와서 주문하려고 합니다.\n\n박지훈 드림",
    ),
    Waiting(
        people.ANA,
        4,
        "Invoice for the office lunch",
        "Thank you. One more thing: our accounting needs the registration number on it, 123-45-67890. Could you send it"
        " again today? We close the month tonight.\n\nBest,\nAna",
        is_catering=True,
        before=(
            "Could you send me the invoice for the lunch on Thursday?\n\nBest,\nAna Reyes",
            "hana",
            "Dear Ana,\n\nit is on its way from our accounting and should be with you in a minute.",
        ),
    ),
    Waiting(
        people.TOM_WU,
        2,
        "Is the bun gluten free?",
        "Hello, is the bun of the Moon Classic gluten free, or do you have another one? Asking for my daughter, and for"
        " tonight.\n\nTom Wu",
    ),
    Waiting(
        people.SEOYEON,
        1,
        "사진처럼 포장이 터져서 왔어요",
        "안녕하세요.\n\n방금 받았는데 사진처럼 상자가 찢어져서 버거 소스가 다 샜어요. 보리차는 괜찮은데 아이 옷에"
        " 묻었습니다."
        " 다음에는 봉투를 하나 더 씌워 주시면 좋겠어요.\n\n이서연 드림",
        picture=("포장.png", torn_box),
    ),
)

RETURNED_TO: Final = people.Person("Minsu Ryu", "minsu.ryu@gmial.example", "en", "plain")
RETURNED_ASKED: Final = (
    "Job application",
    "Hello, I saw the note on your door. I'm a student and could work on Friday and Saturday evenings. I can start next"
    " week.\n\nMinsu Ryu",
)
RETURNED_ANSWER: Final = (
    "Hi Minsu,\n\nFriday and Saturday would be a great help. Come by tomorrow after three, then it is quiet, and ask"
    " for me."
)

# What the cast answers to the first reply, and to the second.
WRITE_BACK: Final = {
    people.SORA.address: (
        "Thank you for calling it what it was. If the next one comes warm, I'm yours again.\n\nSora",
        "Deal. Friday, as always.",
    ),
    people.JAMES.address: (
        "Great, 3 pm it is. Is there anything vegetarian in the tasting? My mother eats no meat.\n\nJames",
        "Perfect, thank you so much. See you tomorrow!",
    ),
    people.JIHOON.address: ("바로 답해 주셔서 감사합니다. 내일 주문할 때 써 볼게요.\n\n박지훈 드림",),
    people.ANA.address: ("Got it, thank you. Accounting is happy, and so am I.\n\nAna",),
    people.TOM_WU.address: (
        "Thanks for the quick answer. Then three of us come at seven. Could we sit at the window?\n\nTom Wu",
        "Wonderful. See you tonight.",
    ),
    people.SEOYEON.address: ("이렇게 빨리 답을 주실 줄 몰랐어요. 감사합니다. 다음에도 주문할게요!",),
}
