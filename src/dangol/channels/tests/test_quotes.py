"""What is new in a reply, in English and Korean, from the programs that people use."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.channels.email.quotes import fold, quoted_part, split

HISTORY = {
    "gmail": "On Sat, Nov 21, 2026 at 3:12 PM Moon Burger <hi@moon.example> wrote:\n\n> Hello\n> there",
    "gmail wrapped": "On Sat, Nov 21, 2026 at 3:12 PM Moon Burger <\nhi@moon.example> wrote:\n\n> Hello",
    "gmail korean": "2026년 11월 21일 (토) 오후 3:12, 문버거 <hi@moon.example>님이 작성:\n\n> 안녕하세요",
    "gmail korean wrapped": "2026년 11월 21일 (토) 오후 3:12, 문버거 <\nhi@moon.example>님이 작성:\n\n> 안녕하세요",
    "gmail old": "2026-11-21 15:12 GMT+09:00 문버거 <hi@moon.example>:\n\n> 안녕하세요",
    "apple mail": "On Nov 21, 2026, at 3:12 PM, Moon Burger <hi@moon.example> wrote:\n\nHello",
    "apple mail quoted": "> On 21 Nov 2026, at 15:12, Moon Burger <hi@moon.example> wrote:\n>\n> Hello",
    "iphone korean": "나의 iPhone에서 보냄\n\n2026. 11. 21. 오후 3:12, 문버거 <hi@moon.example> 작성:\n\n> 안녕하세요",
    "iphone": "Sent from my iPhone\n\nOn Nov 21, 2026, at 3:12 PM, Moon Burger <hi@moon.example> wrote:\n\n> Hello",
    "outlook": "From: Moon Burger <hi@moon.example>\nSent: Saturday, November 21, 2026 3:12 PM\n"
    "To: Sora\nSubject: RE: order\n\nHello",
    "outlook korean": "________________________________\n보낸 사람: 문버거 <hi@moon.example>\n"
    "보낸 날짜: 2026년 11월 21일 토요일 오후 3:12\n받는 사람: 소라\n제목: RE: 주문\n\n안녕하세요",
    "outlook old": "-----Original Message-----\nFrom: Moon Burger\nSent: Saturday\nTo: Sora\nSubject: order\n\nHello",
    "outlook old korean": "-----원본 메시지-----\n보낸 사람: 문버거\n"
    "보낸 날짜: 토요일\n받는 사람: 소라\n제목: 주문\n\n안녕하세요",
    "naver": '-----Original Message-----\nFrom: "문버거"<hi@moon.example>\nTo: "소라"<so@naver.example>;\nCc:\n'
    "Sent: 2026-11-21 (토) 15:12:33 (GMT+09:00)\nSubject: 주문\n\n안녕하세요",
    "daum": "--------- 원본 메일 ---------\n보낸사람: 문버거 <hi@moon.example>\n받는사람: <sora@daum.example>\n"
    "날짜: 2026년 11월 21일 토요일, 15시 12분 33초 +0900\n제목: 주문\n\n안녕하세요",
    "samsung": "내 Galaxy에서 보냄\n\n-------- 원본 이메일 --------\n발신: 문버거 <hi@moon.example>\n"
    "날짜: 26/11/21 오후 3:12 (GMT+09:00)\n받은 사람: so@naver.example\n제목: 주문\n\n안녕하세요",
    "samsung english": "Sent from my Galaxy\n\n-------- Original message --------\nFrom: Moon Burger\n"
    "Date: 11/21/26 3:12 PM\n"
    "To: Sora\nSubject: order\n\nHello",
    "thunderbird": "On 11/21/26 15:12, Moon Burger wrote:\n> Hello\n> there",
    "thunderbird korean": "2026-11-21 오후 3:12에 문버거 이(가) 쓴 글:\n> 안녕하세요",
    "webmail before": "---------[ 받은 메일 내용 ]----------\n제목 : 주문\n날짜 : 11/21\n"
    "보낸이 : 문버거\n받는이 : 소라\n\n안녕",
    "yandex": '21.11.2026, 15:12, "Moon Burger" <hi@moon.example>:\n\n> Привет',
    "plain quote": "> Hello\n> there",
    "german": "Am 21.11.2026 um 15:12 schrieb Moon Burger <hi@moon.example>:\n> Hallo",
    "french": "Le 21 nov. 2026 à 15:12, Moon Burger <hi@moon.example> a écrit :\n\n> Bonjour",
    "spanish": "El sáb, 21 nov 2026 a las 15:12, Moon Burger (<hi@moon.example>) escribió:\n\n> Hola",
    "japanese": "2026年11月21日(土) 15:12 Moon Burger <hi@moon.example>:\n\n> こんにちは",
    "chinese": "在 2026年11月21日，下午3:12，Moon Burger <hi@moon.example> 写道：\n\n> 你好",
    "signature": "-- \nSora Kim\n010-0000-0000",
    "galaxy signature": "삼성 갤럭시 스마트폰에서 보냈습니다.",
    "outlook for android korean": "Android용 Outlook 다운로드<https://aka.ms/AAb9ysg>",
    "outlook for ios": "Get Outlook for iOS<https://aka.ms/o0ukef>",
}


@pytest.mark.parametrize("history", HISTORY.values(), ids=HISTORY.keys())
@pytest.mark.parametrize(
    "new", ["네, 감사합니다.", "Thank you!\n\nSee you at 7.\n\n- two burgers\n- one cola"]
)
def test_history_and_signature_are_folded(history: str, new: str) -> None:
    text = f"{new}\n\n{history}\n"
    assert split(text).new == new
    assert split(text).quoted == history.replace("-- \n", "--\n")


@pytest.mark.parametrize("history", ["gmail", "outlook korean", "naver"])
def test_line_ends_do_not_matter(history: str) -> None:
    assert fold(f"네\n\n{HISTORY[history]}".replace("\n", "\r\n")) == "네"


def test_answers_between_quoted_lines_are_kept_with_what_they_answer() -> None:
    text = (
        "답변드립니다.\n\n2026년 11월 21일 (토) 오후 3:12, 문버거 <hi@moon.example>님이 작성:\n\n"
        "> 몇 분이세요?\n네 명이요.\n\n> 몇 시에 오시나요?\n7시요.\n\n> 감사합니다.\n> 문버거 드림\n\n-- \n소라"
    )
    assert fold(text) == "답변드립니다.\n\n\n> 몇 분이세요?\n네 명이요.\n\n> 몇 시에 오시나요?\n7시요."


def test_answers_in_a_mail_that_begins_with_the_quotation_are_kept_too() -> None:
    text = "On Nov 21, 2026, at 3:12 PM, Moon <a@b.example> wrote:\n> When?\nAt 7.\n> How many?\nFour.\n> Thanks\n"
    assert fold(text) == "> When?\nAt 7.\n> How many?\nFour."


def test_an_answer_below_the_whole_quotation_stands_alone() -> None:
    assert fold("On 11/21/26 15:12, Moon wrote:\n> Hello\n> there\n\nThank you.") == "Thank you."


def test_where_all_would_be_folded_all_is_kept() -> None:
    for text in ("> Hello\n> there", "나의 iPhone에서 보냄", "-- \nSora", "\n\n", ""):
        assert fold(text) == text
        assert quoted_part(text) is None


def test_a_forwarded_mail_shows_what_was_forwarded() -> None:
    head = "---------- 전달된 메시지 ----------\n보낸사람: 소라 <a@b.c>\n날짜: 11/21\n제목: 식었어요\n받는사람: 지훈"
    assert fold(f"{head}\n\n햄버거가 식었어요.") == "햄버거가 식었어요."


@pytest.mark.parametrize(
    "text",
    [
        "Windows용 메일 앱이 안 열려요",
        "사진은 휴대폰으로 보냈습니다.",
        "주문서는 제 메일로 보냈습니다.",
        "저는 이렇게 작성했습니다:\n\n햄버거 두 개요",
        "On Nov 3 I wrote:\n\nPlease send two burgers.",
        "예약 문의\n\n날짜: 11월 21일\n시간: 7시\n인원: 4명",
        "Order:\n\n```\n# two\n####\nburgers\n```\n\nThanks",
        "a > b\n\nis what I mean",
        "Options:\n---\n1. cold\n2. warm\n\nWhich?\n\nI can wait.",
        "| 상품 | 수량 |\n| 버거 | 2 |",
        "My wife wrote: come at 7.",
    ],
)
def test_what_people_write_themselves_stays(text: str) -> None:
    assert fold(text) == text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["네", "", "> x", "-- ", "___", "On 11/21/26 15:12, A <a@b.c> wrote:", *HISTORY.values()]
        ),
        max_size=12,
    )
)
def test_every_line_is_new_or_quoted_and_none_is_lost(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    folded = split(text)
    if folded.quoted is None:
        assert folded.new.split() == text.split() or folded.new == text
    together = sorted((folded.new + "\n" + (folded.quoted or "")).split())
    assert together == sorted(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-11-21 10:00, a <b@c> wrote:\n> x\nanswer\n" * 6000,
        "--\n" * 100000,
        "From: a\n" * 37000,
        "hello world this is 12 <x\n" * 11000,
        ("-" * 390 + "\n") * 700,
        ("1 <a " + "wrote " * 60 + "\n") * 800,
    ],
)
def test_long_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    fold(text)
    assert time.process_time() - started < 4
