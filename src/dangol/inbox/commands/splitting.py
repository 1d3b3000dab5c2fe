"""An address is somebody else's: it goes, and takes its conversations along."""

from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Subquery

from dangol.customers.commands.identities import split_off
from dangol.customers.models import NUMBER, Customer, Identity
from dangol.customers.queries import ids_of_person, living_customer
from dangol.goodwill.commands.moving import move_goodwill
from dangol.goodwill.commands.refunds import book_refunds_of
from dangol.goodwill.limits import GIVING
from dangol.inbox.models import Conversation, Message
from dangol.kernel.db import lock_for_transaction
from dangol.kernel.events import hand_over
from dangol.orders.commands import ORDERS
from dangol.orders.splitting import bring_orders_along
from dangol.staff.models import Staff


@transaction.atomic
def split_identity(*, actor: Staff, identity: Identity, at: datetime) -> Customer:
    """Make the address a customer of its own, with the conversations that it began and what happened in them.

    A conversation that both addresses wrote in goes with the one that wrote first. A customer's number takes its
    orders along, as far as they are known to be its own. What was given for these orders, and in these conversations
    where it names no order, goes along in the ledger. Notes, tags, all other orders and consents stay where they are.
    Refused (LastAddress) where it is the person's only address. To take it back, merge the two.
    """
    # Orders first: a file of them may be written for long, and then no mail and nobody who gives waits with this.
    if identity.kind == NUMBER:
        lock_for_transaction(ORDERS)
    # In this order, as others take them: mail that is just being filed, giving, and then the person.
    lock_for_transaction("inbox.take_in")
    lock_for_transaction(GIVING)
    mine = Message.objects.filter(identity=identity).order_by("-happened_at", "-id")
    name = mine.exclude(from_name="").values_list("from_name", flat=True).first() or ""
    row = Identity.objects.values_list("customer_id", flat=True).get(pk=identity.pk)
    person = ids_of_person(living_customer(row))
    customer = split_off(actor=actor, identity=identity, name=name, at=at)
    first = (
        Message.objects.filter(conversation=OuterRef("pk"), identity__isnull=False)
        .order_by("happened_at", "id")
        .values("identity")[:1]
    )
    talks = Conversation.objects.filter(pk__in=mine.order_by().values("conversation"))
    began = dict(
        talks.annotate(first=Subquery(first)).filter(first=identity.pk).values_list("pk", "customer_id")
    )
    # Those that were joined to one of them lead there, and are the same person's.
    began |= dict(Conversation.objects.filter(merged_into__in=began).values_list("pk", "customer_id"))
    Conversation.objects.filter(pk__in=began).update(customer=customer)
    hand_over(
        from_customers=set(began.values()), to_customer=customer.pk, key="conversation_id", values=list(began)
    )
    along = bring_orders_along(identity=identity, from_row=row, to_customer=customer)
    move_goodwill(
        actor=actor,
        from_customers=person,
        to_customer=customer,
        orders=along.orders,
        conversations=list(began),
        at=at,
    )
    book_refunds_of(refund_ids=along.refunds, at=at)
    return customer
