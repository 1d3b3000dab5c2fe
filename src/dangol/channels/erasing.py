"""What travelled with a person's words in it: the rows stay, so that nothing comes or goes twice; the bytes go."""

from collections.abc import Iterable, Sequence

from django.db.models import Q

from dangol.channels.models import Content, Delivery, DeliveryRecipient, Raw

NOBODY = ""
"""In place of an address."""


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
    open_ones = Q(state__in=(Delivery.State.QUEUED, Delivery.State.RETRY, Delivery.State.SENDING))
    rows.filter(open_ones).update(state=Delivery.State.UNDONE)
    DeliveryRecipient.objects.filter(delivery__in=rows).update(address=NOBODY, server_said="")
    rows.update(**_nothing(), server_said="", provider_message_id="")
    return files


def deliveries_to(addresses: Sequence[str]) -> list[int]:
    """What was sent to one of these addresses."""
    found = DeliveryRecipient.objects.filter(address__in=addresses)
    return list(found.values_list("delivery_id", flat=True).distinct())


def holds(content: Content, needles: Iterable[bytes]) -> bool:
    """Whether the bytes name one of these, which are in small letters."""
    try:
        text = content.content.lower()
    except FileNotFoundError:
        return False
    return any(needle in text for needle in needles)


def _nothing() -> dict[str, object]:
    return {"file_sha256": "", **Content.fields_for(b"")}
