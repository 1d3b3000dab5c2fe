"""Sending through a provider's web interface instead of a mail server, by django-anymail.

What was composed is taken apart again and given to the provider in its own form, with the headers by which
answers find back. Some providers replace the Message-ID: what they call the mail comes back with the result.
Nothing is logged, for whatever a provider says may hold an address.
"""

import email
import email.policy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage as ParsedMail
from email.message import MIMEPart
from typing import Any, Final

from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from dangol.channels.email.problems import Problem, Trial, problem_of
from dangol.channels.email.provider_kinds import KINDS, Kind
from dangol.channels.email.smtp import SendResult
from dangol.channels.email.smtp_dialogue import Outcome, RecipientResult

TIMEOUT_SECONDS: Final = (15, 120)  # to connect, and for the answer: giving up too soon sends twice
_REFUSED = {"invalid", "rejected", "failed"}
# What the provider makes itself, or what has a place of its own in its form.
_OWN_PLACE = {
    "from", "to", "cc", "bcc", "subject", "reply-to", "date", "mime-version",
    "content-type", "content-transfer-encoding",
}  # fmt: skip


@dataclass(frozen=True)
class SendingProvider:
    """By whom and with which key to send. `url` is another address of its interface; empty is the usual one."""

    kind: str
    key: str = field(repr=False)
    url: str = ""

    @property
    def host(self) -> str:
        """What it is called, for messages."""
        return KINDS[self.kind].name


def send_by_provider(
    provider: SendingProvider,
    recipients: Sequence[str],
    data: bytes,
    *,
    before_end: Callable[[], None] | None = None,
) -> SendResult:
    """Offer the mail for every recipient, as `smtp.send` does, and return what became of each.

    `before_end` is called right before the provider gets the mail. After that, a connection that dies without an
    answer is `uncertain`. `message_ids` of the result are the provider's own names for the mail.
    """
    from anymail.exceptions import AnymailError

    kind = KINDS[provider.kind]
    mail = _taken_apart(data, list(recipients), kind)
    try:
        backend = _backend(provider, kind)
    except Exception as error:  # a key of the wrong shape
        return _all(recipients, "later", None, _words(error), Problem.KEY_REFUSED)
    if before_end:
        before_end()
    try:
        with backend:
            backend.send_messages([mail])
    except AnymailError as error:
        return _of_error(error, mail, recipients)
    return SendResult(tuple(_result(mail, address) for address in recipients), None, _ids(mail, kind))


def try_sending_by_provider(provider: SendingProvider, sender: str, data: bytes) -> Trial:
    """Send a mail that is only a test from the mailbox to itself: no provider offers less."""
    result = send_by_provider(provider, [sender], data)
    (one,) = result.recipients
    if result.problem or one.outcome != "accepted":
        return Trial(result.problem or Problem.SENDER_REFUSED, one.text, provider.host)
    return Trial(None, "", provider.host)


def _backend(provider: SendingProvider, kind: Kind) -> Any:
    parts = provider.key.split(":", len(kind.keys) - 1)
    if len(parts) != len(kind.keys) or not all(part.strip() for part in parts):
        raise ValueError("the key has another shape")
    options: dict[str, Any] = dict(zip(kind.keys, (part.strip() for part in parts), strict=True))
    if provider.url:
        options["api_url"] = provider.url
    backend_class = import_string(f"anymail.backends.{kind.backend}.EmailBackend")
    return backend_class(timeout=TIMEOUT_SECONDS, **options)


def _taken_apart(data: bytes, recipients: list[str], kind: Kind) -> EmailMultiAlternatives:
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(parsed, ParsedMail)
    named = {name: _people(parsed, name) for name in ("to", "cc")}
    wanted = {address.lower() for address in recipients}
    shown = {name: [who for who, address in people if address in wanted] for name, people in named.items()}
    visible = {address for people in named.values() for _who, address in people}
    plain, rich = parsed.get_body(("plain",)), parsed.get_body(("html",))
    headers = {name: str(value) for name, value in parsed.items() if name.lower() not in _OWN_PLACE}
    mail = EmailMultiAlternatives(
        subject=str(parsed["subject"] or ""),
        body=_text(plain),
        from_email=str(parsed["from"]),
        to=shown["to"],
        cc=shown["cc"],
        bcc=[address for address in recipients if address.lower() not in visible],
        reply_to=[str(parsed["reply-to"])] if parsed["reply-to"] else None,
        headers={**headers, **dict(kind.headers)},
    )
    if rich is not None:
        mail.attach_alternative(_text(rich), "text/html")
    for part in parsed.iter_attachments():
        content = part.get_content()
        mail.attach(
            part.get_filename() or "file",
            content.encode() if isinstance(content, str) else content,
            part.get_content_type(),
        )
    return mail


def _people(parsed: ParsedMail, name: str) -> list[tuple[str, str]]:
    addresses = [each for value in parsed.get_all(name, []) for each in value.addresses]
    return [(str(each), each.addr_spec.lower()) for each in addresses]


def _text(part: MIMEPart | None) -> str:
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _result(mail: EmailMultiAlternatives, address: str) -> RecipientResult:
    statuses = {
        each.lower(): one
        for each, one in mail.anymail_status.recipients.items()  # type: ignore[attr-defined]
    }
    found = statuses.get(address.lower())
    is_refused = found is not None and found.status in _REFUSED
    return RecipientResult(
        address, "refused" if is_refused else "accepted", None, found.status if is_refused and found else ""
    )


def _ids(mail: EmailMultiAlternatives, kind: Kind) -> tuple[str, ...]:
    """The provider's names for the mail as Message-IDs without brackets, where they can be such."""
    recipients = mail.anymail_status.recipients.values()  # type: ignore[attr-defined]
    found = dict.fromkeys(str(each.message_id).strip("<> ") for each in recipients if each.message_id)
    return tuple(
        f"{each}@{kind.id_host}" if kind.id_host and "@" not in each else each
        for each in found
        if re.fullmatch(r"[\x21-\x7e]{6,240}", each)
    )


def _of_error(error: Exception, mail: EmailMultiAlternatives, recipients: Sequence[str]) -> SendResult:
    from anymail.exceptions import AnymailRecipientsRefused, AnymailRequestsAPIError

    if isinstance(error, AnymailRecipientsRefused):
        return SendResult(tuple(_result(mail, address) for address in recipients))
    said = _said(error)
    if not isinstance(error, AnymailRequestsAPIError):
        return _all(
            recipients, "refused", None, said, None
        )  # the mail cannot be put into this provider's form
    code = error.status_code
    if code is None:
        problem, outcome = _network(error)
        return _all(recipients, outcome, None, said, problem)
    if code in {401, 403}:
        return _all(recipients, "later", code, said, Problem.KEY_REFUSED)
    if code in {408, 425, 429} or code >= 500:
        return _all(recipients, "later", code, said, Problem.SERVER_BUSY)
    # It was taken, but in words that nobody understands.
    return _all(recipients, "uncertain" if code < 300 else "refused", code, said, None)


def _network(error: Exception) -> tuple[Problem, Outcome]:
    """What a request without an answer means: only one that never got through is surely not sent."""
    import requests
    import urllib3

    cause = error.__cause__
    inner = cause.args[0] if cause is not None and cause.args else None
    reason = getattr(inner, "reason", None) or inner
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return Problem.TIMEOUT, "later"
    if isinstance(cause, requests.exceptions.SSLError):
        return Problem.CERTIFICATE, "later"
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return Problem.HOST_NOT_FOUND, "later"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        inside = reason.__cause__ or reason.__context__
        return (problem_of(inside) if isinstance(inside, OSError) else Problem.UNREACHABLE), "later"
    if isinstance(cause, requests.exceptions.ReadTimeout):
        return Problem.TIMEOUT, "uncertain"
    return Problem.CONNECTION_LOST, "uncertain"


def _all(
    recipients: Sequence[str], outcome: Outcome, code: int | None, text: str, problem: Problem | None
) -> SendResult:
    return SendResult(tuple(RecipientResult(each, outcome, code, text) for each in recipients), problem)


def _said(error: Exception) -> str:
    response = getattr(error, "response", None)
    text = getattr(response, "text", "") if response is not None else ""
    return _words(text or error)


def _words(text: object) -> str:
    return " ".join(str(text).split())[:500]
