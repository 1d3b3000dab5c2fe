"""Mail that could not be delivered: whom it was for, why, and which message it was.

RFC 3464 reports are read by their fields. Servers that write prose instead are recognised by who sends
it and what it says; what is quoted of the returned message tells its Message-ID.
"""

import re
from typing import NamedTuple

from dangol.channels.email import addresses, bounce_words, charsets, headers, parameters, people
from dangol.channels.email.mime import Part
from dangol.channels.incoming import Bounce, Party

_MAX_TEXT = 200_000
_REPORT_KINDS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_RETURNED_KINDS = frozenset(
    (
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global",
        "message/partial",
        "message/global-headers",
    )
)


class _Verdict(NamedTuple):
    recipient: str | None
    action: str
    status: str | None
    diagnostic: str


def read(mail: Part, sender: Party, subject: str | None, text: str | None) -> Bounce | None:
    """What a delivery report says, one recipient of it (a failed one before a delayed one); None for all other mail.

    Complaints (ARF), read receipts and reports of success are no bounces.
    """
    leaves = list(mail.leaves())
    kinds = {part.kind for part in leaves}
    if kinds & {"message/feedback-report", "message/disposition-notification"}:
        return None
    reports = [part for part in leaves if part.kind in _REPORT_KINDS]
    prose = _prose(mail, text)
    returned = _returned(leaves, prose)
    contents = [part.content() for part in reports]
    if not reports and re.search(r"(?im)^final-recipient:.*;", prose) and _is_daemon(mail, sender):
        contents = [prose.encode()]  # a report whose parts were run together on the way
    if contents:
        verdicts = [verdict for content in contents for verdict in _verdicts(content)]
        if verdicts and all(verdict.action in ("delivered", "relayed", "expanded") for verdict in verdicts):
            return None
        verdict = _worst(verdicts)
    elif _is_bounce(mail, sender, subject, prose, kinds):
        verdict = None
    else:
        return None
    return _bounce(mail, verdict, prose, returned, sender)


def _bounce(mail: Part, verdict: _Verdict | None, prose: str, returned: str, sender: Party) -> Bounce:
    said = _before_returned(prose)
    recipient = (
        verdict.recipient if verdict and verdict.recipient else _recipient(mail, said, returned, sender)
    )
    diagnostic = verdict.diagnostic if verdict else ""
    status = verdict.status if verdict else None
    if status is None or status.endswith(".0.0"):
        status = _status(diagnostic) or (status if verdict else _status(said)) or status or _status(said)
    action = verdict.action if verdict else ""
    is_permanent = _is_permanent(status, action, f"{diagnostic}\n{said}")
    return Bounce(recipient, status, is_permanent, _original_id(mail, returned))


def _prose(mail: Part, text: str | None) -> str:
    if text:
        return text[:_MAX_TEXT]
    # A report without a readable part: whatever it holds as text.
    for part in mail.leaves():
        if part.kind.startswith(("text/", "message/")):
            return (
                charsets.decode(part.content()[:_MAX_TEXT], part.charset)
                .text.replace("\r\n", "\n")
                .replace("\r", "\n")
            )
    return ""


def _returned(leaves: list[Part], prose: str) -> str:
    """The returned message, or its headers, as text."""
    for part in leaves:
        if part.kind in _RETURNED_KINDS:
            content = part.content()[:_MAX_TEXT].decode("utf-8", "replace")
            return content.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    for part in leaves[1:]:
        head = part.content()[:20_000].decode("utf-8", "replace").replace("\r\n", "\n").lstrip("\n")
        if sum(bounce_words.HEADER_LINE.match(line) is not None for line in head.split("\n")[:12]) >= 3:
            return head
    return prose[len(_before_returned(prose)) :]


def _before_returned(prose: str) -> str:
    """The prose above the headers of the returned message."""
    lines = prose.split("\n")
    position = 0
    for index, line in enumerate(lines):
        if bounce_words.HEADER_LINE.match(line):
            close = sum(
                bounce_words.HEADER_LINE.match(later) is not None for later in lines[index : index + 5]
            )
            if close >= 3:
                return prose[:position]
        position += len(line) + 1
    return prose


def _verdicts(content: bytes) -> list[_Verdict]:
    """The recipients of a delivery-status part; its fields come in groups divided by empty lines."""
    text = charsets.decode(content[:_MAX_TEXT], None).text.replace("\r\n", "\n").replace("\r", "\n")
    found = []
    for group in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        for match in re.finditer(
            r"(?m)^([A-Za-z][A-Za-z-]{2,40})[ \t]*:[ \t]*(.*(?:\n[ \t]+.*){0,50})", group
        ):
            fields.setdefault(match[1].lower(), re.sub(r"\s+", " ", match[2]).strip())
        recipient = _typed_address(fields.get("original-recipient")) or _typed_address(
            fields.get("final-recipient")
        )
        if recipient is None and not {"action", "status", "final-recipient"} & fields.keys():
            continue
        status = bounce_words.STATUS.search(fields.get("status", ""))
        action = re.match(r"[a-z]+", fields.get("action", "").lower())
        found.append(
            _Verdict(
                recipient,
                action[0] if action else "",
                status[0] if status else None,
                fields.get("diagnostic-code", ""),
            )
        )
    return found


def _typed_address(value: str | None) -> str | None:
    """`rfc822; <a@b>` without its type."""
    match = bounce_words.ADDRESS.search(re.sub(r"^[\w-]+\s*;", "", value)) if value else None
    return people.normalised(match[0]) if match else None


def _worst(verdicts: list[_Verdict]) -> _Verdict | None:
    order = {"failed": 0, "failure": 0, "delayed": 1, "": 2}
    return min(verdicts, key=lambda verdict: order.get(verdict.action, 3), default=None)


def _is_bounce(mail: Part, sender: Party, subject: str | None, prose: str, kinds: set[str]) -> bool:
    """Whether prose is a server's report that mail was not delivered, and not a person's word about one."""
    if mail.field("x-failed-recipients"):
        return True
    says = bounce_words.SUBJECT.search(subject or "") is not None
    head = _before_returned(prose)[:20_000]
    fails = (
        bounce_words.FAILED.search(head) is not None
        or bounce_words.DELAYED.search(head) is not None
        or bounce_words.CODE.search(head) is not None
    )
    report_type = parameters.read(mail.field("content-type"), "report-type") or ""
    if mail.kind == "multipart/report" and report_type.lower() in ("delivery-status", ""):
        return says or fails
    is_daemon = _is_daemon(mail, sender) or (
        says and addresses.machine_word(sender.address or "") is not None
    )
    returns = bool(kinds & _RETURNED_KINDS) or len(head) < len(prose)
    if bounce_words.AWAY.match(subject or ""):
        return False
    if is_daemon:
        has_code = bounce_words.CODE.search(head) and bounce_words.FAILED.search(head)
        return says or (fails and returns) or bool(has_code)
    return says and fails and returns and not _is_person(mail)


def _is_person(mail: Part) -> bool:
    """Whether a mail program of a person sent it: somebody who forwards a bounce and asks about it."""
    return bool(
        mail.field("user-agent")
        or mail.field("in-reply-to")
        or bounce_words.PERSONAL_MAILER.search(mail.field("x-mailer") or "")
    )


def _is_daemon(mail: Part, sender: Party) -> bool:
    if any(re.fullmatch(r"\s*<\s*>\s*", value) for value in mail.fields("return-path")):
        return True
    who = " ".join(
        (sender.name or "", (sender.address or "").partition("@")[0], mail.field("return-path") or "")
    )
    return bounce_words.DAEMON.search(who) is not None


def _recipient(mail: Part, said: str, returned: str, sender: Party) -> str | None:
    """The address that prose complains about."""
    failed = bounce_words.ADDRESS.search(mail.field("x-failed-recipients") or "")
    if failed:
        return people.normalised(failed[0])
    ours = {
        party.address.lower()
        for party in people.read([*mail.fields("to"), *mail.fields("from")])
        if party.address
    }
    *sure, last_resort = bounce_words.RECIPIENT
    if found := _first_stranger(sure, said, ours):
        return found
    to = re.search(r"(?im)^[ \t>|]{0,4}to[ \t]*:\s*(.*(?:\n[ \t]+\S.*){0,5})", returned[:20_000])
    named = people.read([to[1]]) if to else ()
    addressed = next((party.address for party in named if party.address), None)
    return addressed or _first_stranger([last_resort], said, ours)


def _first_stranger(patterns: list[re.Pattern[str]], said: str, ours: set[str]) -> str | None:
    for pattern in patterns:
        for match in pattern.finditer(said[:20_000]):
            address = match[1].rstrip(".")
            is_contact = re.match(r"(?i)(?:postmaster|mailer-daemon|abuse|support|helpdesk)@", address)
            if address.lower() not in ours and not is_contact:
                return people.normalised(address)
    return None


def _status(text: str) -> str | None:
    found = [match for match in bounce_words.STATUS.finditer(text[:20_000]) if match[1] != "2"]
    # Something more exact than x.0.0 may stand beside it.
    exact = [match for match in found if not match[0].endswith(".0.0")]
    return (exact or found)[0][0] if found else None


def _is_permanent(status: str | None, action: str, text: str) -> bool | None:
    if action == "delayed":
        return False
    if status is not None:
        return status.startswith("5")
    if action == "failed":
        return True
    if code := bounce_words.CODE.search(text):
        return code[1].startswith("5")
    if bounce_words.DELAYED.search(text) and not bounce_words.GIVEN_UP.search(text):
        return False
    return True if bounce_words.FAILED.search(text) else None


def _original_id(mail: Part, returned: str) -> str | None:
    found = bounce_words.ID_LINE.search(returned)
    if found:
        return headers.message_id(found[1])
    # Some servers reply to the message that they could not deliver.
    answered = headers.message_ids(mail.field("in-reply-to")) or headers.message_ids(mail.field("references"))
    return answered[-1] if answered else None
