"""`dangol mail read`: the same keys for every mail, whole Korean in any locale, a clear word for a missing file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dangol.channels.email import tokens
from dangol.channels.email.read import describe, mail_read
from dangol.kernel.keys import derive_key

SAMPLES = Path(__file__).parent / "samples"
KEYS = [
    "subject",
    "from_name",
    "from_address",
    "reply_to",
    "to",
    "cc",
    "date",
    "message_id",
    "in_reply_to",
    "references",
    "text",
    "text_new",
    "html",
    "attachments",
    "automatic",
    "bounce",
    "warnings",
    "invitations",
]


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", (SAMPLES / "gmail-inline-image.eml").read_bytes()])
def test_every_mail_has_the_same_keys_in_the_same_order(raw: bytes) -> None:
    assert list(describe(raw)) == KEYS


def test_missing_things_are_null_or_empty() -> None:
    described = describe(b"")
    empty = {key: value for key, value in described.items() if key != "warnings"}
    assert all(value in (None, []) for value in empty.values())


def test_what_was_understood_is_said_in_plain_values() -> None:
    described = describe((SAMPLES / "exim-bounce.eml").read_bytes())
    assert described["automatic"] == "bounce"
    assert described["bounce"] == {
        "recipient": "nobody@customer.example",
        "status": "5.1.1",
        "permanent": True,
        "original_message_id": "c2s-bbbbbbbbbbbb.y9@moonburger.example",
    }
    picture = describe((SAMPLES / "gmail-inline-image.eml").read_bytes())
    assert picture["cc"] == [{"name": "Lee, Ann", "address": "ann@gmail.example"}]
    assert list(picture["attachments"][0]) == [
        "filename",
        "content_type",
        "size",
        "sha256",
        "inline",
        "content_id",
    ]
    assert picture["attachments"][0]["size"] == 70


def test_one_line_a_file_in_the_order_given() -> None:
    names = ["newsletter.eml", "exim-bounce.eml", "newsletter.eml"]
    result = CliRunner().invoke(mail_read, ["--json", *(str(SAMPLES / name) for name in names)])
    assert result.exit_code == 0
    subjects = [json.loads(line)["subject"] for line in result.stdout.splitlines()]
    assert subjects[0] == subjects[2] == "Boxes that keep warm"
    assert len(subjects) == 3


def test_a_missing_file_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    missing = tmp_path / "missing.eml"
    result = CliRunner().invoke(mail_read, ["--json", str(missing), str(SAMPLES / "newsletter.eml")])
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == f"{missing}: No such file or directory.\n"


def test_people_get_a_summary() -> None:
    result = CliRunner().invoke(mail_read, [str(SAMPLES / "naver-reply-euc-kr.eml")])
    assert "김소라 <sora@naver.example>" in result.stdout
    assert "똠방각하" in result.stdout
    assert "주문해 주셔서" not in result.stdout


def test_it_runs_without_django_and_writes_utf_8_in_any_locale() -> None:
    program = (
        "import sys; from dangol.channels.email.read import mail_read\n"
        "try: mail_read(sys.argv[1:])\n"
        "finally: assert 'django' not in sys.modules"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "--json", str(SAMPLES / "naver-reply-euc-kr.eml")],
        capture_output=True,
        check=True,
        env={
            **os.environ,
            "LC_ALL": "C",
            "PYTHONIOENCODING": "ascii",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    assert json.loads(ran.stdout.decode("utf-8"))["from_name"] == "김소라"
    assert "김소라".encode() in ran.stdout


def test_our_own_mail_is_known_beside_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "s" * 40
    (tmp_path / "secret.key").write_text(secret)
    monkeypatch.setenv("DANGOL_DATA", str(tmp_path))
    monkeypatch.delenv("DANGOL_SECRET", raising=False)
    own = tokens.make_message_id(derive_key(secret, "mail"), 7, "x1", "moonburger.example")
    file = tmp_path / "own.eml"
    file.write_text(f"From: hello@moonburger.example\nMessage-ID: <{own}>\n\nhi\n")
    result = CliRunner().invoke(mail_read, ["--json", str(file)])
    assert json.loads(result.stdout)["automatic"] == "own"
    monkeypatch.setenv("DANGOL_DATA", str(tmp_path / "elsewhere"))
    result = CliRunner().invoke(mail_read, ["--json", str(file)])
    assert json.loads(result.stdout)["automatic"] is None
