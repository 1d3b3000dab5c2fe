"""`dangol mail read FILE… --json`: what was understood of a mail, for people and for other programs.

Needs neither Django nor a database. The installation's key, if there is one, tells which mail is our own.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dangol.channels.incoming import Appointment, IncomingMessage, Party

IsOwn = Callable[[str], bool]


def describe(raw: bytes, *, is_own: IsOwn | None = None) -> dict[str, Any]:
    """One mail as a JSON object: always the same keys in the same order, missing things as None or []."""
    from dangol.channels.email.parse import parse

    message = parse(raw, is_own=is_own) if is_own else parse(raw)
    return {
        "subject": message.subject,
        "from_name": message.sender.name,
        "from_address": message.sender.address,
        "reply_to": _people(message.reply_to),
        "to": _people(message.to),
        "cc": _people(message.cc),
        "date": message.date.isoformat() if message.date else None,
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": list(message.references),
        "text": message.text,
        "text_new": message.text_new,
        "html": message.html,
        "attachments": _attachments(message),
        "automatic": message.automatic,
        "bounce": _bounce(message),
        "warnings": list(message.warnings),
        "invitations": [_invitation(one) for one in message.appointments],
    }


@click.command("read", short_help="Show what is understood of mail files.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file and line, in the order given.")
def mail_read(files: tuple[Path, ...], as_json: bool) -> None:
    """Show what Dangol understands of mail files (.eml). Nothing is stored or sent.

    Exit code 1 when a file could not be opened; the others are shown all the same.

    \b
    Example: dangol mail read inbox/*.eml --json
    """
    is_own = _recogniser()
    failed = False
    # Bytes, so that Korean comes out whole in whatever locale this runs.
    out = sys.stdout.buffer
    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as error:
            failed = True
            out.flush()
            click.echo(f"{file}: {error.strerror or error}.", err=True)
            continue
        described = describe(raw, is_own=is_own)
        shown = json.dumps(described, ensure_ascii=False) if as_json else _summary(file, described)
        out.write(shown.encode("utf-8", "backslashreplace") + b"\n")
    out.flush()
    if failed:
        sys.exit(1)


def _recogniser() -> IsOwn | None:
    """Tells our own Message-IDs, where this is run beside an installation's data folder."""
    from dangol.channels.email.tokens import read_message_id
    from dangol.kernel.keys import derive_key, read_secret

    try:
        secret = read_secret(Path(os.environ.get("DANGOL_DATA") or "data").expanduser())
    except OSError:
        return None
    if secret is None:
        return None
    key = derive_key(secret, "mail")
    return lambda message_id: read_message_id(key, message_id) is not None


def _people(parties: tuple[Party, ...]) -> list[dict[str, str | None]]:
    return [{"name": party.name, "address": party.address} for party in parties]


def _attachments(message: IncomingMessage) -> list[dict[str, Any]]:
    return [
        {
            "filename": one.filename,
            "content_type": one.content_type,
            "size": one.size,
            "sha256": one.sha256,
            "inline": one.is_inline,
            "content_id": one.content_id,
        }
        for one in message.attachments
    ]


def _invitation(one: Appointment) -> dict[str, Any]:
    return {
        "method": one.method,
        "title": one.title,
        "place": one.place,
        "organiser": _people((one.organiser,))[0] if one.organiser else None,
        "guests": [{**_people((guest.party,))[0], "answer": guest.answer} for guest in one.guests],
        "starts_at": one.starts_at.isoformat(),
        "ends_at": one.ends_at.isoformat() if one.ends_at else None,
        "all_day": one.is_all_day,
        "local": one.is_local,
        "changed": one.is_changed,
        "repeats": one.repeats,
    }


def _bounce(message: IncomingMessage) -> dict[str, Any] | None:
    if message.bounce is None:
        return None
    return {
        "recipient": message.bounce.recipient,
        "status": message.bounce.status,
        "permanent": message.bounce.is_permanent,
        "original_message_id": message.bounce.original_message_id,
    }


def _summary(file: Path, described: dict[str, Any]) -> str:
    """The same for a person at a terminal."""

    def named(people: list[dict[str, str | None]]) -> str:
        return ", ".join(_named(person["name"], person["address"]) for person in people)

    rows = [
        ("File", str(file)),
        ("Subject", described["subject"] or "(none)"),
        ("From", _named(described["from_name"], described["from_address"]) or "(nobody)"),
        ("Reply to", named(described["reply_to"])),
        ("To", named(described["to"])),
        ("Cc", named(described["cc"])),
        ("Date", described["date"] or "(none)"),
        ("Message-ID", described["message_id"] or "(none)"),
        ("Automatic", described["automatic"] or ""),
        ("Bounce", ", ".join(f"{key} {value}" for key, value in (described["bounce"] or {}).items())),
        ("Warnings", ", ".join(described["warnings"])),
    ]
    lines = [f"{label + ':':<12}{value}" for label, value in rows if value]
    for one in described["attachments"]:
        place = "in the text" if one["inline"] else "attached"
        lines.append(
            f"{'File:':<12}{one['filename'] or '(no name)'}, {one['content_type']}, {one['size']} bytes, {place}"
        )
    return "\n".join([*lines, "", described["text_new"] or "(no text)", ""])


def _named(name: str | None, address: str | None) -> str:
    if name and address:
        return f"{name} <{address}>"
    return address or name or ""
