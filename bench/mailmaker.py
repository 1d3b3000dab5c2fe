"""Generated mail for the benchmarks: the same seed makes the same mails.

30 % are replies, 5 % carry a file of 100 kB, 20 % are Korean (UTF-8, EUC-KR and ISO-2022-KR in turn); all have a
text and an HTML part.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.charset import BASE64, Charset
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from itertools import cycle
from pathlib import Path

KOREAN = [
    "주문",
    "배송",
    "포인트",
    "쿠폰",
    "버거",
    "감자튀김",
    "환불",
    "예약",
    "단체",
    "영수증",
    "포장",
    "매장",
    "시간",
    "알레르기",
    "음료",
    "문의",
    "감사합니다",
    "안녕하세요",
]
ENGLISH = [
    "order",
    "delivery",
    "points",
    "voucher",
    "burger",
    "fries",
    "refund",
    "booking",
    "group",
    "receipt",
    "packing",
    "shop",
    "hours",
    "allergy",
    "drink",
    "question",
    "thanks",
    "hello",
]
BEGAN = datetime(2026, 8, 1, 9, 0, tzinfo=UTC)


def make_mails(count: int, seed: int = 7) -> Iterator[tuple[bytes, int]]:
    """`count` mails as (bytes, number of the conversation that it belongs to)."""
    chance = random.Random(seed)
    charsets = cycle(["utf-8", "euc-kr", "iso-2022-kr"])
    threads: list[list[str]] = []
    for number in range(count):
        is_reply = bool(threads) and chance.random() < 0.30
        thread = chance.randrange(len(threads)) if is_reply else len(threads)
        if not is_reply:
            threads.append([])
        parents = threads[thread]
        message_id = f"<{number}.{seed}@customers.example>"
        korean = chance.random() < 0.20
        yield _mail(chance, number, thread, message_id, parents, next(charsets) if korean else None), thread
        parents.append(message_id)


def write_maildir(folder: Path, count: int, seed: int = 7) -> int:
    """Write the mails as a Maildir, in random order of names, and return the number of conversations in it."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    names = list(range(count))
    random.Random(seed + 1).shuffle(names)
    threads = set()
    for name, (content, thread) in zip(names, make_mails(count, seed), strict=True):
        (folder / "new" / f"{name:08d}.bench").write_bytes(content)
        threads.add(thread)
    return len(threads)


def _mail(
    chance: random.Random, number: int, thread: int, message_id: str, parents: list[str], charset: str | None
) -> bytes:
    words = KOREAN if charset else ENGLISH
    text = "\n\n".join(" ".join(chance.choices(words, k=40)) for _ in range(3))
    encoding = charset or "us-ascii"
    mail = MIMEMultipart("mixed")
    body = MIMEMultipart("alternative")
    body.attach(_text(text, "plain", encoding))
    body.attach(_text(f"<html><body><p>{text}</p></body></html>", "html", encoding))
    mail.attach(body)
    person = chance.randrange(400) if not parents else thread % 400
    name = f"{chance.choice(words)} {person}"
    mail["From"] = formataddr((str(Header(name, "utf-8")), f"customer{person}@customers.example"))
    mail["To"] = "hello@moonburger.test"
    subject = " ".join(chance.choices(words, k=4))
    mail["Subject"] = Header(f"{'Re: ' if parents else ''}{subject} {thread}", "utf-8" if charset else None)
    mail["Date"] = format_datetime(BEGAN + timedelta(minutes=number))
    mail["Message-ID"] = message_id
    if parents:
        mail["In-Reply-To"] = parents[-1]
        mail["References"] = " ".join(parents[-10:])
    if chance.random() < 0.05:
        file = MIMEApplication(chance.randbytes(100_000), "pdf")
        file.add_header("Content-Disposition", "attachment", filename="receipt.pdf")
        mail.attach(file)
    return mail.as_bytes()


def _text(text: str, kind: str, encoding: str) -> MIMENonMultipart:
    if encoding in {"us-ascii", "utf-8"}:
        return MIMEText(text, kind, encoding)
    charset = Charset(encoding)
    charset.body_encoding = BASE64 if encoding == "euc-kr" else None
    part = MIMENonMultipart("text", kind, charset=encoding)
    if encoding == "euc-kr":
        part.set_payload(text.encode(encoding), charset)
    else:
        part["Content-Transfer-Encoding"] = "7bit"
        part.set_payload(text.encode(encoding).decode("ascii"))
    return part
