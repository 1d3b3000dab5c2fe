"""Mail in files: one message, an mbox, a Maildir, a folder; and a clear word for what is none of these."""

import mailbox
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from dangol.channels.email.files import NotMail, count_messages, messages_in
from dangol.kernel.errors import Refused

SAMPLES = Path(__file__).parent / "samples"


def mail(number: int, text: str = "hi\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "sora@naver.example"
    message["Subject"] = f"number {number}"
    message["Message-ID"] = f"<{number}@naver.example>"
    message.set_content(text)
    return message


def test_one_file_is_one_message() -> None:
    file = SAMPLES / "newsletter.eml"
    assert list(messages_in(file)) == [("newsletter.eml", file.read_bytes())]
    assert count_messages(file) == 1


def test_an_mbox_that_python_wrote_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "archive.mbox"
    text = "Hello\n\nFrom here on it was cold.\n>From a quotation\n\n"
    box = mailbox.mbox(path)
    for number in range(3):
        box.add(mail(number, text))
    box.close()
    found = list(messages_in(path))
    assert [name for name, _ in found] == ["archive.mbox#1", "archive.mbox#2", "archive.mbox#3"]
    assert count_messages(path) == 3
    for number, (_, raw) in enumerate(found):
        assert f"Subject: number {number}".encode() in raw
        assert b"\n\nFrom here on it was cold.\n" in raw


def test_mboxrd_loses_one_arrow_only(tmp_path: Path) -> None:
    path = tmp_path / "rd"
    path.write_bytes(
        b"From - Sat Nov 21 15:00:00 2026\nFrom: a@b.example\nSubject: x\n\n>From one\n>>From two\n> From three\n\n"
        b"From a@b.example Sat Nov 21 15:01:00 2026\nFrom: c@d.example\n\nlast"
    )
    first, second = messages_in(path)
    assert first[1] == b"From: a@b.example\nSubject: x\n\nFrom one\n>From two\n> From three\n"
    assert second[1] == b"From: c@d.example\n\nlast"


def test_a_sentence_that_begins_with_from_divides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "in.mbox"
    path.write_bytes(
        b"From a@b.example Sat Nov 21 15:00:00 2026\nSubject: x\n\nHello\n\nFrom my point of view it was cold.\n"
        b"From the shop came nothing.\n"
    )
    ((_, raw),) = messages_in(path)
    assert raw.endswith(b"From the shop came nothing.\n")


def test_an_mbox_is_read_a_message_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "large.mbox"
    with path.open("wb") as opened:
        for number in range(2_000):
            opened.write(b"From a@b.example Sat Nov 21 15:00:00 2026\nSubject: %d\n\nhi\n\n" % number)
    messages = messages_in(path)
    assert isinstance(messages, Iterator)
    assert next(messages)[1] == b"Subject: 0\n\nhi\n"
    assert count_messages(path) == 2_000


def test_a_maildir_gives_what_is_in_cur_and_new(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "Maildir")
    box.add(mail(1))
    seen = mailbox.MaildirMessage(mail(2))
    seen.set_subdir("cur")
    box.add(seen)
    box.add_folder("Sent").add(mail(3))
    (tmp_path / "Maildir" / "tmp" / "half").write_bytes(b"Subject: half\n\n")
    found = dict(messages_in(tmp_path / "Maildir"))
    assert len(found) == count_messages(tmp_path / "Maildir") == 3
    assert {name.split("/")[0] for name in found} == {"cur", "new", ".Sent"}
    assert any(b"number 2" in raw for raw in found.values())
    assert not any(b"half" in raw for raw in found.values())


def test_an_empty_maildir_is_a_maildir(tmp_path: Path) -> None:
    mailbox.Maildir(tmp_path / "Maildir")
    assert list(messages_in(tmp_path / "Maildir")) == []
    assert count_messages(tmp_path / "Maildir") == 0


def test_a_folder_gives_its_eml_files_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(b"Subject: b\n\n")
    (tmp_path / "a.EML").write_bytes(b"Subject: a\n\n")
    (tmp_path / "notes.doc").write_bytes(b"no mail")
    (tmp_path / "more.mbox").write_bytes(b"From a@b.c Sat Nov 21 15:00:00 2026\nSubject: c\n\nhi\n")
    assert [name for name, _ in messages_in(tmp_path)] == ["a.EML", "b.eml", "more.mbox#1"]
    assert count_messages(tmp_path) == 3


def test_a_file_that_another_program_moves_away_is_left_out(tmp_path: Path) -> None:
    for name in ("a.eml", "b.eml"):
        (tmp_path / name).write_bytes(b"Subject: x\n\n")
    messages = messages_in(tmp_path)
    next(messages)
    (tmp_path / "b.eml").unlink()
    assert list(messages) == []


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"", b"just some words\nand more\n"])
def test_what_is_no_mail_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(content)
    with pytest.raises(Refused, match=r"picture\.png"):
        messages_in(file)


def test_a_missing_file_and_a_folder_without_mail_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotMail, match="nowhere"):
        messages_in(tmp_path / "nowhere")
    with pytest.raises(NotMail):
        messages_in(tmp_path)
    assert count_messages(tmp_path / "nowhere") == 0
