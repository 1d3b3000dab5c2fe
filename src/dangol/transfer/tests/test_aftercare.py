"""Who goes back in time does nothing twice."""

from datetime import timedelta
from uuid import uuid4

import pytest

from dangol.channels.commands import PUT_BACK, queue_delivery
from dangol.channels.models import Channel, Delivery, DeliveryRecipient
from dangol.channels.outbox import claim_delivery
from dangol.channels.stuck import unsent_deliveries
from dangol.desk.stuck_reads import stuck_page
from dangol.inbox.commands.acknowledgements import acknowledge_arrival
from dangol.inbox.commands.drafts import save_draft
from dangol.inbox.commands.replies import send_reply
from dangol.inbox.models import Conversation, Message
from dangol.inbox.spoken import message_views, newest_messages, read_beside
from dangol.kernel.models import Event, Follower
from dangol.kernel.reacting import react
from dangol.reactions import REACTIONS
from dangol.search import index
from dangol.transfer.aftercare import take_care
from tests.parts.cast import NOON, mail

LATER = NOON + timedelta(days=60)


@pytest.fixture
def deliveries(mailbox: Channel) -> dict[str, Delivery]:
    """One in each state."""
    made = {}
    for state in Delivery.State.values:
        made[state] = queue_delivery(
            channel=mailbox,
            kind=Delivery.Kind.SYSTEM,
            content=b"Hello",
            message_id=f"{state}@moonburger.test",
            envelope_from="",
            recipients=[("to", f"{state}@example.com"), ("cc", "had-it@example.com")],
            at=NOON,
            due_at=NOON,
        )
        Delivery.objects.filter(pk=made[state].pk).update(state=state)
        made[state].recipients.filter(role="cc").update(state=DeliveryRecipient.State.ACCEPTED)
    Delivery.objects.filter(state="sending").update(sent_at=NOON)
    return made


@pytest.mark.django_db
def test_what_was_on_its_way_does_not_leave_by_itself(deliveries: dict[str, Delivery]):
    assert take_care(made_at=NOON, at=LATER) == 3

    assert claim_delivery(at=LATER + timedelta(days=9)) is None
    states = {name: Delivery.objects.get(pk=row.pk).state for name, row in deliveries.items()}
    assert states == {
        "queued": "failed",
        "retry": "failed",
        "sending": "sent",  # it had reached somebody
        "sent": "sent",
        "failed": "failed",
        "undone": "undone",
    }


@pytest.mark.django_db
def test_stuck_work_lists_it_however_old_and_sends_it_when_told(deliveries: dict[str, Delivery]):
    from dangol.channels.commands import try_delivery_again

    take_care(made_at=NOON, at=LATER)

    listed = {row.id: row for row in unsent_deliveries(at=LATER + timedelta(days=1))}
    queued = deliveries["queued"]
    assert "may have left already" in listed[queued.pk].reason
    assert listed[queued.pk].missing == ("queued@example.com",)
    queued.refresh_from_db()
    assert try_delivery_again(delivery=queued, at=LATER)
    assert claim_delivery(at=LATER) == queued


@pytest.mark.django_db(transaction=True)
def test_a_reply_that_was_on_its_way_lets_the_customer_wait_and_says_why(receive, hana):
    conversation = receive(mail(), at=NOON).conversation
    reply = _reply(conversation, hana)
    react(REACTIONS)  # it was at work before

    take_care(made_at=NOON, at=LATER)
    react(REACTIONS)

    conversation.refresh_from_db()
    assert conversation.state == Conversation.State.WAITING
    views = list(
        message_views(
            read_beside(conversation, newest_messages(conversation, most=9)[::-1]),
            customer_name="Sora",
            person=hana,
            at=LATER,
        )
    )
    (shown,) = [view for view in views if view.id == reply.pk]
    assert [fate.words for fate in shown.fates] == [
        "held back: it may have left before the backup was put back"
    ]
    (stuck,) = stuck_page(before=None, at=LATER).unsent
    assert stuck.delivery.id == reply.delivery_id
    assert reply.delivery is not None
    reply.delivery.refresh_from_db()
    assert reply.delivery.failure == PUT_BACK


@pytest.mark.django_db
def test_a_machine_answers_nothing_that_came_before(receive, mailbox):
    Channel.objects.update(acknowledgement="We have your message.")
    take_care(made_at=NOON - timedelta(days=1), at=NOON + timedelta(hours=1))

    before = receive(mail(subject="Before"), at=NOON).message
    assert acknowledge_arrival(message_id=before.pk, at=NOON + timedelta(hours=2)) is None
    after = receive(
        mail(sender="James <james@example.org>", subject="After", date=NOON + timedelta(hours=2)),
        at=NOON + timedelta(hours=2),
    ).message
    assert acknowledge_arrival(message_id=after.pk, at=NOON + timedelta(hours=2)) is not None


@pytest.mark.django_db
def test_everything_is_found_as_before(receive, hana):
    from dangol.inbox.commands.conversations import add_note

    conversation = receive(mail(subject="버거가 식었어요", text="다시 주문할게요"), at=NOON).conversation
    _reply(conversation, hana)
    add_note(actor=hana, conversation=conversation, text="쿠폰을 드리자", at=NOON)
    queries = [("message", "식었"), ("message", "쿠폰"), ("message", "sorry"), ("conversation", "버거"),
               ("customer", "sora@example.com"), ("customer", "Kim")]  # fmt: skip
    before = [index.find(kind, words, limit=9) for kind, words in queries]
    assert all(before)
    for kind in ("message", "conversation", "customer"):
        index.remove(kind, range(1, 10_000))
    assert not any(index.find(kind, words, limit=9) for kind, words in queries)

    take_care(made_at=NOON, at=LATER)

    assert [index.find(kind, words, limit=9) for kind, words in queries] == before


@pytest.mark.django_db
def test_a_follower_misses_no_event_whose_transaction_was_late():
    """103 was emitted first and committed last: its reader had not met it when the backup was made."""
    rows = [(101, 10), (102, 11), (103, 13), (104, 11), (105, 12), (106, 14)]
    for pk, transaction in rows:
        Event.objects.create(pk=pk, name="x", happened_at=NOON, recorded_at=NOON, transaction=transaction)
    Follower.objects.create(name="has read to 105", transaction=12, event_id=105)
    Follower.objects.create(name="has read all", transaction=14, event_id=106)
    Follower.objects.create(name="has read 103", transaction=13, event_id=103)

    take_care(made_at=NOON, at=LATER)

    assert dict(Follower.objects.values_list("name", "event_id")) == {
        "has read to 105": 102,
        "has read all": 106,
        "has read 103": 105,
    }
    assert set(Event.objects.filter(pk__lt=107).values_list("transaction", flat=True)) == {0}
    assert set(Follower.objects.values_list("transaction", flat=True)) == {0}


def _reply(conversation: Conversation, person) -> Message:
    draft = save_draft(actor=person, conversation=conversation, text="Sorry about that", at=NOON)
    return send_reply(actor=person, draft=draft, key=uuid4(), at=NOON)
