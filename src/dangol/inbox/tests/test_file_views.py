import pytest

from dangol.channels.incoming import IncomingAttachment
from dangol.inbox.models import Attachment, Message
from tests.parts.cast import mail

pytestmark = pytest.mark.django_db
HTML = '<p onclick="x()">Hi</p><img src="cid:bun@x"><img data-remote-src="https://spy.test/p.png">'


@pytest.fixture
def message(receive) -> Message:
    message = receive(mail()).message
    Message.objects.filter(pk=message.pk).update(html=HTML)
    return message


@pytest.fixture
def add(message):
    def added(name, content_type, content=b"bytes", content_id=None):
        row = Attachment.of(IncomingAttachment(name, content_type, content, bool(content_id), content_id))
        row.message = message
        row.save()
        return row

    return added


def test_a_letter_is_served_under_a_policy_that_runs_nothing(client, hana, message, add):
    bun = add("bun.png", "image/png", content_id="bun@x")
    client.force_login(hana)

    answer = client.get(f"/messages/{message.pk}/html/")

    page = answer.content.decode()
    assert f'src="/attachments/{bun.pk}/"' in page
    assert ' src="https://spy.test' not in page
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "https:" not in answer["Content-Security-Policy"]

    asked = client.get(f"/messages/{message.pk}/html/?images=1")
    assert ' src="https://spy.test/p.png"' in asked.content.decode()
    assert "img-src 'self' data: https:" in asked["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "content_type", "is_shown"),
    [
        ("bun.png", "image/png", True),
        ("bun.JPG", "IMAGE/JPEG", True),
        ("evil.svg", "image/svg+xml", False),
        ("page.html", "text/html", False),
        ("menu.pdf", "application/pdf", False),
        ('we"ird\r\n이름.exe', "application/octet-stream", False),
    ],
)
def test_a_file_is_saved_and_never_opened_unless_it_is_a_plain_picture(
    client, hana, add, name, content_type, is_shown
):
    client.force_login(hana)
    row = add(name, content_type, b"content")

    answer = client.get(f"/attachments/{row.pk}/")

    assert b"".join(answer.streaming_content) == b"content"
    assert answer["Content-Disposition"].startswith("inline" if is_shown else "attachment")
    assert answer["Content-Type"] == (content_type.lower() if is_shown else "application/octet-stream")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_file_that_is_gone_from_the_disk_says_so(client, hana, add):
    client.force_login(hana)
    row = add("menu.pdf", "application/pdf")
    Attachment.objects.filter(pk=row.pk).update(sha256="0" * 64)

    assert client.get(f"/attachments/{row.pk}/").status_code == 404


def test_a_stranger_gets_neither_letters_nor_files(client, message, add, minji):
    row = add("menu.pdf", "application/pdf")

    for path in (f"/attachments/{row.pk}/", f"/messages/{message.pk}/html/"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert "/account/login/" in answer["Location"]
