"""When this happened, do that: the whole table."""

from dangol.api.shops.taking_in import forget_unread_reports
from dangol.business.events import HoursChanged
from dangol.channels.events import DeliveryBounced, DeliveryFailed, DeliverySent
from dangol.desk.backups.erased_list import write_erased
from dangol.desk.giving_mail import tell_of_wish
from dangol.goodwill.commands.refunds import book_refund
from dangol.goodwill.events import WishAsked
from dangol.inbox.commands.acknowledgements import acknowledge_arrival
from dangol.inbox.commands.replies import settle_failed_reply, settle_sent_reply
from dangol.inbox.events import MessageArrived, ReplySent
from dangol.inbox.second_replies import book_second_reply
from dangol.kernel import clock
from dangol.kernel.reacting import Reaction
from dangol.orders.events import RefundChanged, RefundRecorded
from dangol.privacy.events import CustomerErased
from dangol.segments.renewing import ask_for_renewal


def _sent(event: DeliverySent) -> None:
    settle_sent_reply(delivery_id=event.delivery_id, at=clock.now())


def _failed(event: DeliveryFailed | DeliveryBounced) -> None:
    settle_failed_reply(delivery_id=event.delivery_id, at=clock.now())


def _arrived(event: MessageArrived) -> None:
    if event.opens and not event.automatic:
        acknowledge_arrival(message_id=event.message_id, at=clock.now())


def _hours(event: HoursChanged) -> None:
    ask_for_renewal(at=clock.now())


def _answered(event: ReplySent) -> None:
    book_second_reply(message_id=event.message_id, at=clock.now())


def _asked(event: WishAsked) -> None:
    tell_of_wish(wish_id=event.wish_id, at=clock.now())


def _refunded(event: RefundRecorded | RefundChanged) -> None:
    book_refund(refund_id=event.refund_id, at=clock.now())


def _erased(event: CustomerErased) -> None:
    forget_unread_reports(before=clock.now())


def _erased_beside(event: CustomerErased) -> None:
    if event.customer_id is not None:
        write_erased(event.customer_id)


REACTIONS = (
    Reaction("a sent reply stops the clock", DeliverySent, _sent),
    Reaction("a failed reply waits again", DeliveryFailed, _failed),
    Reaction("a bounced reply waits again", DeliveryBounced, _failed),
    Reaction("a new matter is acknowledged", MessageArrived, _arrived),
    Reaction("changed hours move what is due", HoursChanged, _hours),
    Reaction("a second reply is booked", ReplySent, _answered),
    Reaction("who may say yes is asked by mail", WishAsked, _asked),
    Reaction("a refund books itself", RefundRecorded, _refunded),
    Reaction("a changed refund is booked anew", RefundChanged, _refunded),
    Reaction("reports of shops that name the erased go", CustomerErased, _erased),
    Reaction("who was erased is written beside the backups", CustomerErased, _erased_beside),
)
