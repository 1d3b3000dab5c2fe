"""What is new in a reply, in English and Korean, from the programs that people use."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dangol.channels.email.parse import parse
from dangol.channels.email.patterns import words
from dangol.channels.email.quotes import fold, quoted_part, split
from dangol.channels.tests.growth import growth

HISTORY = {
    "gmail": "On Sat, Nov 21, 2026 at 3:12 PM Moon Burger <hi@moon.example> wrote:\n\n> Hello\n> there",
    "gmail wrapped": "On Sat, Nov 21, 2026 at 3:12 PM Moon Burger <\nhi@moon.example> wrote:\n\n> Hello",
    "gmail korean": "2026년 11월 21일 (토) 오후 3:12, 문버거 <hi@moon.example>님이 작성:\n\n> 안녕하세요",
    "gmail korean wrapped": "2026년 11월 21일 (토) 오후 3:12, 문버거 <\nhi@moon.example>님이 "
    "작성:\n\n> 안녕하세요",
    "gmail old": "2026-11-21 15:12 GMT+09:00 문버거 <hi@moon.example>:\n\n> 안녕하세요",
    "apple mail": "On Nov 21, 2026, at 3:12 PM, Moon Burger <hi@moon.example> wrote:\n\nHello",
    "apple mail quoted": "> On 21 Nov 2026, at 15:12, Moon Burger <hi@moon.example> wrote:\n>\n> Hello",
    "iphone korean": "나의 iPhone에서 보냄\n\n2026. 11. 21. 오후 3:12, 문버거 <hi@moon.example> "
    "작성:\n\n> 안녕하세요",
    "iphone": "Sent from my iPhone\n\nOn Nov 21, 2026, at 3:12 PM, Moon Burger <hi@moon.example> "
    "wrote:\n\n> Hello",
    "outlook": "From: Moon Burger <hi@moon.example>\nSent: Saturday, November 21, 2026 3:12 PM\n"
    "To: Sora\nSubject: RE: order\n\nHello",
    "outlook korean": "________________________________\n보낸 사람: 문버거 <hi@moon.example>\n"
    "보낸 날짜: 2026년 11월 21일 토요일 오후 3:12\n받는 사람: 소라\n제목: RE: 주문\n\n안녕하세요",
    "outlook old": "-----Original Message-----\nFrom: Moon Burger\nSent: Saturday\nTo: "
    "Sora\nSubject: order\n\nHello",
    "outlook old korean": "-----원본 메시지-----\n보낸 사람: 문버거\n"
    "보낸 날짜: 토요일\n받는 사람: 소라\n제목: 주문\n\n안녕하세요",
    "naver": '-----Original Message-----\nFrom: "문버거"<hi@moon.example>\nTo: '
    '"소라"<so@naver.example>;\nCc:\n'
    "Sent: 2026-11-21 (토) 15:12:33 (GMT+09:00)\nSubject: 주문\n\n안녕하세요",
    "daum": "--------- 원본 메일 ---------\n보낸사람: 문버거 <hi@moon.example>\n받는사람: "
    "<sora@daum.example>\n"
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
    "yandex without marks": '21.11.2026, 15:12, "Moon Burger" <hi@moon.example>:\n\nПривет',
    "gmail russian without marks": "сб, 21 нояб. 2026 г. в 15:12, Moon Burger <hi@moon.example>:\n\nПривет",
    "gmail vietnamese": "Vào Th 7, 21 thg 11, 2026 vào lúc 15:12 Moon <hi@moon.example> đã viết:\n\nXin chào",
    "outlook vietnamese": "Từ: Moon <hi@moon.example>\nĐã gửi: Thứ Bảy, 21 Tháng Mười Một 2026\n"
    "Tới: Sora\nChủ đề: order\n\nXin chào",
    "gmail hungarian": "Moon <hi@moon.example> ezt írta (időpont: 2026. nov. 21., Szo, 15:12):\n\nSzia",
    "gmail arabic": "في السبت، 21 نوفمبر 2026 في 3:12 م تمت كتابة ما يلي بواسطة Moon "
    "<hi@moon.example>:\n\nمرحبا",
    "gmail portuguese": "Em sáb., 21 de nov. de 2026 às 15:12, Moon <hi@moon.example> escreveu:\n\nOlá",
    "gmail italian": "Il giorno sab 21 nov 2026 alle ore 15:12 Moon <hi@moon.example> ha scritto:\n\nCiao",
    "apple dutch": "Op 21 nov 2026, om 15:12 heeft Moon <hi@moon.example> het volgende geschreven:\n\nHallo",
    "apple japanese": "iPhoneから送信\n\n2026/11/21 15:12、Moon <hi@moon.example>のメール:\n\nこんにちは",
    "netease": "---- 回复的原邮件 ----\n| 发件人 | Moon<hi@moon.example> |\n| 日期 | 2026年11月21日 |\n你好",
    "tencent": '------------------ Original ------------------\nFrom: "Moon"<hi@moon.example>;\n'
    "Date: Sat, Nov 21, 2026 03:12 PM\nSubject: order\n\nHello",
    "apple mail korean wrapped": "2026. 11. 21. 오후 3:12, 문버거 <hi@moon.example>\n작성:\n\n> 안녕하세요",
    "narrow space of newer programs": "2026년 11월 21일 (토) 오후\u202f3:12, 문버거 "
    "<hi@moon.example>님이 작성:\n\n> 안녕",
    "daum content": "--------- [원본 메일 내용] ---------\n제목 : 주문\n보낸이 : 문버거\n받는이 : "
    "소라\n\n안녕",
    "kakao": "2026년 11월 21일 (토) 15:12, 문버거 <hi@moon.example>님이 작성함:\n\n안녕하세요",
    "outlook mac korean": "보낸 사람: 문버거 <hi@moon.example>\n날짜: 2026년 11월 21일\n받는 사람: "
    "소라\n주제: 주문\n\n안녕",
    "outlook without addresses": "From: Moon\nSent: Saturday, November 21, 2026 3:12 PM\nTo: "
    "Sora\nSubject: x\n\nHi",
    "yahoo": "  On Saturday, November 21, 2026 at 03:12:33 PM GMT+9, Moon <hi@moon.example> wrote:\n\nHello",
    "yahoo on a phone": "Sent from Yahoo Mail on Android\n\n  On Sat, Nov 21, 2026 at 3:12 PM, "
    "Moon<hi@moon.example> wrote:   Hello",
    "proton": "Sent with Proton Mail secure email.\n\nOn Saturday, November 21st, 2026 at 3:12 PM, "
    "Moon <hi@moon.example> wrote:\n\n> Hello",
    "proton before": "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Saturday, November 21st, 2026 at 3:12 PM, "
    "Moon <hi@moon.example> wrote:\n\n> Hello",
    "zoho": "---- On Sat, 21 Nov 2026 15:12:33 +0900 Moon <hi@moon.example> wrote ---\n\nHello",
    "galaxy": "내 Galaxy에서 전송함",
    "outlook app korean": "iOS용 Outlook<https://aka.ms/o0ukef>에서 보냄",
    "outlook app korean link": "iOS용 Outlook <https://aka.ms/o0ukef> 받기",
    "windows mail korean": "Windows용 Mail에서 전송됨",
    "daum app": "Daum 메일앱에서 보냄",
    "superhuman": "Sent via Superhuman ( https://sprh.mn/?vip=x )",
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
        "> 몇 분이세요?\n네 명이요.\n\n> 몇 시에 오시나요?\n7시요.\n\n> 감사합니다.\n> 문버거 "
        "드림\n\n-- \n소라"
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
        "보낸 사람: 김소라\n받는 사람: 박지훈\n날짜: 11월 21일\n\n꽃다발 하나 부탁드려요.",
        "From: Seoul\nTo: Busan\nDate: 21 November\n\nTwo tickets please.",
        "Zeit: 15:12\nVon: Berlin\nAn: Hamburg\nDatum: 21.11.2026\n\nBitte ein Ticket.",
        "On 21 November 2026 at 15:12 my wife wrote:\n\nI want a refund.",
        "I ordered on Nov 21, 2026 at 3:12 PM, and support@moon.example wrote:\n\nIt comes.\n\nIt "
        "never came!",
        "어제 hi@moon.example로 메일을 보냈는데 답장에 이렇게 쓰셨습니다:\n\n환불이 안 "
        "됩니다.\n\n왜 안 되나요?",
        "Am 21.11.2026 um 15:12 schrieb ich Ihnen schon einmal und bekam keine Antwort.",
        "Sent from my office, the box arrived broken.",
        "감사합니다.\n\n-----\n추신: 콜라는 빼 주세요.\n그리고 감자튀김도요.",
        "On the menu it says:\n> no onions\nCan I have onions?",
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


PLAIN_WORDS = sorted(
    words(
        "네 주문 2026 11월 21일 15:12 오후 3시 소라 hi@moon.example From: 보낸 제목: 작성 wrote "
        "I the order "
        "- * 1. (2) | ok? http://moon.example/a & < = ~ , 감사합니다. Sent by 에서 버거"
    )
)
PLAIN_LINES = st.lists(st.sampled_from(PLAIN_WORDS), max_size=9).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(PLAIN_LINES, max_size=12).map("\n".join))
def test_a_mail_without_quotes_loses_nothing(text: str) -> None:
    # A rule at the end (- or *) says nothing, and stands among what is folded.
    folded = split(text)
    assert folded.new.split() == text.split() or re.fullmatch(r"[-*~=\s]+", folded.quoted or "")


def test_a_phone_s_line_above_the_quotation_does_not_hide_the_answer_below() -> None:
    head = "나의 iPhone에서 보냄\n\n2026. 11. 21. 오후 3:12, 문버거 <hi@moon.example> 작성:"
    assert fold(f"{head}\n\n> 몇 분이세요?\n> 문버거\n\n네 명이요.") == "네 명이요."
    assert (
        fold(f"{head}\n\n> 몇 분이세요?\n네 명이요.\n> 몇 시요?\n7시요.")
        == "> 몇 분이세요?\n네 명이요.\n> 몇 시요?\n7시요."
    )
    assert (
        fold(f"안녕하세요.\n\n{head}\n\n> 몇 분이세요?\n네 명이요.")
        == "안녕하세요.\n\n\n> 몇 분이세요?\n네 명이요."
    )


def test_a_quotation_that_begins_with_its_own_attribution_is_a_quotation() -> None:
    text = "> On 21 Nov 2026, at 15:12, Moon Burger <hi@moon.example> wrote:\n>\n> When?\n\nAt 7."
    assert fold(text) == "At 7."
    assert fold("> When?\n\nAt 7.") == "> When?\n\nAt 7."


def test_an_answer_stands_below_a_divider_and_an_attribution_too() -> None:
    head = "-------- Original Message --------\nOn 11/21/26 15:12, Moon Burger wrote:"
    assert fold(f"{head}\n\n> When?\n> Moon\n\nAt 7.") == "At 7."
    assert fold(f"Hello\n\n{head}\n\n> When?\nAt 7.\n> Moon") == "Hello\n\n\n> When?\nAt 7."


def test_of_a_text_beyond_reason_the_beginning_is_read() -> None:
    history = f"{HISTORY['gmail korean']}\n" + "> 안녕하세요\n" * 60_000
    folded = split(f"네\n\n{history}")
    assert folded.new == "네"
    assert folded.quoted == history.rstrip()
    assert split("네\n" * 200_000).quoted is None
    assert split("네" * 400_000).quoted is None


@pytest.mark.parametrize(
    "unit",
    [
        "> ", "a ", "\n", " \n", "--\n", "```\n", "From: a@b.c\nTo: x\n", "님이 작성:\n", "2026 "
    "10:00 a b c\n",
        "On 2026-11-21 10:00, a <b@c> wrote:\n> x\nanswer\n", "1 <a wrote wrote\n", "-" * 390 + "\n",
        "On x 2026 10:00 <a@b.c> \n", "10:00 " * 60 + "\n", "나의 iPhone에서 보냄\n",
    ],
)  # fmt: skip
def test_folding_takes_linear_time(unit: str) -> None:
    assert growth(lambda text: fold(f"x\n{text}"), unit, 8_000) < 10


HTML = {
    "gmail": '<div dir="ltr">NEW</div><br><div class="gmail_quote"><div class="gmail_attr">2026년 '
    "11월 21일 (토) 오후 3:12,"
    " 문버거 &lt;<a href='mailto:hi@moon.example'>hi@moon.example</a>&gt;님이 작성:<br></div>"
    '<blockquote class="gmail_quote">안녕<br></blockquote></div>',
    "gmail signature": 'NEW<br><br><div class="gmail_signature"><div>김소라</div><div>'
    "010-1234-5678</div></div>",
    "apple": '<div>NEW</div><br><blockquote type="cite"><div>2026. 11. 21. 오후 3:12, 문버거 '
    "&lt;hi@moon.example&gt; 작성:"
    "</div><br><div>안녕</div></blockquote>",
    "iphone": "NEW<br><div>나의 iPhone에서 보냄</div><div><br><blockquote>2026. 11. 21. 오후 3:12, 문버거"
    " &lt;hi@moon.example&gt; 작성:<br><br></blockquote></div><blockquote><div>안녕</div></blockquote>",
    "outlook": "<p class=MsoNormal>NEW<o:p></o:p></p><p><o:p>&nbsp;</o:p></p><div><p><b>From:</b> 문버거"
    " &lt;hi@moon.example&gt;<br><b>Sent:</b> Saturday<br><b>To:</b> 소라<br><b>Subject:</b> RE: "
    "주문</p></div><p>안녕</p>",
    "outlook web": "<div>NEW</div><div></div><hr><div><b>보낸 사람:</b> 문버거 &lt;hi@moon.example&gt;<br>"
    "<b>보낸 날짜:</b> 2026년 11월 21일<br><b>받는 사람:</b> 소라<br><b>제목:</b> 주문</div><div>안녕</div>",
    "outlook on a phone": '<div>NEW</div><div>Android용 <a href="https://aka.ms/AAb9ysg">Outlook</a>'
    " 다운로드</div><hr>"
    "<div><b>From:</b> 문버거 &lt;hi@moon.example&gt;<br><b>Sent:</b> x<br><b>To:</b> s<br><b>"
    "Subject:</b> x</div>안녕",
    "naver": "<p>NEW</p><p>&nbsp;</p><p>-----Original Message-----<br><b>From:</b> "
    '"문버거"&lt;hi@moon.example&gt;<br>'
    "<b>To:</b> 소라<br><b>Cc:</b><br><b>Sent:</b> 2026-11-21 (토)<br><b>Subject:</b> 주문</p><div>"
    "안녕</div>",
    "daum": "<p>NEW</p><div>--------- 원본 메일 ---------</div><table><tr><td>보낸사람</td><td>: "
    "문버거</td></tr>"
    "<tr><td>받는사람</td><td>: 소라</td></tr><tr><td>제목</td><td>: 주문</td></tr></table><div>안녕</div>",
    "samsung": "<div>NEW</div><div>내 Galaxy에서 보냄</div><div>-------- 원본 이메일 --------</div>"
    "<div>발신: 문버거</div>"
    "<div>날짜: 26/11/21</div><div>제목: 주문</div>안녕",
    "thunderbird": "<p>NEW</p><div class='moz-cite-prefix'>2026-11-21 오후 3:12에 문버거 이(가) 쓴 "
    "글:<br></div>"
    "<blockquote type='cite'>안녕</blockquote><div class='moz-signature'>-- <br>소라</div>",
    "yahoo": "<div>NEW</div><div>On Saturday, November 21, 2026 at 03:12 PM, Moon "
    "&lt;hi@moon.example&gt; wrote: </div>안녕",
    "proton": '<div>NEW</div><div>Sent with <a href="https://proton.me/">Proton Mail</a> secure '
    "email.</div><div><br></div>"
    "<div class='protonmail_quote'>On Saturday, November 21st, 2026 at 3:12 PM, Moon "
    "&lt;hi@moon.example&gt; wrote:<br>"
    "<blockquote>안녕</blockquote></div>",
}


@pytest.mark.parametrize("source", HTML.values(), ids=HTML.keys())
def test_history_and_signature_of_html_are_folded(source: str) -> None:
    raw = "From: Sora <s@naver.example>\nContent-Type: text/html; charset=utf-8\n\n"
    message = parse((raw + source.replace("NEW", "네, 감사합니다.")).encode())
    assert message.text_new == "네, 감사합니다."
    assert message.text is not None
    assert message.text.startswith("네, 감사합니다.\n")
