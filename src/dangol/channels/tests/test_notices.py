"""What Amazon has SNS mail about our mail, in the form that Amazon documents."""

import json

import pytest

from dangol.channels.email.parse import parse
from dangol.channels.incoming import Bounce

OURS = "c2s-bbbbbbbbbbbb.y9@moonburger.example"
SES = "01010157e48f9b9b-891e9a0e-000000"
FOOT = "\n\n--\nIf you wish to stop receiving notifications from this topic, please click the link below.\n"


def notice(
    kind: str, *, named: str = "notificationType", with_id: bool = True, **part: object
) -> dict[str, object]:
    ids = [{"name": "Message-ID", "value": f"<{OURS}>"}] if with_id else []
    return {
        named: kind,
        kind.lower(): part,
        "mail": {
            "messageId": SES,
            "source": "hello@moonburger.example",
            "destination": ["sora@naver.example"],
            "headers": [{"name": "From", "value": "hello@moonburger.example"}, *ids],
        },
    }


def returned(bounce_type: str, **recipient: str) -> dict[str, object]:
    return notice(
        "Bounce",
        bounceType=bounce_type,
        bouncedRecipients=[{"emailAddress": "Sora <sora@naver.example>", **recipient}],
    )


def mailed(said: str, head: str = "x-amz-sns-message-id: c1333a2d\n") -> bytes:
    return (
        f"From: Desk <no-reply@sns.amazonaws.com>\nTo: hello@moonburger.example\n{head}"
        f"Subject: AWS Notification Message\nContent-Type: text/plain; charset=UTF-8\n\n{said}{FOOT}"
    ).encode()


GONE = returned("Permanent", action="failed", status="5.1.1", diagnosticCode="smtp; 550 5.1.1 user unknown")


@pytest.mark.parametrize(
    "said",
    [
        json.dumps(GONE),
        json.dumps({"Type": "Notification", "Message": json.dumps(GONE)}, indent=2),
        json.dumps({**GONE, "notificationType": None, "eventType": "Bounce"}),
        json.dumps(GONE).replace("Message-ID", "Mess!\n age-ID"),  # a line that a server broke
    ],
    ids=["raw", "wrapped", "event", "broken line"],
)
def test_a_bounce_is_read_in_each_of_its_forms(said: str) -> None:
    message = parse(mailed(said))
    assert message.bounce == Bounce("sora@naver.example", "5.1.1", True, OURS)
    assert (message.automatic, message.no_answer) == ("bounce", "bounce")


def test_what_may_pass_is_given_up_only_where_a_server_failed() -> None:
    full = parse(mailed(json.dumps(returned("Transient", action="failed", status="4.4.7"))))
    assert full.bounce == Bounce("sora@naver.example", "4.4.7", False, OURS, is_given_up=True)
    absence = parse(mailed(json.dumps(returned("Transient"))))
    assert absence.bounce == Bounce("sora@naver.example", None, False, OURS)


def test_where_our_own_id_is_not_told_amazons_stands_in() -> None:
    bounce = parse(mailed(json.dumps(notice("Bounce", with_id=False, bounceType="Permanent")))).bounce
    assert bounce == Bounce(None, None, True, SES)


@pytest.mark.parametrize("kind", ["Complaint", "Delivery"])
def test_a_complaint_and_an_arrival_are_reports_and_no_bounces(kind: str) -> None:
    message = parse(mailed(json.dumps(notice(kind, complainedRecipients=[]))))
    assert (message.bounce, message.automatic, message.no_answer) == (None, "auto-reply", "report")


def test_a_person_who_quotes_such_a_document_is_a_person() -> None:
    head = "Received: from mail.example\n"
    raw = mailed(json.dumps(GONE), head).replace(b"no-reply@sns.amazonaws.com", b"sora@naver.example")
    message = parse(raw)
    assert (message.bounce, message.automatic) == (None, None)


@pytest.mark.parametrize(
    "said",
    [
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        json.dumps({"Message": "[" * 100_000}),
        json.dumps({"notificationType": ["Bounce"]}),
        '{"notificationType": "Bounce", "n": ' + "9" * 10_000 + "}",
    ],
    ids=["cut off", "deep list", "deep object", "deep inside", "another kind", "a long number"],
)
def test_a_document_that_is_broken_on_purpose_is_no_notice(said: str) -> None:
    message = parse(mailed(said))
    assert message.bounce is None
    assert not [warning for warning in message.warnings if warning.startswith("unreadable")]


@pytest.mark.parametrize("value", [None, 7, "x", [], [None], {"a": 1}])
def test_a_bounce_with_anything_in_its_fields_says_nothing(value: object) -> None:
    for name in ("bounce", "mail"):
        assert parse(mailed(json.dumps({**GONE, name: value}))).bounce is not None
    inner = {"bounceType": value, "bouncedRecipients": value}
    bounce = parse(mailed(json.dumps({"notificationType": "Bounce", "bounce": inner}))).bounce
    assert bounce == Bounce(None, None, None, None)


def test_no_text_gets_out_that_a_database_refuses() -> None:
    odd = json.dumps(GONE).replace("y9@", "\\u0000\\ud800@").replace("5.1.1", "5.1.1\\u0000")
    bounce = parse(mailed(odd)).bounce
    assert bounce is not None
    assert bounce.status == "5.1.1"
    assert "\x00" not in (bounce.original_message_id or "")
    (bounce.original_message_id or "").encode()
