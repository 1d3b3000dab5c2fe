"""Who sends a report: a mail server, a machine, or somebody who writes about one."""

import re

from dangol.channels.email import addresses, automatic, bounce_words, parameters
from dangol.channels.email.mime import Part
from dangol.channels.incoming import Party


def signs(mail: Part, sender: Party, subject: str) -> frozenset[str]:
    """What speaks for a server or against it.

    `daemon`: the address is a mail server's (with `postmaster`, one that a person may read). `named`: only the name
    says so. `null`: nobody is to answer, as RFC 5321 asks of reports. `no-reply`: nobody reads answers. `person`: a
    mail program of a person sent it, or it answers or forwards. `away`: an absence. `auto-reply`: a machine's answer
    by its own word. `other report`: a report of something else than delivery.
    """
    local = (sender.address or "").partition("@")[0]
    envelope = (mail.field("return-path") or "").partition("@")[0].strip("<> ")
    by_address = _is_daemon(local) or _is_daemon(envelope) or (not local and _is_daemon(sender.name or ""))
    report_type = (parameters.read(mail.field("content-type"), "report-type") or "").lower()
    found = {
        "daemon": by_address,
        "postmaster": re.search(r"post.?master", local, re.IGNORECASE) is not None,
        "named": not by_address and _is_daemon(sender.name or ""),
        "null": any(re.fullmatch(r"\s*<\s*>\s*", value) for value in mail.fields("return-path")),
        "no-reply": addresses.machine_word(sender.address or "") is not None,
        "person": _is_person(mail, subject),
        "away": bounce_words.AWAY.match(subject) is not None,
        "auto-reply": automatic.says_auto_reply(mail),
        "other report": report_type not in ("delivery-status", ""),
    }
    return frozenset(name for name, holds in found.items() if holds)


def _is_daemon(name: str) -> bool:
    return bounce_words.DAEMON.search(name) is not None


def _is_person(mail: Part, subject: str) -> bool:
    return bool(
        mail.field("user-agent")
        or mail.field("in-reply-to")
        or bounce_words.PERSONAL_MAILER.search(mail.field("x-mailer") or "")
        or bounce_words.ANSWERED_OR_FORWARDED.match(subject)
    )
