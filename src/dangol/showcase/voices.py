"""The two languages that are spoken at the counter."""

from typing import Final

from dangol.showcase import (
    words_en,
    words_en_regulars,
    words_en_trouble,
    words_ko,
    words_ko_regulars,
    words_ko_trouble,
)
from dangol.showcase.words import Voice

ENGLISH: Final = Voice(
    language="en",
    matters=words_en.VISITS + words_en_regulars.REGULARS + words_en_trouble.TROUBLE,
    greetings=("Hi,", "Hello,", "Hi there,", "Dear Moon Burger team,", "", "", "Good evening,"),
    partings=(
        "Thanks,\n{name}",
        "Best,\n{name}",
        "{name}",
        "Kind regards,\n{name}",
        "",
        "Thank you!\n{name}",
    ),
    hello=("Hi {name},", "Hello {name},", "Dear {name},", "Hi {name}, thank you for writing."),
    thanks=(
        "Perfect, thank you!",
        "Thank you for the quick answer.",
        "That helps a lot.",
        "Great, thanks a million.",
        "Wonderful. Until soon!",
        "Ok, thank you. That's more than I expected.",
    ),
    nudges=(
        "Hello? Did my mail arrive?",
        "I still haven't heard from you. Could somebody look at this, please?",
        "Just making sure this hasn't got lost.",
    ),
    asked_on=(
        "Thank you. And until when are you there tonight?",
        "Good to know. Can I pay by card?",
        "One more thing: may I also come a little later?",
    ),
    welcomes=(
        "You're welcome. Until soon!",
        "With pleasure. Say hello when you are here.",
        "Gladly. Enjoy your evening.",
    ),
    gaps={
        "dish": (
            "Moon Classic",
            "Double Moon",
            "Crater Chili",
            "Eclipse Veggie",
            "Kimchi Tide",
            "Shrimp Comet",
        ),
        "side": ("sweet potato fries", "fries", "corn ribs", "curly fries"),
        "drink": ("barley tea", "lemonade", "ginger ale", "iced tea"),
        "day": ("Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        "hour": ("noon", "12:30", "1 pm", "6 pm", "6:30", "7 pm", "7:30"),
    },
)

KOREAN: Final = Voice(
    language="ko",
    matters=words_ko.VISITS + words_ko_regulars.REGULARS + words_ko_trouble.TROUBLE,
    greetings=("안녕하세요.", "안녕하세요,", "안녕하세요! 문버거 단골입니다.", "", "", "수고 많으십니다."),
    partings=(
        "감사합니다.\n{name} 드림",
        "감사합니다.",
        "{name} 드림",
        "",
        "부탁드립니다.",
        "확인 부탁드려요. {name}",
    ),
    hello=("{name}님, 안녕하세요.", "{name}님 안녕하세요, 문버거입니다.", "{name}님, 메일 감사합니다."),
    thanks=(
        "네, 감사합니다!",
        "빠른 답변 감사합니다.",
        "아 그렇군요. 친절하게 알려 주셔서 감사해요.",
        "네, 확인했습니다. 또 주문할게요!",
        "이렇게까지 해 주실 줄은 몰랐어요. 감사합니다.",
        "네 알겠습니다. 좋은 하루 보내세요.",
    ),
    nudges=(
        "혹시 메일 받으셨을까요?",
        "아직 답을 못 받아서 다시 보냅니다. 확인 부탁드려요.",
        "바쁘신 것 같은데 언제쯤 답을 받을 수 있을까요?",
    ),
    asked_on=(
        "감사합니다. 오늘은 몇 시까지 계시나요?",
        "네, 알겠습니다. 카드로 결제해도 되나요?",
        "하나만 더 여쭤볼게요. 조금 늦게 가도 괜찮을까요?",
    ),
    welcomes=(
        "별말씀을요. 또 뵙겠습니다!",
        "저희가 감사합니다. 오시면 인사 나눠요.",
        "네, 좋은 저녁 보내세요.",
    ),
    gaps={
        "dish": (
            "문 클래식 버거",
            "더블문 버거",
            "크레이터 칠리버거",
            "이클립스 버거",
            "김치 타이드 버거",
            "새우 코멧 버거",
        ),
        "side": ("고구마튀김", "감자튀김", "코울슬로", "옥수수구이"),
        "drink": ("보리차", "레모네이드", "진저에일", "유자차"),
        "day": ("화요일", "수요일", "목요일", "금요일", "토요일", "일요일"),
        "hour": ("열두 시", "열두 시 반", "오후 한 시", "저녁 여섯 시", "여섯 시 반", "저녁 일곱 시"),
    },
)

VOICES: Final = {voice.language: voice for voice in (ENGLISH, KOREAN)}
