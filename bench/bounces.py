"""How many returned mails are recognised, with the right recipient, status and permanence; what else is taken for one.

    python bench/bounces.py DIRECTORY
    python bench/bounces.py DIRECTORY --show
    python bench/bounces.py DIRECTORY --truth FILE

DIRECTORY holds mails (.eml and .txt, in any depth). Those below a folder named `bounces` are reports, except in `not`
and feedback reports and automatic answers (arf-*, rfc3834-*); every other mail is an ordinary one.

The truth of a report with a message/delivery-status part is what its fields say, read here by the standard library.
Where a server wrote prose, it is in FILE, which somebody made by reading: a line of JSON a mail, {"file": …,
"recipients": […], "status": …, "permanent": …}; the file is named by folder and name ("bsd/lhost-qmail-01.eml"), and
what cannot be known from the mail is null. Prose without a line there counts only as recognised or not.
"""

from __future__ import annotations

import argparse
import email
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

COLUMNS = ("bounce", "auto-reply", "bulk", "person", "unread")
STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")


@dataclass(frozen=True)
class Truth:
    """What there is to know of a report; None, or no recipient, where nobody knows."""

    recipients: frozenset[str]
    statuses: frozenset[str] | None
    is_permanent: bool | None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--truth", type=Path, help="what mails in prose say, a line of JSON each")
    parser.add_argument("--show", action="store_true", help="name what came out otherwise")
    options = parser.parse_args()
    told = read_truth(options.truth) if options.truth else {}
    kinds: dict[str, Counter[str]] = {}
    counts: dict[str, Counter[str]] = {}
    remarks: list[str] = []
    for file in sorted((*options.directory.rglob("*.eml"), *options.directory.rglob("*.txt"))):
        group = group_of(file)
        raw = file.read_bytes()
        name = f"{file.parent.name}/{file.name}"
        kind, remark = look_at(raw, fields_of(raw) or told.get(name), counts.setdefault(group, Counter()))
        kinds.setdefault(group, Counter())[kind] += 1
        is_expected = kind == "bounce" if group.startswith("bounces") else kind != "bounce"
        if remark or not is_expected:
            remarks.append(f"{group}: {name}: {kind} {remark}".rstrip())
    if not kinds:
        sys.exit(f"No mails in {options.directory}.")
    print_tables(kinds, counts)
    if options.show:
        print("\n".join(remarks))


def group_of(file: Path) -> str:
    if "bounces" not in file.parts:
        return file.parts[-2] if file.suffix == ".eml" else "texts"
    if file.name.startswith("arf-"):
        return "feedback reports"
    if file.name.startswith("rfc3834-"):
        return "automatic answers"
    return f"no bounces ({file.parts[-2]})" if file.parts[-2] == "not" else f"bounces ({file.parts[-2]})"


def look_at(raw: bytes, truth: Truth | None, count: Counter[str]) -> tuple[str, str]:
    """What the mail was taken for (one of COLUMNS), and in what it differs from the truth."""
    from dangol.channels.email.parse import parse

    message = parse(raw)
    if any(warning.startswith("unreadable") for warning in message.warnings):
        return "unread", ""
    if message.bounce is None:
        return message.automatic or "person", ""
    bounce, wrong = message.bounce, []
    count["with Message-ID"] += bounce.original_message_id is not None
    if truth is not None:
        count["known"] += 1
        checks = {
            "recipient": not truth.recipients or (bounce.recipient or "").lower() in truth.recipients,
            "status": truth.statuses is None
            or (bounce.status in truth.statuses if truth.statuses else bounce.status is None),
            "permanence": truth.is_permanent is None or bounce.is_permanent == truth.is_permanent,
        }
        count.update(name for name, is_right in checks.items() if is_right)
        wrong = [name for name, is_right in checks.items() if not is_right]
    told = f"{', '.join(wrong)}: {bounce} is {truth}" if wrong else ""
    return "bounce", told


def fields_of(raw: bytes) -> Truth | None:
    """What the fields of a delivery report say (RFC 3464), of the recipients that failed or wait."""
    mail = email.message_from_bytes(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    groups = [
        group
        for part in mail.walk()
        if part.get_content_type() == "message/delivery-status" and isinstance(part.get_payload(), list)
        for group in part.get_payload()
        if group["final-recipient"]
    ]
    undelivered = [
        group for group in groups if not re.match(r"(?i)(?:delivered|relayed|expanded)", action_of(group))
    ]
    # Where one failed, those that only wait do not count.
    failed = [group for group in undelivered if action_of(group) != "delayed"] or undelivered
    if not failed:
        return None
    recipients: set[str] = set()
    statuses: set[str] = set()
    for group in failed:
        for name in ("final-recipient", "original-recipient"):
            recipients.update(re.findall(r"[^\s<>;\"]+@[^\s<>;\"]+", str(group[name] or "").lower()))
        stated = STATUS.findall(str(group["status"] or ""))
        exact = [
            one for one in STATUS.findall(str(group["diagnostic-code"] or "")) if not one.startswith("2")
        ]
        # A general status says less than the server's own word beside it.
        statuses.update(exact if exact and all(one.endswith(".0.0") for one in stated) else stated)
    classes = {status[0] for status in statuses}
    is_permanent = {"5": True, "4": False}.get(classes.pop()) if len(classes) == 1 else None
    if all(action_of(group) == "delayed" for group in failed):
        is_permanent = False
    return Truth(frozenset(recipients), frozenset(statuses) or None, is_permanent)


def action_of(group: email.message.Message) -> str:
    return str(group["action"] or "").strip().lower()


def read_truth(file: Path) -> dict[str, Truth]:
    told: dict[str, Truth] = {}
    for line in file.read_text().splitlines():
        one = json.loads(line)
        statuses = frozenset([one["status"]] if one["status"] else [])
        recipients = frozenset(address.lower() for address in one["recipients"])
        told[one["file"]] = Truth(recipients, statuses, one["permanent"])
    return told


def print_tables(kinds: dict[str, Counter[str]], counts: dict[str, Counter[str]]) -> None:
    print(f"{'taken for':<24}{'mails':>7}" + "".join(f"{name:>12}" for name in COLUMNS))
    for group, found in sorted(kinds.items()):
        print(f"{group:<24}{found.total():>7}" + "".join(f"{found[name]:>12}" for name in COLUMNS))
    print()
    columns = ("known", "recipient", "status", "permanence", "with Message-ID")
    print(f"{'of the bounces':<24}{'':>7}" + "".join(f"{name:>17}" for name in columns))
    for group, count in sorted(counts.items()):
        if kinds[group]["bounce"]:
            print(
                f"{group:<24}{kinds[group]['bounce']:>7}" + "".join(f"{count[name]:>17}" for name in columns)
            )
    print()


if __name__ == "__main__":
    main()
