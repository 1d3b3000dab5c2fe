"""Mail that is not plain: other charsets, HTML, pictures, machines. Written with the standard library. Pure."""

import hashlib
import html
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from dangol.channels.incoming import Party
from dangol.showcase.letters import Got, below_the_text, encoded, quoted
from dangol.showcase.people import Person
from dangol.showcase.shop import ZONE


def in_charset(
    charset: str, person: Person, *, to: Party, subject: str, text: str, at: datetime, message_id: str
) -> bytes:
    """A mail as Korean programs of the last twenty years write it: `euc-kr` or `iso-2022-kr` all through."""
    if text.encode("cp949", "replace") != text.encode("euc-kr", "replace"):
        charset = "utf-8"  # syllables that KS X 1001 lacks: Python would spell them out letter by letter
    mail = MIMEText(f"{text}\n", "plain", charset)
    shown = "euc-kr" if charset == "iso-2022-kr" else charset  # RFC 1557: ISO-2022-KR is for bodies alone
    mail["From"] = formataddr((person.name, person.address), shown)
    mail["To"] = formataddr((to.name or "", to.address or ""), shown)
    mail["Subject"] = Header(subject, shown).encode()
    mail["Date"] = format_datetime(at.astimezone(ZONE))
    mail["Message-ID"] = f"<{message_id}>"
    return mail.as_bytes().replace(b"\n", b"\r\n")


def with_html(
    person: Person,
    *,
    to: Party,
    subject: str,
    text: str,
    at: datetime,
    message_id: str,
    answers: Got | None = None,
    has_text: bool = True,
    pictures: dict[str, bytes] | None = None,
) -> bytes:
    """A mail with HTML, as web programs write it, with its text beside it or alone, and pictures."""
    mail = _mail(person, to, subject, at, message_id, answers)
    page = f'<div dir="ltr">{_as_html(text)}</div>'
    if answers:
        history = quoted(person, answers)
        page += f'<br><div class="gmail_quote"><blockquote class="gmail_quote">{_as_html(history)}</blockquote></div>'
    if has_text:
        mail.set_content(below_the_text(person, text, answers))
        mail.add_alternative(page, subtype="html")
    else:
        mail.set_content(page, subtype="html")
    for name, content in (pictures or {}).items():
        mail.add_attachment(content, maintype="image", subtype="png", filename=name)
    return _as_bytes(mail)


def out_of_office(person: Person, answers: Got, *, at: datetime, message_id: str) -> bytes:
    """What answers by itself while the person is away."""
    korean = person.language == "ko"
    subject = f"자동 응답: {answers.subject}" if korean else f"Automatic reply: {answers.subject}"
    mail = _mail(person, answers.sender, subject, at, message_id, answers)
    mail["Auto-Submitted"] = "auto-replied"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(
        "안녕하세요. 이번 주는 휴가입니다. 월요일부터 메일을 확인하겠습니다.\n급한 일은 사무실로 연락 주세요."
        if korean
        else "I'm out of the office until Monday and read no mail.\nIn urgent cases please call our front desk."
    )
    return _as_bytes(mail)


def newsletter(*, to: Party, at: datetime, message_id: str) -> bytes:
    """What a supplier sends to all its customers."""
    mail = EmailMessage()
    mail["From"] = "Hangang Packaging <news@hangang-packaging.example>"
    mail["To"] = formataddr((to.name or "", to.address or ""))
    mail["Subject"] = "Cardboard that keeps burgers warm: our autumn list / 가을 포장재 안내"
    mail["Date"] = format_datetime(at.astimezone(ZONE))
    mail["Message-ID"] = f"<{message_id}>"
    mail["List-Unsubscribe"] = "<https://hangang-packaging.example/leave>"
    mail["List-Id"] = "Autumn list <autumn.hangang-packaging.example>"
    mail["Precedence"] = "bulk"
    text = "New this autumn: boxes with a double floor.\n\n올가을 신상품: 이중 바닥 상자가 새로 나왔습니다."
    mail.set_content(f"{text}\n")
    mail.add_alternative(f"<h2>Hangang Packaging</h2>{_as_html(text)}", subtype="html")
    return _as_bytes(mail)


def bounce_report(sent: Got, *, recipient: str, at: datetime, message_id: str) -> bytes:
    """A delivery report (RFC 3464): the recipient's server knows nobody of that name."""
    boundary = "=_report_of_the_mail_system"
    host = recipient.rpartition("@")[2]
    lines = [
        "Return-Path: <>",
        f"From: Mail Delivery System <MAILER-DAEMON@{host}>",
        f"To: <{sent.sender.address}>",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {format_datetime(at.astimezone(ZONE))}",
        f"Message-ID: <{message_id}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"I'm sorry to have to inform you that your message could not be delivered to <{recipient}>.",
        "The mail system says: 550 5.1.1 no such user here",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; mx.{host}",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user here",
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        f"From: {formataddr((sent.sender.name or '', sent.sender.address or ''))}",
        f"To: <{recipient}>",
        f"Subject: {encoded(sent.subject)}",
        f"Message-ID: <{sent.message_id}>",
        "",
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode()


def heavy_scan(person: Person, *, to: Party, at: datetime, message_id: str) -> bytes:
    """A scan of many pages, whose reading once took too long; a second try reads it."""
    mail = _mail(person, to, "Scan_0001.tif", at, message_id, None)
    mail.set_content("Menu for the wall, 40 pages. Please print the large ones.\n")
    mail.add_attachment(
        b"II*\x00" + bytes(range(256)) * 24, maintype="image", subtype="tiff", filename="Scan_0001.tif"
    )
    return _as_bytes(mail)


def _mail(
    person: Person, to: Party, subject: str, at: datetime, message_id: str, answers: Got | None
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = formataddr((person.name, person.address))
    address = (answers.reply_to if answers else None) or to.address or ""
    mail["To"] = formataddr((to.name or "", address))
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at.astimezone(ZONE))
    mail["Message-ID"] = f"<{message_id}>"
    if answers:
        mail["In-Reply-To"] = f"<{answers.message_id}>"
        mail["References"] = " ".join(f"<{each}>" for each in (*answers.references, answers.message_id))
    return mail


def _as_bytes(mail: EmailMessage) -> bytes:
    # Boundaries of our own: the library's are of chance, and the same letter shall be the same bytes.
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            made = hashlib.sha256(f"{number} {mail['Message-ID']}".encode()).hexdigest()[:32]
            part.set_boundary(f"=_{made}")
    return mail.as_bytes(policy=SMTP)


def _as_html(text: str) -> str:
    paragraphs = html.escape(text).split("\n\n")
    return "".join(f"<p>{paragraph.replace(chr(10), '<br>')}</p>" for paragraph in paragraphs)
