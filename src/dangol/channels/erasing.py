"""What travelled with a person's words in it: the rows stay, so that nothing comes or goes twice; the bytes go."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.db.models import Q
from django.db.models.functions import Lower

from dangol.channels.models import Content, Delivery, DeliveryRecipient, Raw

_OPEN_STATES: Final = (Delivery.State.QUEUED, Delivery.State.RETRY, Delivery.State.SENDING)
_OPEN: Final = Q(state__in=_OPEN_STATES)
# The longest name of a domain that may stand there: a dot or a dash ends it where no letter follows.
_DOMAIN: Final = re.compile(r"@((?:[a-z0-9]|[.\-](?=[a-z0-9]))+)")
_FIGURES: Final = re.compile(r"[+(]?\d[\d ().+\-]{3,}\d")
NOBODY = ""
"""In place of an address."""


def pattern_of(addresses: Iterable[str]) -> re.Pattern[str]:
    """What finds one of these addresses, and no longer one that ends or begins like it: kim@x.kr is not hakim@x.kr.

    Only Latin letters and digits make an address longer: in Korean the next word may stand right beside it.
    """
    whole = "|".join(re.escape(each) for each in sorted(addresses, key=len, reverse=True))
    return re.compile(
        rf"(?<![a-z0-9])(?<![a-z0-9][._%+\-])(?:{whole})(?![a-z0-9]|[.\-][a-z0-9])", re.IGNORECASE
    )


class Lookout:
    """Many addresses that are looked for in many texts, each text read once however many they are.

    A text is asked for the domains and the figures that stand in it, and only of those addresses that have one of these
    it is asked whether they do. What is likely is looked at by `pattern_of`, which says whether it is so.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        self._by_domain: dict[str, list[str]] = {}
        self._figures: list[str] = []
        self._others: list[str] = []
        for address in addresses:
            domain = address.rpartition("@")[2]
            if "@" in address and _DOMAIN.fullmatch(f"@{domain}"):
                self._by_domain.setdefault(domain, []).append(address)
            elif _FIGURES.fullmatch(address):
                self._figures.append(address)
            else:
                self._others.append(address)

    def likely_in(self, text: str) -> list[str]:
        """Those of the addresses, which are in small letters, that stand somewhere in the text."""
        small = text.lower()
        domains = set(_DOMAIN.findall(small)) & self._by_domain.keys() if "@" in small else set()
        found = [each for domain in domains for each in self._by_domain[domain] if each in small]
        if self._figures:
            figures = "\n".join(_FIGURES.findall(small))
            found += [each for each in self._figures if each in figures]
        return found + [each for each in self._others if each in small]


def kept_as_files(files: Collection[str]) -> set[str]:
    """Those of the files that a mail is kept in, as it arrived or as it was sent. Two queries, answered by an index."""
    return {
        name
        for rows in (Raw.objects, Delivery.objects)
        for name in rows.filter(file_sha256__in=files, file_sha256__gt="").values_list(
            "file_sha256", flat=True
        )
    }


def empty_raws(ids: Iterable[int]) -> set[str]:
    """Empty the mails as they arrived, in the caller's transaction; returns the names of their files.

    The key stays (it says what the bytes were, and tells nothing of them): else a mailbox that is read from its
    beginning would bring the mail back.
    """
    rows = Raw.objects.filter(pk__in=list(ids))
    files = set(rows.exclude(file_sha256="").values_list("file_sha256", flat=True))
    rows.update(**_nothing(), source="", reason="")
    return files


def empty_deliveries(ids: Iterable[int]) -> set[str]:
    """The same of what was sent; what is still on its way stays here, unless a server has it already."""
    rows = Delivery.objects.filter(pk__in=list(ids))
    files = set(rows.exclude(file_sha256="").values_list("file_sha256", flat=True))
    # Without its claim, whoever is just handing one over neither ends that nor writes back what it has in memory.
    rows.filter(_OPEN).update(state=Delivery.State.UNDONE, claimed_until=None, claimed_by=None)
    DeliveryRecipient.objects.filter(delivery__in=rows).update(address=NOBODY, server_said="")
    rows.update(**_nothing(), server_said="", provider_message_id="")
    return files


def deliveries_to(addresses: Collection[str], *, until: datetime) -> list[int]:
    """What was sent until then to one of these addresses, which are in small letters."""
    to_them = DeliveryRecipient.objects.annotate(small=Lower("address")).filter(small__in=addresses)
    found = to_them.filter(delivery__created_at__lte=until)
    return list(found.values_list("delivery_id", flat=True).distinct())


def on_their_way(ids: Iterable[int], *, but_to: Collection[str] = ()) -> set[int]:
    """Those of the deliveries that still have to leave to somebody whose address is none of `but_to`."""
    waiting = DeliveryRecipient.objects.filter(delivery__in=list(ids), state=DeliveryRecipient.State.WAITING)
    waiting = waiting.filter(delivery__state__in=_OPEN_STATES).annotate(small=Lower("address"))
    return set(waiting.exclude(small__in=but_to).values_list("delivery_id", flat=True))


def named_in_bytes(content: Content, lookout: Lookout) -> list[str]:
    """Which of the addresses stand in the bytes."""
    try:
        text = content.content.decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [each for each in lookout.likely_in(text) if pattern_of([each]).search(text)]


def _nothing() -> dict[str, object]:
    return {"file_sha256": "", **Content.fields_for(b"")}
