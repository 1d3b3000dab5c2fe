"""Mail that lies in files: .eml, mbox, Maildir, or a folder of .eml. One message at a time, never a whole archive."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from dangol.kernel.errors import Refused

_SNIFF = 8_192
_BLOCK = 1 << 20
# Mailers differ in what follows "From "; a year at the end or an address after it is common to all.
_FROM_LINE = re.compile(rb"From (?:\S+ .*\d{4}|\S*@\S*|MAILER-DAEMON|-)", re.IGNORECASE)
_ESCAPED_FROM = re.compile(rb"(?m)^>(>*From )")
_HEADER = re.compile(rb"[\x21-\x39\x3b-\x7e]{2,76}:")
_SUFFIXES = frozenset((".eml", ".msg", ".mai", ".mbox", ".mbx", ".txt", ""))


class NotMail(Refused):
    """What was named is no mail and holds none."""


def messages_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, raw bytes) of every message in a .eml or mbox file, a Maildir (cur and new) or a folder of .eml files.

    The name says where it came from (`archive.mbox#12`, `cur/1700…:2,S`). Order: as in the file; in
    folders by name. Raises NotMail for anything else, before the first message.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise NotMail(_("There is no file or folder {path}.").format(path=path))
    if _is_mbox(path):
        return _mbox(path)
    if not _looks_like_mail(path):
        raise NotMail(
            _("{path} is no mail: neither a message (.eml) nor a mailbox (mbox, Maildir).").format(path=path)
        )
    return iter([(path.name, path.read_bytes())])


def count_messages(path: Path) -> int:
    """How many messages there are, for a progress bar: files of a folder, `From ` lines of an mbox."""
    path = Path(path)
    if path.is_dir():
        return sum(_count_file(file) for file in _files(path))
    return _count_file(path) if path.is_file() else 0


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    files = _files(path)
    if not files and not _is_maildir(path):
        raise NotMail(_("{path} holds no mail: neither a Maildir nor .eml or mbox files.").format(path=path))
    return _messages_of(path, files)


def _messages_of(folder: Path, files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        name = str(file.relative_to(folder))
        try:
            if file.suffix.lower() in (".mbox", ".mbx") and _is_mbox(file):
                yield from ((f"{name}#{inner.rpartition('#')[2]}", raw) for inner, raw in _mbox(file))
            else:
                yield name, file.read_bytes()
        except FileNotFoundError:
            continue  # another program moved it (Maildir: from new to cur) while we read


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _files(path: Path) -> list[Path]:
    """The files that hold messages: of a Maildir those in cur and new, its subfolders (`.Sent`) included."""
    if _is_maildir(path):
        folders = [
            path,
            *sorted(child for child in path.iterdir() if child.name.startswith(".") and _is_maildir(child)),
        ]
        found = [
            file for folder in folders for part in ("cur", "new") for file in _plain_files(folder / part)
        ]
        return found
    if path.name in ("cur", "new"):
        return _plain_files(path)
    return [file for file in _plain_files(path) if file.suffix.lower() in (".eml", ".mbox", ".mbx")]


def _plain_files(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    return [folder / name for name in names]


def _count_file(file: Path) -> int:
    if not _is_mbox(file):
        return 1
    if file.suffix.lower() == ".eml":
        return 1
    count = 0
    before = b"\n"
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            count += len(re.findall(rb"\nFrom ", before + block))
            before = block[-5:]
    return count


def _is_mbox(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            head = opened.read(_SNIFF).lstrip(b"\r\n")
    except OSError:
        return False
    first, _newline, rest = head.partition(b"\n")
    # A single message may begin with an envelope line too; as an mbox of one it reads the same.
    return (
        _FROM_LINE.match(first) is not None
        and file.suffix.lower() != ".eml"
        and _HEADER.match(rest) is not None
    )


def _looks_like_mail(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(_SNIFF).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if file.suffix.lower() == ".eml":
        return True
    lines = head.splitlines()[:20]
    return bool(lines) and sum(_HEADER.match(line) is not None for line in lines) >= min(3, len(lines))


def _mbox(file: Path) -> Iterator[tuple[str, bytes]]:
    """Messages of an mbox (mboxo, mboxrd), read line by line."""
    lines: list[bytes] = []
    number = 0
    is_after_blank = True
    with file.open("rb") as opened:
        for line in opened:
            if is_after_blank and line.startswith(b"From ") and _FROM_LINE.match(line):
                if number:
                    yield f"{file.name}#{number}", _unescaped(lines)
                lines = []
                number += 1
            elif number:
                lines.append(line)
            is_after_blank = not line.strip(b"\r\n")
    if number:
        yield f"{file.name}#{number}", _unescaped(lines)


def _unescaped(lines: list[bytes]) -> bytes:
    """The message as it was before an mbox took it: `>From ` unescaped, the dividing empty line gone."""
    if lines and not lines[-1].strip(b"\r\n"):
        lines.pop()
    raw = b"".join(lines)
    return _ESCAPED_FROM.sub(rb"\1", raw) if b">From " in raw else raw
