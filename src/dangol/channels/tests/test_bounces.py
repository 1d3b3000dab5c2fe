"""Mail that came back: whom it was for, why, and which message it was."""

from pathlib import Path

import pytest

from dangol.channels.email.parse import parse
from dangol.channels.incoming import Bounce

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
