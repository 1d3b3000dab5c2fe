"""The parser reads every mail as the library's own does."""

import random
import re
from email import feedparser
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from typing import Any

import pytest

from dangol.channels.email import feeding

SAMPLES = sorted((Path(__file__).parent / "samples").rglob("*.eml"))
BOUNDARIES = [
    "simple",
    "a.b*c(d)+[e]?",
    "with space",
    "=_\\odd^$|{2}",
    "-",
    "--",
    "한글",
    "a#b&c~d",
    "x" * 200,
]
ENDS = ["\n", "\r\n", "\r", "", " \t\n", "--\n", "-- \r\n", "--", "-\n", " x\n", "x\n", "--x\n", "\n\n"]


def test_all_sample_mails_are_read_alike() -> None:
    assert SAMPLES
    for path in SAMPLES:
        _is_read_alike(path.read_bytes())


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_mails_with_every_kind_of_boundary_line_are_read_alike(boundary: str) -> None:
    chance = random.Random(boundary)
    for _ in range(60):
        lines = [f'Content-Type: multipart/mixed; boundary="{boundary.replace(chr(92), chr(92) * 2)}"\n\n']
        for _ in range(chance.randrange(12)):
            lines.append(
                chance.choice(
                    [
                        f"--{boundary}{chance.choice(ENDS)}",
                        f"--{boundary}\nContent-Type: multipart/alternative; boundary=inner\n\n--inner\n\n",
                        f"--inner{chance.choice(ENDS)}",
                        f" --{boundary}\n",
                        "Content-Type: message/rfc822\n\n",
                        "words\n",
                        "\n",
                    ]
                )
            )
        _is_read_alike("".join(lines).encode("utf-8"))


def test_a_mail_that_comes_in_many_pieces_is_read_alike() -> None:
    line = b"words and words and words\r\n"
    _is_read_alike(
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n' + line * 40_000 + b"--b--\r\nend"
    )


def test_no_expression_is_compiled_for_a_boundary(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    real = re.compile

    def note(pattern: Any, *flags: Any) -> re.Pattern[str]:
        compiled.append(str(pattern))
        return real(pattern, *flags)

    monkeypatch.setattr(re, "compile", note)
    _read('Content-Type: multipart/mixed; boundary="b"\n\n--b\n\none\n--b\n\ntwo\n--b--\n')
    assert not compiled
    assert feedparser.re is re  # the library is as it was
    assert feedparser.FeedParser._parsegen is not feeding._Parser._parsegen  # type: ignore[attr-defined]


def test_an_expression_of_another_form_is_compiled() -> None:
    assert feeding._Expressions.compile("a+") is re.compile("a+")


def _is_read_alike(raw: bytes) -> None:
    text = raw.decode("ascii", "surrogateescape")
    assert _told(_read(text)) == _told(BytesParser(Message, policy=compat32).parsebytes(raw)), raw[:2000]


def _read(text: str) -> "Message[Any, Any]":
    return feeding.parse(text, Message, compat32)


def _told(part: "Message[Any, Any]") -> Any:
    payload = part._payload  # type: ignore[attr-defined]
    return (
        list(part.raw_items()),
        [_told(child) for child in payload] if isinstance(payload, list) else payload,
        part.preamble,
        part.epilogue,
        [type(defect).__name__ for defect in part.defects],
    )
