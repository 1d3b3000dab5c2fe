"""Telling the owner and managers by mail: of what is new, once, and of its end, a few a day and through the guard."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone, translation

from dangol.business.models import Business
from dangol.business.queries import current_business
from dangol.channels.automatic import send_automatic, withdraw_automatic
from dangol.channels.backend import sending_channel
from dangol.channels.models import Channel, Delivery, DeliveryRecipient
from dangol.desk.alarms import rules
from dangol.desk.alarms.letter import Letter, letter
from dangol.desk.alarms.queries import open_alarms
from dangol.desk.models import Alarm
from dangol.staff.models import Staff
from dangol.staff.queries import active_staff
from dangol.staff.rights import may

log = logging.getLogger(__name__)

TRY_AGAIN: Final = timedelta(hours=1)  # what the guard kept back, it keeps back for longer than a minute
TOO_OLD: Final = timedelta(days=1)  # nobody need hear that something was over yesterday


@dataclass(frozen=True)
class _News:
    """What there is to tell: new alarms, those that were told and go on, and those that are over."""

    new: Sequence[Alarm]
    known: Sequence[Alarm]
    over: Sequence[Alarm]


@transaction.atomic
def tell_of_alarms(*, at: datetime) -> int:
    """Mail what is new, or that all is over; returns how many mails that were. Again is the same as once.

    A mail names all that goes on, so that an older one that has not left yet is withdrawn. What is over before
    anybody was told is not told.
    """
    news = _news(at)
    if not (news.new or news.over):
        return 0
    readers = [person for person in active_staff() if person.wants_alarms and may(person, "see_stuck_work")]
    if not readers:
        return _note_untold(news, "nobody", at)
    channel = sending_channel(is_working=True)
    if channel is None:
        return _note_untold(news, "no-mailbox", at)
    ready = _ready(readers, at)
    if not ready:
        return 0
    was_never_sent = bool(withdraw_automatic(kind=Delivery.Kind.ALARM)) and not _was_sent(news, at)
    if not news.new and was_never_sent:
        return _note_told(news, 0, at)
    sent = sum(_send(channel, person, news, at) for person in ready)
    if not sent:
        return _note_untold(news, "kept-back", at)
    return _note_told(news, sent, at)


def _news(at: datetime) -> _News:
    rows = [row for row in open_alarms(is_locked=True) if row.acknowledged_at is None]
    untold = [row for row in rows if row.told_at is None and row.gone_at is None]
    known = [row for row in rows if row.told_at is not None]
    over = Alarm.objects.filter(ended_at__isnull=False, told_at__isnull=False, end_told_at=None)
    over.filter(ended_at__lt=at - TOO_OLD).update(end_told_at=at)
    # The first of them waits for the others: what has one cause comes within minutes, and is one mail.
    is_due = any(row.raised_at and row.raised_at <= at - rules.GATHER for row in untold)
    is_tried = any(row.tried_at and row.tried_at > at - TRY_AGAIN for row in untold)
    new = untold if is_due and not is_tried else []
    return _News(new, known, list(over.select_for_update().order_by("id")) if new or not known else [])


def _ready(readers: Collection[Staff], at: datetime) -> list[Staff]:
    """Those who may get a mail now; each has a day of their own."""
    sent: dict[str, list[datetime]] = {}
    rows = DeliveryRecipient.objects.filter(
        delivery__kind=Delivery.Kind.ALARM,
        delivery__created_at__gt=at - rules.A_DAY,
        address__in=[person.email for person in readers],
    )
    for address, when in rows.values_list("address", "delivery__created_at"):
        sent.setdefault(address, []).append(when)
    return [person for person in readers if rules.next_mail_at(sent.get(person.email, []), at=at) <= at]


def _was_sent(news: _News, at: datetime) -> bool:
    began = min((row.told_at for row in (*news.over, *news.known) if row.told_at), default=at)
    mails = Delivery.objects.filter(kind=Delivery.Kind.ALARM, created_at__gte=began)
    return mails.filter(state=Delivery.State.SENT).exists()


def _send(channel: Channel, person: Staff, news: _News, at: datetime) -> bool:
    business = current_business()
    with (
        translation.override(person.language or business.language),
        timezone.override(_zone(person, business)),
    ):
        written = letter(Letter(business, channel.mailbox, person, news.new, news.known, news.over), at=at)
    delivery = send_automatic(
        channel=channel,
        kind=Delivery.Kind.ALARM,
        recipient=person.email,
        content=written.content,
        message_id=written.message_id,
        at=at,
    )
    return delivery is not None


def _zone(person: Staff, business: Business) -> ZoneInfo:
    return ZoneInfo(person.time_zone or business.time_zone)


def _note_told(news: _News, sent: int, at: datetime) -> int:
    Alarm.objects.filter(pk__in=[row.pk for row in news.new]).update(told_at=at, untold="", tried_at=None)
    Alarm.objects.filter(pk__in=[row.pk for row in news.over]).update(end_told_at=at)
    log.info("alarms=told mails=%d new=%d over=%d", sent, len(news.new), len(news.over))
    return sent


def _note_untold(news: _News, word: str, at: datetime) -> int:
    tried = at if word == "kept-back" else None
    Alarm.objects.filter(pk__in=[row.pk for row in news.new]).update(untold=word, tried_at=tried)
    return 0
