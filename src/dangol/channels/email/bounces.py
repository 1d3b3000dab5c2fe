"""Mail that could not be delivered: whom it was for, why, and which message it was.

RFC 3464 reports are read by their fields, and Amazon's by theirs (notices.py). Servers that write prose instead are
recognised by who sends it and what it says; what is quoted of the returned message tells its Message-ID.
"""

import re
from typing import NamedTuple

from dangol.channels.email import bounce_senders, bounce_words, charsets, notices, people, returned
from dangol.channels.email.mime import Part, open_mail
from dangol.channels.incoming import Bounce, Party

_REPORT_KINDS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_MAX_REPORTS_IN_REPORTS = 3
_GIVEN_UP = ("failed", "failure")
_DELIVERED = ("delivered", "relayed", "expanded")


class _Verdict(NamedTuple):
    recipient: str | None
    action: str
    status: str | None
    diagnostic: str


class _Report(NamedTuple):
    """A mail with what reading it needs again and again. `said` is the server's own words."""

    mail: Part
    sender: Party
    subject: str
    said: str
    returned: str
    is_enclosed: bool


def read(mail: Part, sender: Party, subject: str | None, text: str | None) -> Bounce | None:
    """What a delivery report says, one recipient of it (a failed one before a delayed one); None for all other mail.

    Complaints (ARF), read receipts and reports of success are no bounces, nor is a person's word about a bounce.
    """
    if (notice := notices.read(mail)) is not None:
        return notices.bounce_of(notice)
    leaves = list(mail.leaves())
    kinds = {part.kind for part in leaves}
    if kinds & {"message/feedback-report", "message/disposition-notification"}:
        return None
    signs = bounce_senders.signs(mail, sender, subject or "")
    if not kinds & _REPORT_KINDS and not _could_report(mail, signs):
        return None
    prose = _prose(leaves, text)
    enclosed = returned.enclosed(leaves)
    said, copied = returned.divide(prose)
    report = _Report(mail, sender, subject or "", said, enclosed or copied, bool(enclosed))
    contents = [part.content() for part in leaves if part.kind in _REPORT_KINDS]
    if contents and not _may_report(report, signs):
        return None
    if not contents and "daemon" in signs and re.search(r"(?im)^final-recipient:.*;", prose):
        contents = [prose.encode()]  # a report whose parts were run together on the way
    if not contents and not _is_bounce(report, signs):
        return None
    verdicts = [verdict for content in contents for verdict in _verdicts(content)]
    if verdicts and all(verdict.action in _DELIVERED for verdict in verdicts):
        return None
    if not verdicts and enclosed:
        verdicts = _verdicts_of_enclosed(enclosed)
    return _bounce(report, _worst(verdicts))


def _could_report(mail: Part, signs: frozenset[str]) -> bool:
    """Whether its prose could be believed at all. Of nearly all mail it could not, and reading it takes long."""
    is_named_report = mail.kind == "multipart/report" or mail.field("x-failed-recipients") is not None
    return is_named_report or bool(signs & {"daemon", "named", "null", "no-reply"})


def _may_report(report: _Report, signs: frozenset[str]) -> bool:
    """Whether fields of a report are the sender's own, and not forwarded by somebody who asks about them."""
    if report.mail.kind == "multipart/report" or signs & {"daemon", "named", "null"}:
        return True
    return bounce_words.SUBJECT.search(report.subject) is not None and "person" not in signs


def _is_bounce(report: _Report, signs: frozenset[str]) -> bool:
    """Whether prose is a server's report that mail was not delivered.

    Shops live with parcels that are returned, delayed and refused, and say so in the words of mail servers. Words alone
    are believed only where a server speaks; the less sure that is, the more has to stand beside them: the returned
    message, the reply of another server, the address that could not be reached.
    """
    if report.mail.field("x-failed-recipients"):
        return True
    if "away" in signs:
        return False
    head = report.said[:20_000]
    says = bounce_words.SUBJECT.search(report.subject) is not None
    has_failed = bounce_words.FAILED.search(head) is not None
    has_reply = bounce_words.STATUS.search(head) is not None or bounce_words.REPLY.search(head) is not None
    has_code = has_reply or bounce_words.CODE.search(head) is not None
    fails = has_failed or has_code or bounce_words.DELAYED.search(head) is not None
    is_returned = returned.is_raw(report.returned)
    named = f"{head}\n{report.returned[:2_000]}"
    names = _first_stranger([bounce_words.ADDRESS], named, _ours(report)) is not None
    if report.mail.kind == "multipart/report" and "other report" not in signs:
        return says or fails
    if "daemon" in signs:
        is_sure = "postmaster" not in signs or bool(report.returned) or has_code or (fails and names)
        return (says and is_sure) or (fails and bool(report.returned)) or (has_failed and has_code)
    if "person" in signs or "auto-reply" in signs:
        return False
    if signs >= {"named", "null"}:
        return says or (fails and is_returned)
    is_about_mail = says and bounce_words.ABOUT_MAIL.search(report.subject) is not None
    if signs & {"named", "null"}:
        return fails and (is_returned or (says and has_reply) or (is_about_mail and names))
    if "no-reply" in signs:
        return has_failed and (is_returned or (is_about_mail and has_reply and names))
    return False


def _bounce(report: _Report, verdict: _Verdict | None) -> Bounce:
    recipient = verdict.recipient if verdict and verdict.recipient else _recipient(report)
    diagnostic = verdict.diagnostic if verdict else ""
    status = verdict.status if verdict else None
    if status is None or status.endswith(".0.0"):
        exact = _status(diagnostic) or (status if verdict else _status(report.said))
        status = exact or status or _status(report.said)
    action = verdict.action if verdict else ""
    is_permanent = _is_permanent(status, action, f"{diagnostic}\n{report.said}", report.subject)
    original_id = returned.original_id(report.mail, report.returned, report.said)
    is_given_up = not is_permanent and action in _GIVEN_UP
    return Bounce(recipient, status, is_permanent, original_id, is_given_up)


def _prose(leaves: list[Part], text: str | None) -> str:
    if text:
        return text[: returned.MAX_TEXT]
    # A report without a readable part: whatever it holds as text.
    for part in leaves:
        if part.kind.startswith(("text/", "message/")):
            content = part.content()[: returned.MAX_TEXT]
            return returned.plain(charsets.decode(content, part.charset).text)
    return ""


def _verdicts(content: bytes) -> list[_Verdict]:
    """The recipients of a delivery-status part; its fields come in groups divided by empty lines."""
    text = returned.plain(charsets.decode(content[: returned.MAX_TEXT], None).text)
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


def _verdicts_of_enclosed(enclosed: str) -> list[_Verdict]:
    """The recipients of a report that came back in its turn or was passed on by a filter, which says no more itself."""
    for _ in range(_MAX_REPORTS_IN_REPORTS):
        leaves = list(open_mail(enclosed.encode("utf-8", "replace"))[0].leaves())
        for part in leaves:
            if part.kind in _REPORT_KINDS:
                return _verdicts(part.content())
        enclosed = returned.enclosed(leaves[1:])
        if not enclosed:
            break
    return []


def _typed_address(value: str | None) -> str | None:
    """`rfc822; <a@b>` without its type."""
    match = bounce_words.ADDRESS.search(re.sub(r"^[\w-]+\s*;", "", value)) if value else None
    return people.normalised(match[0]) if match else None


def _worst(verdicts: list[_Verdict]) -> _Verdict | None:
    order = {"failed": 0, "failure": 0, "delayed": 1, "": 2}
    return min(verdicts, key=lambda verdict: order.get(verdict.action, 3), default=None)


def _recipient(report: _Report) -> str | None:
    """The address that prose complains about."""
    failed = bounce_words.ADDRESS.search(report.mail.field("x-failed-recipients") or "")
    if failed:
        return people.normalised(failed[0])
    ours = _ours(report)
    listed, *sure, last_resort = bounce_words.RECIPIENT
    if (found := listed.search(report.said[:20_000])) and found[1].lower() not in ours:
        return people.normalised(found[1].rstrip("."))
    if stranger := _first_stranger(sure, report.said, ours):
        return stranger
    to = re.search(r"(?im)^[ \t>|]{0,4}to[ \t]*:\s*(.*(?:\n[ \t]+\S.*){0,5})", report.returned[:20_000])
    named = people.read([to[1]]) if to else ()
    addressed = next((party.address for party in named if party.address), None)
    # Whoever writes to herself reads of her own address.
    return (
        addressed
        or _first_stranger([last_resort], report.said, ours)
        or (people.normalised(found[1].rstrip(".")) if found else None)
        or _first_stranger(sure, report.said, set())
    )


def _ours(report: _Report) -> set[str]:
    """Who got the report and who wrote it, and so was not out of reach."""
    named = people.read([*report.mail.fields("to"), *report.mail.fields("from")])
    return {party.address.lower() for party in named if party.address}


def _first_stranger(patterns: list[re.Pattern[str]], said: str, ours: set[str]) -> str | None:
    for pattern in patterns:
        for match in pattern.finditer(said[:20_000]):
            address = match[match.lastindex or 0].rstrip(".")
            is_contact = re.match(r"(?i)(?:postmaster|mailer-daemon|abuse|support|helpdesk)@", address)
            if address.lower() not in ours and not is_contact:
                return people.normalised(address)
    return None


def _status(text: str) -> str | None:
    found = [match for match in bounce_words.STATUS.finditer(text[:20_000]) if match[1] != "2"]
    # Something more exact than x.0.0 may stand beside it.
    exact = [match for match in found if not match[0].endswith(".0.0")]
    return (exact or found)[0][0] if found else None


def _is_permanent(status: str | None, action: str, text: str, subject: str) -> bool | None:
    if action == "delayed":
        return False
    if status is not None:
        return status.startswith("5")
    if action == "failed":
        return True
    if code := bounce_words.CODE.search(text):
        return code[1].startswith("5")
    is_delay = bounce_words.DELAYED.search(text) or bounce_words.DELAYED.search(subject)
    if is_delay and not bounce_words.GIVEN_UP.search(text):
        return False
    # Without any word of a delay the server does not try again.
    return bool(bounce_words.FAILED.search(text) or bounce_words.SUBJECT.search(subject)) or None
