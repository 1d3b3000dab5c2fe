"""The mail that asks for a yes: to everybody who may say it, with a link to the page that has the buttons.

The page wants a sign-in. A mail is forwarded and read in shared mailboxes, and what the link decides is money: so it
names the wish and gives no right, and nothing in it is secret. Opening it decides nothing, for scanners follow links.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dangol.business.models import Business
from dangol.business.queries import current_business
from dangol.channels.automatic import send_automatic
from dangol.channels.backend import sending_channel
from dangol.channels.email.compose import Outgoing, compose
from dangol.channels.incoming import Party
from dangol.channels.models import Channel, Delivery
from dangol.desk.owed import wish_view
from dangol.goodwill.models import Wish
from dangol.staff.models import Staff
from dangol.staff.queries import active_staff
from dangol.staff.rights import may


def tell_of_wish(*, wish_id: int, at: datetime) -> int:
    """Mail what was asked to everybody who may say yes and did not ask it; returns how many mails that were.

    Once a wish and person, however often called; none for what was decided meanwhile.
    """
    rows = Wish.objects.select_related("customer", "order", "cause", "staff", "decided_by")
    wish = rows.filter(pk=wish_id, state=Wish.State.ASKED).first()
    channel = sending_channel(is_working=True) if wish else None
    if wish is None or channel is None:
        return 0
    leads = [each for each in active_staff() if may(each, "approve_giving") and each.pk != wish.staff_id]
    return sum(_send(channel, lead, wish, at) for lead in leads)


def _send(channel: Channel, lead: Staff, wish: Wish, at: datetime) -> bool:
    address = channel.mailbox.address
    message_id = f"wish.{wish.key.hex}.{lead.pk}@{address.rpartition('@')[2]}"
    if Delivery.objects.filter(message_id=message_id).exists():
        return False
    business = current_business()
    zone = ZoneInfo(lead.time_zone or business.time_zone)
    with translation.override(lead.language or business.language), timezone.override(zone):
        content = _letter(lead, wish, business, address, message_id, at)
    sent = send_automatic(
        channel=channel,
        kind=Delivery.Kind.SYSTEM,
        recipient=lead.email,
        content=content,
        message_id=message_id,
        at=at,
    )
    return sent is not None


def _letter(
    lead: Staff, wish: Wish, business: Business, address: str, message_id: str, at: datetime
) -> bytes:
    view = wish_view(wish, lead)
    values = {"name": view.staff, "title": view.title, "customer": view.customer or "–"}
    subject = _("%(name)s asks to give: %(title)s") % values
    text = "\n\n".join(
        (
            _("Hello %(name)s,") % {"name": lead.name},
            _("%(name)s wants to give %(customer)s: %(title)s.") % values,
            "\n".join(filter(None, (view.cause, view.over))),
            _("You can say yes, say yes to less, or say no here:"),
            settings.DANGOL_URL + view.url,
        )
    )
    return compose(
        Outgoing(
            sender=Party("Dangol", address),
            to=(Party(lead.name, lead.email),),
            subject=f"{business.name}: {subject}" if business.name else subject,
            text=text,
            date=timezone.localtime(at),
            message_id=message_id,
            language=get_language() or "en",
            automatic="auto-generated",
        )
    )
