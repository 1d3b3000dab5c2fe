"""The certificate of a mailbox's incoming server: looked at once a day, so that its end is known before it comes."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q

from dangol.channels.email.imap_connection import certificate_of
from dangol.channels.fetching import server_of
from dangol.channels.models import Mailbox, Security

EVERY: Final = timedelta(hours=12)


def look_at_certificate(*, at: datetime) -> bool:
    """Read the certificate that is not known for the longest, with a connection of its own that signs in nowhere.

    True when there was one to look at. A server that does not answer is no matter of its certificate.
    """
    stale = Q(certificate_seen_at=None) | Q(certificate_seen_at__lt=at - EVERY)
    rows = Mailbox.objects.filter(stale, channel__is_active=True, failing_since=None)
    rows = rows.exclude(imap_host="").exclude(imap_security=Security.NONE)
    box = rows.order_by(F("certificate_seen_at").asc(nulls_first=True), "pk").first()
    if box is None:
        return False
    # Noted first: a server that hangs must not be the only one that is ever looked at.
    same = Mailbox.objects.filter(pk=box.pk, imap_host=box.imap_host)
    same.update(certificate_seen_at=at)
    span = certificate_of(server_of(box))
    if span:
        same.update(certificate_from=span[0], certificate_until=span[1])
    return True
