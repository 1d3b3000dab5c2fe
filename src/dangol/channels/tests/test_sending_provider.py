"""Sending by a provider's interface: a local server plays it, with the answers that the providers document.

No real provider was asked.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from django.urls import reverse

from dangol.channels.commands import record_bounce
from dangol.channels.email.compose import Outgoing, OutgoingFile, compose
from dangol.channels.email.problems import Problem
from dangol.channels.email.sending_provider import KINDS, SendingProvider, send_by_provider
from dangol.channels.incoming import Bounce, Party
from dangol.channels.models import Delivery, Mailbox
from dangol.channels.outbox import deliver_due
from dangol.channels.queries import email_channel, mailbox_state
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply, settle_sent_reply
from dangol.kernel import clock
from tests.parts.cast import NOON, mail

SORA, JAMES, BLIND = "sora@example.com", "james@example.org", "boss@example.net"
POSTMARK_OK = {
    "To": SORA, "SubmittedAt": "2026-11-25T09:00:00Z", "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d",
    "ErrorCode": 0, "Message": "OK",
}  # fmt: skip
RESEND_ID = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"
SPARKPOST_OK = {"total_rejected_recipients": 0, "total_accepted_recipients": 2, "id": "102258889940193104"}
INACTIVE = (
    "You tried to send to recipients that have all been marked as inactive. Found inactive addresses: "
    "sora@example.com, james@example.org. Inactive recipients are ones that have generated a hard bounce"
)
MAIL = Outgoing(
    sender=Party("달버거", "hello@moonburger.test"),
    to=(Party("Sora Kim", SORA),),
    cc=(Party(None, JAMES),),
    subject="Re: 식은 버거",
    text="**죄송합니다.** A fresh one is on its way.",
    date=NOON,
    message_id="c7-abcdefghijkl.1@moonburger.test",
    reply_to="hello+c7-abcdefghijkl@moonburger.test",
    in_reply_to="1@example.com",
    references=("0@example.com", "1@example.com"),
    attachments=(OutgoingFile("쿠폰.pdf", "application/pdf", b"%PDF-1.4"),),
)


@dataclass
class Desk:
    """A provider that is played: what it answers next, and what it was asked."""

    url: str = ""
    status: int = 200
    answer: object = field(default_factory=dict)
    hang_up: bool = False
    asked: list[dict] = field(default_factory=list)


@contextmanager
def playing() -> Iterator[Desk]:
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type", "")
            desk.asked.append({
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "json": json.loads(body) if "json" in kind else None,
                "form": _form(kind, body) if "multipart" in kind else {},
            })  # fmt: skip
            if desk.hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            said = desk.answer if isinstance(desk.answer, bytes) else json.dumps(desk.answer).encode()
            self.send_response(desk.status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    desk.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()


def _form(kind: str, body: bytes) -> dict[str, list[str]]:
    parsed = BytesParser(policy=default).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields: dict[str, list[str]] = {}
    for part in parsed.iter_parts():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        fields.setdefault(str(name), []).append(value.decode("utf-8", "replace"))
    return fields


@pytest.fixture
def desk() -> Iterator[Desk]:
    with playing() as found:
        yield found


def at(desk: Desk, kind: str = "postmark", key: str = "token") -> SendingProvider:
    return SendingProvider(kind, key, desk.url)


def outcomes(desk: Desk, *recipients: str, kind: str = "postmark", key: str = "token") -> list[str]:
    result = send_by_provider(at(desk, kind, key), recipients or (SORA, JAMES), compose(MAIL))
    return [each.outcome for each in result.recipients]


def test_the_customer_gets_what_was_composed_whoever_carries_it(desk):
    desk.answer = POSTMARK_OK
    result = send_by_provider(at(desk), [SORA, JAMES, BLIND], compose(MAIL))

    (asked,) = desk.asked
    said, headers = asked["json"], {each["Name"].lower(): each["Value"] for each in asked["json"]["Headers"]}
    assert asked["headers"]["x-postmark-server-token"] == "token"
    assert (said["Subject"], said["From"]) == ("Re: 식은 버거", "달버거 <hello@moonburger.test>")
    assert (said["To"], said["Cc"], said["Bcc"]) == ("Sora Kim <sora@example.com>", JAMES, BLIND)
    assert "<strong>죄송합니다.</strong>" in said["HtmlBody"]
    assert "죄송합니다." in said["TextBody"]
    assert "hello+c7-abcdefghijkl@moonburger.test" in said["ReplyTo"]
    assert headers["message-id"] == "<c7-abcdefghijkl.1@moonburger.test>"
    assert headers["in-reply-to"] == "<1@example.com>"
    assert headers["references"].split() == ["<0@example.com>", "<1@example.com>"]
    assert headers["x-pm-keepid"] == "true"
    assert said["Attachments"][0]["Name"] == "쿠폰.pdf"
    assert [each.outcome for each in result.recipients] == ["accepted"] * 3
    assert result.message_ids == ("0a129aee-e1cd-480d-b08d-4f48548ff48d@mtasv.net",)


@pytest.mark.parametrize(
    ("kind", "key", "answer", "named"),
    [
        ("resend", "re_1", {"id": RESEND_ID}, RESEND_ID),
        ("mailgun", "key-1", {"id": "<1.A@moonburger.test>", "message": "Queued."}, "1.A@moonburger.test"),
        ("brevo", "xkeysib-1", {"messageId": "<20.1@smtp-relay.mailin.fr>"}, "20.1@smtp-relay.mailin.fr"),
        ("sparkpost", "k", {"results": SPARKPOST_OK}, "102258889940193104"),
    ],
)  # fmt: skip
def test_each_answers_in_its_own_words_and_its_name_for_the_mail_is_kept(desk, kind, key, answer, named):
    desk.answer = answer
    result = send_by_provider(at(desk, kind, key), [SORA, JAMES], compose(MAIL))

    assert [each.outcome for each in result.recipients] == ["accepted", "accepted"]
    assert result.message_ids == (named,)


def test_mandrill_and_mailjet_tell_of_each_recipient_by_itself(desk):
    desk.answer = [
        {"email": SORA, "status": "sent", "_id": "abc123abc123"},
        {"email": JAMES, "status": "rejected", "reject_reason": "hard-bounce", "_id": "def456def456"},
    ]
    assert outcomes(desk, kind="mandrill") == ["accepted", "refused"]
    desk.answer = {"Messages": [{"Status": "success", "To": [{"Email": SORA, "MessageID": 70650219165027410}],
                                 "Cc": [{"Email": JAMES, "MessageID": 70650219165027411}], "Bcc": []}]}  # fmt: skip
    assert outcomes(desk, kind="mailjet", key="key:secret") == ["accepted", "accepted"]
    assert desk.asked[-1]["headers"]["authorization"].startswith("Basic ")


def test_sendgrid_takes_a_mail_without_a_word(desk):
    desk.status, desk.answer = 202, b""
    assert outcomes(desk, kind="sendgrid") == ["accepted", "accepted"]
    assert desk.asked[0]["json"]["headers"]["Message-ID"] == "<c7-abcdefghijkl.1@moonburger.test>"


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "problem"),
    [
        (401, {"ErrorCode": 10, "Message": "No tokens were supplied"}, "later", Problem.KEY_REFUSED),
        (403, {"message": "forbidden"}, "later", Problem.KEY_REFUSED),
        (429, {"message": "Too many requests"}, "later", Problem.SERVER_BUSY),
        (500, b"oops", "later", Problem.SERVER_BUSY),
        (503, b"", "later", Problem.SERVER_BUSY),
        (422, {"ErrorCode": 300, "Message": "Invalid 'From' address"}, "refused", None),
        (422, {"ErrorCode": 406, "Message": INACTIVE}, "refused", None),
        (200, b"<html>", "uncertain", None),
    ],
)  # fmt: skip
def test_what_is_for_good_and_what_may_work_later(desk, status, answer, outcome, problem):
    desk.status, desk.answer = status, answer
    result = send_by_provider(at(desk), [SORA, JAMES], compose(MAIL))

    assert {each.outcome for each in result.recipients} == {outcome}
    assert result.problem is problem


def test_a_request_that_never_got_there_is_later_and_one_without_an_answer_is_uncertain(desk):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = send_by_provider(
        SendingProvider("postmark", "t", f"http://127.0.0.1:{port}/"), [SORA], compose(MAIL)
    )
    assert (away.problem, away.recipients[0].outcome) == (Problem.PORT_CLOSED, "later")
    nowhere = SendingProvider("postmark", "t", "https://api.localhost.invalid/")
    assert send_by_provider(nowhere, [SORA], compose(MAIL)).problem is Problem.HOST_NOT_FOUND

    desk.hang_up = True
    cut = send_by_provider(at(desk), [SORA], compose(MAIL))
    assert (cut.problem, cut.recipients[0].outcome) == (Problem.CONNECTION_LOST, "uncertain")


def test_who_waits_is_told_right_before_the_provider_gets_it(desk):
    desk.answer = POSTMARK_OK
    seen: list[int] = []
    send_by_provider(at(desk), [SORA], compose(MAIL), before_end=lambda: seen.append(len(desk.asked)))
    assert (seen, len(desk.asked)) == ([0], 1)


def test_only_those_who_have_it_not_yet_get_it_on_a_second_try(desk):
    desk.answer = POSTMARK_OK
    outcomes(desk, JAMES)
    assert SORA not in json.dumps(desk.asked[0]["json"])


def test_a_key_of_the_wrong_shape_is_told_and_sent_nowhere(desk):
    result = send_by_provider(at(desk, "mailjet", "only-one-part"), [SORA], compose(MAIL))
    assert (result.problem, desk.asked) == (Problem.KEY_REFUSED, [])


@pytest.mark.parametrize("kind", KINDS)
def test_every_provider_in_the_list_is_one_that_anymail_has(desk, kind):
    key = ":".join("k" for _ in KINDS[kind].keys)
    desk.status, desk.answer = 401, b"{}"
    assert send_by_provider(at(desk, kind, key), [SORA], compose(MAIL)).problem is Problem.KEY_REFUSED
    assert len(desk.asked) == 1


# --- in the outbox --------------------------------------------------------------------------------


@pytest.fixture
def by_postmark(mailbox, desk) -> Mailbox:
    box = mailbox.mailbox
    box.outgoing, box.provider, box.provider_url = "provider", "postmark", desk.url.rstrip("/")
    box.provider_key = "token"
    box.save()
    desk.answer = POSTMARK_OK
    return box


def answered(receive, hana):
    conversation = receive(mail(message_id="1@example.com")).conversation
    draft = save_draft(actor=hana, conversation=conversation, text="Sorry!", at=NOON)
    message = send_reply(actor=hana, draft=draft, key=uuid4(), at=NOON)
    Delivery.objects.update(due_at=clock.now() - timedelta(minutes=1))
    assert deliver_due() == 1
    message.delivery.refresh_from_db()
    return message


@pytest.mark.django_db
def test_an_answer_leaves_by_the_provider_and_comes_back_by_address_and_by_its_name(
    by_postmark, desk, receive, hana
):
    message = answered(receive, hana)
    settle_sent_reply(delivery_id=message.delivery_id, at=clock.now())
    settle_sent_reply(delivery_id=message.delivery_id, at=clock.now())

    name = "0a129aee-e1cd-480d-b08d-4f48548ff48d@mtasv.net"
    assert (message.delivery.state, message.delivery.provider_message_id) == ("sent", name)
    said = desk.asked[0]["json"]
    replied = mail(to=said["ReplyTo"], message_id="8@example.com", subject="other words")
    assert receive(replied).conversation == message.conversation
    by_name = mail(
        "Ana <ana@example.com>", "hello", message_id="9@example.com", headers={"In-Reply-To": f"<{name}>"}
    )
    assert receive(by_name).conversation == message.conversation


@pytest.mark.django_db
def test_a_refused_key_keeps_the_mail_and_says_so_where_it_is_mended(by_postmark, desk, receive, hana):
    desk.status, desk.answer = 401, {"ErrorCode": 10, "Message": "bad token"}
    message = answered(receive, hana)

    assert message.delivery.state == "retry"
    assert "Postmark does not accept the key" in mailbox_state(email_channel(by_postmark.pk)).sending_trouble


@pytest.mark.django_db
def test_a_report_that_names_the_providers_id_finds_the_delivery(by_postmark, desk, receive, hana):
    message = answered(receive, hana)
    bounce = Bounce(None, "5.1.1", True, message.delivery.provider_message_id)
    assert record_bounce(bounce=bounce, at=clock.now()) == message.delivery


@pytest.mark.django_db
def test_the_button_sends_a_test_to_the_mailbox_itself(by_postmark, desk, client, minji):
    client.force_login(minji)
    typed = {
        "address": by_postmark.address, "imap_host": "", "outgoing": "provider", "provider": "postmark",
        "provider_key": "", "provider_url": desk.url, "do": "provider_trial",
    }  # fmt: skip
    Mailbox.objects.update(imap_host="imap.moonburger.test", imap_user=by_postmark.address)
    page = client.post(reverse("mailbox", args=[by_postmark.pk]), typed).content.decode()

    assert "took a test mail" in page
    assert by_postmark.address in json.dumps(desk.asked[0]["json"]["To"])
    assert by_postmark.provider_locked_key not in page
    elsewhere = {**typed, "provider_url": "https://evil.test/"}
    page = client.post(reverse("mailbox", args=[by_postmark.pk]), elsewhere).content.decode()
    assert "enter the key again" in page
    assert len(desk.asked) == 1


@pytest.mark.django_db
def test_the_choice_is_kept_and_its_key_locked(mailbox, desk, client, minji):
    client.force_login(minji)
    Mailbox.objects.update(
        outgoing="smtp", imap_host="imap.moonburger.test", imap_user="hello@moonburger.test"
    )
    typed = {
        "address": mailbox.mailbox.address, "outgoing": "provider", "provider": "resend", "provider_key": "re_secret",
        "smtp_host": "", "imap_host": "imap.moonburger.test", "do": "save",
    }  # fmt: skip
    assert client.post(reverse("mailbox", args=[mailbox.pk]), typed).status_code == 303

    box = Mailbox.objects.get()
    assert (box.outgoing, box.provider, box.provider_key) == ("provider", "resend", "re_secret")
    assert "re_secret" not in box.provider_locked_key
    missing = client.post(
        reverse("mailbox", args=[mailbox.pk]), {**typed, "provider": "brevo", "provider_key": ""}
    )
    assert missing.status_code == 422
