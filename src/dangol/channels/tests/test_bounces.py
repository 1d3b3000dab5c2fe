"""Mail that came back: whom it was for, why, and which message it was."""

from pathlib import Path

import pytest

from dangol.channels.email.parse import parse
from dangol.channels.incoming import Bounce
from dangol.channels.tests.growth import growth

SAMPLES = Path(__file__).parent / "samples"


def bounce_of(raw: bytes) -> Bounce | None:
    return parse(raw).bounce


def report(*groups: str, head: str = "") -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example\nTo: hello@moonburger.example\nSubject: Report\n{head}"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nSee below.\n"
        "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        + "\n\n".join(groups)
        + "\n\n--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: <sent@moonburger.example>\nTo: x@y.example\n"
        "--x--\n"
    ).encode()


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_a_delivery_report_is_read_with_every_line_end(ending: bytes) -> None:
    raw = (SAMPLES / "exim-bounce.eml").read_bytes().replace(b"\n", ending)
    message = parse(raw)
    expected = Bounce("nobody@customer.example", "5.1.1", True, "c2s-bbbbbbbbbbbb.y9@moonburger.example")
    assert message.bounce == expected
    assert (message.automatic, message.no_answer) == ("bounce", "bounce")
    assert [one.content_type for one in message.attachments] == ["message/delivery-status", "message/rfc822"]


def test_prose_of_qmail_is_understood() -> None:
    raw = (SAMPLES / "qmail-bounce.eml").read_bytes()
    assert bounce_of(raw) == Bounce(
        "gone@customer.example", "5.1.1", True, "c3-cccccccccccc.z1@moonburger.example"
    )


def test_a_korean_portal_s_notice_is_understood() -> None:
    raw = (SAMPLES / "korean-bounce.eml").read_bytes()
    assert bounce_of(raw) == Bounce(
        "minsu@portal.example", "5.1.1", True, "c4-dddddddddddd.w7@moonburger.example"
    )


def test_a_delay_is_not_permanent() -> None:
    raw = report("Final-Recipient: rfc822; sora@naver.example\nAction: delayed\nStatus: 4.4.1")
    assert bounce_of(raw) == Bounce("sora@naver.example", "4.4.1", False, "sent@moonburger.example")


@pytest.mark.parametrize("action", ["failed", "Failed (given up)", "failure"])
def test_a_failure_that_may_pass_but_is_not_tried_any_more_is_given_up(action: str) -> None:
    raw = report(f"Final-Recipient: rfc822; sora@naver.example\nAction: {action}\nStatus: 4.4.7")
    bounce = Bounce("sora@naver.example", "4.4.7", False, "sent@moonburger.example", is_given_up=True)
    assert bounce_of(raw) == bounce


def test_of_several_recipients_the_one_that_failed_counts() -> None:
    raw = report(
        "Final-Recipient: rfc822; ok@naver.example\nAction: relayed\nStatus: 2.0.0",
        "Final-Recipient: rfc822; late@naver.example\nAction: delayed\nStatus: 4.0.0",
        "Final-Recipient: rfc822; gone@naver.example\nAction: failed\nStatus: 5.1.1 (no such user)",
    )
    bounce = bounce_of(raw)
    assert bounce is not None
    assert (bounce.recipient, bounce.status, bounce.is_permanent) == ("gone@naver.example", "5.1.1", True)


def test_the_address_that_we_wrote_to_counts_where_mail_was_forwarded() -> None:
    raw = report(
        "Original-Recipient: rfc822;sora@naver.example\nFinal-Recipient: rfc822; x@elsewhere.example\n"
        "Action: failed\nStatus: 5.2.2"
    )
    bounce = bounce_of(raw)
    assert bounce is not None
    assert bounce.recipient == "sora@naver.example"


def test_the_diagnosis_tells_more_than_a_general_status() -> None:
    raw = report(
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\n"
        "Diagnostic-Code: smtp; 552 5.2.2 mailbox\n full"
    )
    bounce = bounce_of(raw)
    assert bounce is not None
    assert bounce.status == "5.2.2"


def test_a_report_of_success_is_no_bounce() -> None:
    message = parse(report("Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0"))
    assert message.bounce is None
    assert message.automatic == "auto-reply"


def test_a_complaint_is_no_bounce() -> None:
    raw = (
        b"From: fbl@portal.example\nSubject: complaint\n"
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n--x\n\nSpam.\n"
        b"--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--x\nContent-Type: message/rfc822\n\n"
        b"From: hello@moonburger.example\nMessage-ID: <s@moonburger.example>\n\nhi\n--x--\n"
    )
    message = parse(raw)
    assert message.bounce is None
    assert message.automatic == "auto-reply"


def test_a_customer_who_tells_of_a_bounce_is_a_customer() -> None:
    raw = (
        b"From: Sora <sora@naver.example>\nSubject: Fwd: Undelivered Mail Returned to Sender\n"
        b"In-Reply-To: <x@y>\nX-Mailer: iPhone Mail\n\n"
        b"My mail to you came back, user unknown?\n\nFrom: MAILER-DAEMON@x.example\nTo: sora@naver.example\n"
        b"Subject: Undelivered\nDate: Sat\n\n550 5.1.1 unknown user"
    )
    message = parse(raw)
    assert message.bounce is None
    assert message.automatic is None


def test_an_absence_with_a_null_return_path_is_no_bounce() -> None:
    raw = b"Return-Path: <>\nFrom: j@corp.example\nSubject: Automatic reply: order\nAuto-Submitted: yes\n\nBack soon."
    message = parse(raw)
    assert message.bounce is None
    assert message.automatic == "auto-reply"


def test_a_code_without_a_status_still_tells_whether_to_try_again() -> None:
    def prose(line: str) -> bytes:
        return (
            "From: MAILER-DAEMON@x.example\nSubject: Delivery failure\n\nCould not deliver to <gone@naver.example>:\n"
            f"{line}\n\nReceived: from a\nFrom: hello@moonburger.example\nTo: gone@naver.example\nMessage-ID: <m@x>\n"
        ).encode()

    assert bounce_of(prose("550 no such user")) == Bounce("gone@naver.example", None, True, "m@x")
    assert bounce_of(prose("450 try again later")) == Bounce("gone@naver.example", None, False, "m@x")


def mail(*fields: str, text: str, sender: str = "MAILER-DAEMON@mx.example") -> bytes:
    lines = (f"From: {sender}", "To: hello@moonburger.example", *fields)
    return "\n".join((*lines, "Content-Type: text/plain; charset=utf-8", "", text)).encode()


RETURNED = """\
Return-Path: <hello@moonburger.example>
Received: from desk.moonburger.example (desk v4.6.1 (569.2 2-6-1999))
 by mx.example (mta-5.5.0-3) with ESMTP; Sat, 21 Nov 2026 15:40:01 +0900
From: Moon Burger <hello@moonburger.example>
To: Sora <sora@naver.example>
Subject: Your order
Message-ID: <sent@moonburger.example>

Thank you."""

PROSE = {
    "exim": (
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
        " delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
        "  gone@customer.example\n    host mx.customer.example [192.0.2.7]:"
        " 550 5.1.1 <gone@customer.example>: no such user\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n" + RETURNED,
        ("gone@customer.example", "5.1.1", True, "sent@moonburger.example"),
    ),
    "postfix": (
        "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n"
        "For further assistance, please contact <postmaster@mx.example>\n\n"
        f"<gone@customer.example>: host mx.customer.example[192.0.2.7] said: 552 5.2.2\n"
        f"    Mailbox full (in reply to RCPT TO command)\n\n{RETURNED}",
        ("gone@customer.example", "5.2.2", True, "sent@moonburger.example"),
    ),
    "sendmail": (
        "The original message was received at Sat, 21 Nov 2026 15:40:01 +0900\nfrom desk.example [192.0.2.1]\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<gone@customer.example>\n"
        "    (reason: 550 User unknown)\n\n   ----- Transcript of session follows -----\n"
        "... while talking to mx.customer.example.:\n>>> RCPT To:<gone@customer.example>\n<<< 550 User unknown\n\n"
        f"   ----- Original message follows -----\n\n{RETURNED}",
        ("gone@customer.example", None, True, "sent@moonburger.example"),
    ),
    "exchange": (
        "Your message\n\n  To:      info@customer.example\n  Cc:      x@y.example\n  Subject: Your order\n"
        "  Sent:    Sat, 21 Nov 2026 15:40:01 +0900\n\ndid not reach the following recipient(s):\n\n"
        "gone@customer.example on Sat, 21 Nov 2026 15:40:09 +0900\n    The recipient name is not recognized\n",
        ("gone@customer.example", None, True, None),
    ),
    "office 365": (
        "Delivery has failed to these recipients or groups:\n\ngone@customer.example<mailto:gone@customer.example>\n"
        "The email address you entered couldn't be found.\n\nDiagnostic information for administrators:\n\n"
        "Generating server: x.outlook.example\n\ngone@customer.example\nRemote Server returned '550 5.1.10"
        " RESOLVER.ADR.RecipientNotFound; not found'\n\nOriginal message headers:\n\n" + RETURNED,
        ("gone@customer.example", "5.1.10", True, "sent@moonburger.example"),
    ),
    "gmail delayed": (
        "This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\n"
        "YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n"
        "     late@customer.example\n\nMessage will be retried for 2 more day(s)\n\n"
        f"----- Original message -----\n\n{RETURNED}",
        ("late@customer.example", None, False, "sent@moonburger.example"),
    ),
    "notes": (
        "------- Failure Reasons  --------\n\nUser not listed in public Address Book\ngone@customer.example\n\n\n"
        f"------- Returned Message --------\n{RETURNED}",
        ("gone@customer.example", None, True, "sent@moonburger.example"),
    ),
    "yahoo": (
        "Sorry, we were unable to deliver your message to the following address.\n\n<gone@customer.example>:\n"
        "Remote host said: 554 5.7.9 Message not accepted for policy reasons [DATA]\n\n"
        f"--- Below this line is a copy of the message.\n\n{RETURNED}",
        ("gone@customer.example", "5.7.9", True, "sent@moonburger.example"),
    ),
    "opensmtpd": (
        "    Hi!\n\n    An error has occurred while attempting to deliver a message for\n"
        "    the following list of recipients:\n\n"
        f"gone@customer.example: Envelope expired\n\n    Below is a copy of the original message:\n\n{RETURNED}",
        ("gone@customer.example", None, True, "sent@moonburger.example"),
    ),
    "to herself": (
        "I wasn't able to deliver your message to the following addresses.\n\n<hello@moonburger.example>:\n"
        "Remote host said: 552 Error: disk quota exceeded\n",
        ("hello@moonburger.example", None, True, None),
    ),
    "a summary of the message before its own words": (
        "This report relates to a message you sent with the following header fields:\n\n"
        "  Message-id: <sent@moonburger.example>\n  Date: Sat, 21 Nov 2026 15:40:01 +0900\n"
        "  From: hello@moonburger.example\n  To: info@customer.example\n  Subject: Your order\n\n"
        "Your message cannot be delivered to the following recipients:\n\n  Recipient address: gone@customer.example\n"
        "  Diagnostic code: smtp; 550 5.7.1 refused\n",
        ("gone@customer.example", "5.7.1", True, None),
    ),
}


@pytest.mark.parametrize(("text", "expected"), PROSE.values(), ids=PROSE.keys())
def test_prose_of_many_servers_is_understood(text: str, expected: tuple[str, str, bool, str]) -> None:
    bounce = bounce_of(mail("Subject: Delivery Status Notification", text=text))
    assert bounce is not None
    assert (bounce.recipient, bounce.status, bounce.is_permanent) == expected[:3]
    assert expected[3] is None or bounce.original_message_id == expected[3]


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("메일 안내 <no-reply@portal.example>", ["Subject: 메일 발송 실패 안내"]),
        ("Mail Delivery System <mail@portal.example>", ["Subject: 메일이 반송되었습니다"]),
        ("Portal <mail@portal.example>", ["Subject: 메일 전송 실패", "Return-Path: <>"]),
    ],
)
def test_a_portal_that_reports_from_an_ordinary_address_is_understood(sender: str, fields: list[str]) -> None:
    text = "메일을 전달하지 못했습니다.\n\n받는 사람: minsu@portal.example\n사유: 550 5.1.1 존재하지 않는 사용자\n"
    assert bounce_of(mail(*fields, sender=sender, text=text)) == Bounce(
        "minsu@portal.example", "5.1.1", True, None
    )


def test_a_report_that_a_filter_passed_on_is_read_inside() -> None:
    inner = report("Final-Recipient: rfc822; gone@naver.example\nAction: failed\nStatus: 5.1.1").decode()
    raw = (
        "From: MAILER-DAEMON@filter.example\nTo: hello@moonburger.example\nSubject: Returned mail: User unknown\n"
        "Content-Type: multipart/mixed; boundary=y\n\n--y\n\nThe message had delivery errors.\n\n"
        f"--y\nContent-Type: message/rfc822\n\n{inner}\n--y--\n"
    ).encode()
    bounce = bounce_of(raw)
    assert bounce is not None
    assert (bounce.recipient, bounce.status, bounce.is_permanent) == ("gone@naver.example", "5.1.1", True)


PARCEL = "고객님의 상품을 전달하지 못해 반송되었습니다.\n주소를 찾을 수 없습니다. 주문번호 500 1234"


@pytest.mark.parametrize(
    ("sender", "fields", "text"),
    [
        (
            "Parcels <no-reply@parcel.example>",
            ["Subject: Delivery failed: we missed you"],
            "Your parcel could not be delivered to 512 Main St and was returned to sender.\nTracking 450 221",
        ),
        ("마켓 <no-reply@market.example>", ["Subject: [마켓] 반송 접수 안내"], PARCEL),
        ("마켓 <no-reply@market.example>", ["Subject: [마켓] 배달 지연 안내", "Return-Path: <>"], PARCEL),
        ("Bob <postmaster@bobs.example>", ["Subject: delivery delayed?"], "Hi, when does my burger come?"),
        (
            "김사장 <postmaster@shop.example>",
            ["Subject: 반송 문의"],
            "상품을 반송하고 싶습니다. 주소 알려주세요.",
        ),
        ("Sora <sora@naver.example>", ["Subject: delivery failed"], "User unknown? Order 550 was rejected."),
        (
            "Post Office <hi@office.example>",
            ["Subject: Returned mail"],
            "Three parcels were returned to sender.",
        ),
        (
            "Sora <sora@naver.example>",
            ["Subject: Undelivered Mail Returned to Sender"],
            "I got this from your server, what does it mean?\n\n<hi@moon.example>: 550 5.1.1 user unknown\n\n"
            + RETURNED,
        ),
        (
            "소라 <sora@naver.example>",
            ["Subject: FW: 배달 실패"],
            "왜 이래요?\n\n-----Original Message-----\nFrom: <no-reply@parcel.example>\nTo: <sora@naver.example>;\n"
            f"Cc:\nSent: 2026-11-21 (토) 15:12:33 (GMT+09:00)\nSubject: 배달 실패\n\n{PARCEL}",
        ),
        (
            "James <james@mail.example>",
            ["Subject: Re: Delivery problem with your order", "Return-Path: <>"],
            "I am away until Monday, 500 Main Street. Your mail was not read, and cannot be answered.",
        ),
        (
            "James <james@mail.example>",
            ["Subject: Delivery problem with your order", "Return-Path: <>", "X-Autoreply: yes"],
            "Your message was received. This mailbox is not monitored. 550 5.1.1 user unknown",
        ),
        (
            "James <james@mail.example>",
            ["Subject: Re: Your mail could not be delivered", "Return-Path: <>"],
            "Not at home until Monday.\nYou wrote: it was not delivered, 550 5.1.1 user unknown",
        ),
        (
            "Form <no-reply@web.example>",
            ["Subject: your message could not be sent"],
            "A visitor's message could not be delivered to the shop: error 500 Internal server error",
        ),
    ],
)
def test_parcels_and_people_are_no_returned_mail(sender: str, fields: list[str], text: str) -> None:
    message = parse(mail(*fields, sender=sender, text=text))
    assert message.bounce is None
    assert message.automatic != "bounce"


def test_the_fields_of_a_report_that_a_customer_attaches_are_hers_to_ask_about() -> None:
    raw = (
        b"From: Sora <sora@naver.example>\nTo: hello@moonburger.example\nSubject: Fwd: Returned mail\n"
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nWhy did this come back?\n\n"
        b"--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        b"Final-Recipient: rfc822; hello@moonburger.example\nAction: failed\nStatus: 5.1.1\n\n--x--\n"
    )
    assert parse(raw).bounce is None
    assert parse(raw).automatic is None


def test_a_complaint_in_a_provider_s_own_form_is_a_machine_s() -> None:
    raw = (
        "From: staff@provider.example\nTo: hello@moonburger.example\nSubject: complaint about message from 192.0.2.1\n"
        "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n"
        f"{RETURNED}\n\n--x--\n"
    ).encode()
    assert (parse(raw).automatic, parse(raw).bounce) == ("auto-reply", None)
    assert (
        parse(mail("Subject: complaint about message from Tom", sender="s@n.example", text="x")).automatic
        is None
    )


@pytest.mark.parametrize(
    "unit",
    [
        " \n", "a", "a@", "To: a\n", "X-A: b\n c\n\n", "--- original ", "the following recipients\n", "to \n",
        "Final-Recipient: x;\n", "550 ",
    ],
)  # fmt: skip
def test_reading_a_report_takes_linear_time(unit: str) -> None:
    def read(text: str) -> None:
        bounce_of(mail("Subject: failure notice", text=f"Not delivered.\n\n{text}"))

    assert growth(read, unit, 4_500) < 10
