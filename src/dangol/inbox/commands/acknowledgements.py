"""The answer at once to a new matter, where a mailbox has one. It never counts as an answer."""

from datetime import datetime, timedelta
from typing import Final
from uuid import uuid5

from django.db import transaction
from django.utils.timezone import localtime

from dangol.business.queries import current_business
from dangol.channels.automatic import send_automatic
from dangol.channels.email import tokens
from dangol.channels.email.compose import Outgoing, compose, references_for, reply_subject
from dangol.channels.incoming import Party
from dangol.channels.models import Delivery
from dangol.inbox.models import Message, Reference
from dangol.inbox.threading import answering_index, hints_of, mail_key, reference_rows

TOO_LATE: Final = timedelta(hours=24)  # "we have your message" a week later says that nobody looked


def acknowledge_arrival(*, message_id: int, at: datetime) -> Message | None:
    """Send the mailbox's acknowledgement for the message that opened a conversation, once.

    None where the mailbox has none, where it was done before, or where the guard kept it back.
    """
    with transaction.atomic():
        arrived = Message.objects.select_related("conversation__channel__mailbox", "raw").get(pk=message_id)
        channel = arrived.conversation.channel
        key = uuid5(arrived.uid, "acknowledgement")
        if not channel.acknowledgement.strip() or Message.objects.filter(uid=key).exists():
            return None
        if at - arrived.happened_at > TOO_LATE:
            return None
        mailbox = channel.mailbox
        business = current_business()
        answer = Message(
            uid=key,
            conversation=arrived.conversation,
            channel=channel,
            direction=Message.Direction.OUT,
            happened_at=at,
            from_name=mailbox.from_name or channel.name,
            from_address=mailbox.address,
            to=[{"name": arrived.from_name, "address": arrived.from_address}],
            subject=reply_subject(arrived.subject)[:300],
            text=channel.acknowledgement,
            text_new=channel.acknowledgement,
            automatic="auto-reply",
            message_id=tokens.make_message_id(
                mail_key(), arrived.conversation_id, key.hex, mailbox.address.rpartition("@")[2]
            ),
            references=list(references_for(arrived.references, arrived.message_id or None)),
        )
        answer.thread_index = answering_index(answer, arrived)
        if not arrived.from_address:
            return None
        answer.delivery = send_automatic(
            channel=channel,
            kind=Delivery.Kind.ACKNOWLEDGEMENT,
            recipient=arrived.from_address,
            content=compose(
                Outgoing(
                    sender=Party(answer.from_name, answer.from_address),
                    to=(Party(arrived.from_name or None, arrived.from_address),),
                    subject=answer.subject,
                    text=answer.text,
                    signature=channel.signature,
                    date=localtime(at, business.zone),
                    message_id=answer.message_id,
                    reply_to=tokens.plus_address(mail_key(), arrived.conversation_id, mailbox.address)
                    if mailbox.plus_addressing
                    else None,
                    in_reply_to=arrived.message_id or None,
                    references=tuple(answer.references),
                    thread_index=answer.thread_index or None,
                    language=business.language,
                    automatic="auto-replied",
                )
            ),
            message_id=answer.message_id,
            at=at,
            no_answer=arrived.no_answer or None,
            is_silent=bool(arrived.raw and arrived.raw.is_silent),
            arrived_at=arrived.raw.received_at if arrived.raw else arrived.happened_at,
        )
        if answer.delivery is None:
            return None
        answer.save(force_insert=True)
        Reference.objects.bulk_create(reference_rows(answer, (), hints_of(answer)))
        return answer
