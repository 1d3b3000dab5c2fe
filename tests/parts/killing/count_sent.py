"""Whether each mail that went arrived once, and stopped its customer's clock."""

from __future__ import annotations

from tests.parts.killing import Plan, Report
from tests.parts.killing.agreement import agreement
from tests.parts.killing.sink import Sink


def count_sent(sink: Sink, report: Report) -> None:
    """Each mail that was queued arrived; one that arrived more than once is the same mail and is marked."""
    from dangol.channels.models import Delivery

    arrivals = sink.arrivals()
    for delivery in Delivery.objects.all():
        came = arrivals.pop(delivery.message_id, [])
        is_told = delivery.state == "failed" and delivery.failure == "uncertain"
        report.told += is_told
        report.marked += delivery.may_have_arrived_twice
        report.sent_again += len(came) > 1
        if not came and delivery.state in ("queued", "sending", "retry"):
            report.unfinished += 1
        elif not came and not is_told:
            report.lost += 1
            report.wrong.append(f"delivery {delivery.pk} is {delivery.state} and never arrived")
        if len(came) > 1 and not delivery.may_have_arrived_twice:
            report.doubled += 1
            report.wrong.append(f"delivery {delivery.pk} arrived {len(came)} times and is not marked")
        if len(came) > 2:
            report.doubled += 1
            report.wrong.append(f"delivery {delivery.pk} arrived {len(came)} times")
        if len(set(came)) > 1:
            report.wrong.append(f"delivery {delivery.pk} did not arrive the same each time")
    for message_id in arrivals:
        report.wrong.append(f"{message_id} arrived and was never queued")


def count_settled(plan: Plan, report: Report) -> None:
    """What was sent stopped each customer's clock, once; whom it may not have reached waits again."""
    from dangol.channels.models import Delivery
    from dangol.inbox.models import Conversation, Wait
    from dangol.kernel.models import Event

    agree = agreement(report)
    sent = Delivery.objects.filter(state="sent").count()
    agree("answers", Delivery.objects.count(), plan.mails)
    if report.wrong:
        return  # the sums below are those of the end
    told = [row.data["message_id"] for row in Event.objects.filter(name="ReplySent")]
    agree("answers told of", len(told), sent)
    agree("answers told of once", len(set(told)), sent)
    agree("answers that left, told of", Event.objects.filter(name="DeliverySent").count(), sent)
    agree("clocks that stopped", Wait.objects.exclude(answered_at=None).count(), sent)
    agree("customers who still wait", Wait.objects.filter(answered_at=None).count(), plan.mails - sent)
    agree("conversations answered", Conversation.objects.filter(state="answered").count(), sent)
    agree("failures told of", Event.objects.filter(name="ReplyFailed").count(), plan.mails - sent)
