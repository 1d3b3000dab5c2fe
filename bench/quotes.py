"""How many replies come out right: what is new in them shown, quoted history and signature folded.

    python bench/quotes.py DIRECTORY
    python bench/quotes.py DIRECTORY --show

DIRECTORY holds sets of replies that others have collected, in the layout of their projects:

    reply-trimmer/emails, trimmed, elided   texts, their new part and the rest, under the same names
    talon/standard_replies                  mails that say "Hello" and quote
    talon/html_replies                      HTML that says "Hi. I am fine." and quotes
    talon/signature/emails/stripped         texts (…_body) and the signature they end with (…_signature)

Sets that are absent are left out. Each reply is read as a mail, as one that comes in. "Too little" means too little
folded: something beyond the new part is shown; "too much" that a word of the new part is not. Each of those is named,
and shown with --show.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

FATES = ("exact", "spaces", "too little", "too much")
HTML_REPLY = "Hi. I am fine.\n\nThanks,\nAlex"


@dataclass(frozen=True)
class Reply:
    """A mail and what is new in it; any of `expected` will do."""

    set: str
    name: str
    raw: bytes
    expected: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--show", action="store_true", help="show what was expected and what came out")
    options = parser.parse_args()
    replies = [*trimmer(options.directory / "reply-trimmer"), *talon(options.directory / "talon")]
    if not replies:
        sys.exit(f"No replies in {options.directory}.")
    fates: dict[str, Counter[str]] = {}
    others: list[tuple[Reply, str, str]] = []
    for reply in replies:
        fate, new = judge(reply)
        fates.setdefault(reply.set, Counter())[fate] += 1
        if fate not in ("exact", "spaces"):
            others.append((reply, fate, new))
    print_table(fates)
    for reply, fate, new in others:
        print(f"{fate}: {reply.set}/{reply.name}")
        if options.show:
            print(f"--- expected\n{reply.expected[0]}\n--- came out\n{new}\n")


def print_table(fates: dict[str, Counter[str]]) -> None:
    print(f"{'set':<28}{'replies':>8}{'exact':>8}{'+ spaces':>10}{'too little':>12}{'too much':>10}")
    for name, counts in [*fates.items(), ("all", sum(fates.values(), Counter()))]:
        row = [counts[fate] for fate in FATES]
        print(f"{name:<28}{sum(row):>8}{row[0]:>8}{row[1]:>10}{row[2]:>12}{row[3]:>10}")
    print()


def judge(reply: Reply) -> tuple[str, str]:
    """What became of the reply (one of FATES), and what would be shown as new."""
    from dangol.channels.email.parse import parse

    new = parse(reply.raw).text_new or ""
    if any(new.strip() == expected.strip() for expected in reply.expected):
        return "exact", new
    if any(squeezed(new) == squeezed(expected) for expected in reply.expected):
        return "spaces", new
    missing = Counter(reply.expected[-1].split()) - Counter(new.split())
    return "too much" if missing else "too little", new


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def trimmer(folder: Path) -> Iterator[Reply]:
    for file in sorted((folder / "emails").glob("*.txt")):
        expected = (folder / "trimmed" / file.name).read_text(errors="replace")
        yield Reply("reply-trimmer", file.stem, mail_of(file.read_text(errors="replace")), (expected,))


def talon(folder: Path) -> Iterator[Reply]:
    for file in sorted((folder / "standard_replies").glob("*.eml")):
        # Some expect the line of the phone to stay; here it is folded, and "Hello" is what counts.
        stated = file.with_name(f"{file.stem}_reply_text")
        with_ending = [stated.read_text()] if stated.exists() else []
        yield Reply("talon standard replies", file.stem, file.read_bytes(), (*with_ending, "Hello"))
    for file in sorted((folder / "html_replies").glob("*.html")):
        raw = mail_of(file.read_text(errors="replace"), "html")
        yield Reply("talon HTML replies", file.stem, raw, (HTML_REPLY,))
    for file in sorted((folder / "signature" / "emails" / "stripped").glob("*_body")):
        body = file.read_text().replace("#sig#", "")
        signature = file.with_name(file.name.replace("_body", "_signature")).read_text().replace("#sig#", "")
        expected = body.strip().removesuffix(signature.strip())
        yield Reply("talon signatures", file.stem, mail_of(body), (expected,))


def mail_of(text: str, kind: str = "plain") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Sora <sora@example.com>"
    mail.set_content(text, subtype=kind)
    return mail.as_bytes()


if __name__ == "__main__":
    main()
