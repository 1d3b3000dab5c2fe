"""The ledger of what service costs and gives.

Booked money and estimated money are separate columns and are never added without saying so. All amounts that are added
up are in minor units of the business's own currency; positive is what it cost us.
"""

import uuid
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dangol.business.models import Place
from dangol.customers.models import Customer
from dangol.orders.models import Order, Refund
from dangol.staff.models import Role, Staff


class CostClass(models.TextChoices):
    """The four classes of the cost of quality (Feigenbaum, 1956), and what is given without a fault."""

    PREVENTION = "prevention", _("prevention")
    APPRAISAL = "appraisal", _("checking")
    INTERNAL_FAILURE = "internal_failure", _("failure before the customer noticed")
    EXTERNAL_FAILURE = "external_failure", _("failure that the customer met")
    GOODWILL = "goodwill", _("goodwill")


class Kind(models.TextChoices):
    """What it was."""

    REDO = "redo", _("made again")
    REFUND = "refund", _("refund")
    FREE_ITEM = "free_item", _("free item")
    DISCOUNT = "discount", _("discount")
    SAMPLE = "sample", _("sample")
    GIFT = "gift", _("gift")
    POINTS = "points", _("points")
    SHIPPING = "shipping", _("shipping")
    STAFF_TIME = "staff_time", _("staff time")
    LOST_CUSTOMER = "lost_customer", _("lost customer")
    DEPARTURE = "departure", _("departure of staff")
    TRAINING = "training", _("training")
    OTHER = "other", _("other")


class Cause(models.Model):
    """Why it came to that: the business's own tree, begun with the four places where service breaks."""

    name = models.CharField(max_length=80)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    words = models.TextField(blank=True)  # words of customers by which it is proposed, one a line
    # How the business makes it good as a rule, of `rules.SUGGESTED`; "" where each case is another.
    remedy = models.CharField(max_length=16, choices=Kind.choices, blank=True)
    position = models.PositiveIntegerField(default=0)
    retired_at = models.DateTimeField(null=True)  # no longer offered; what was booked keeps it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["parent", "name"], name="cause_named_once")]

    def __str__(self) -> str:
        return self.name


ASKING: Final = Q(cause=None, cost_class=CostClass.EXTERNAL_FAILURE, booked__isnull=False)
"""An entry that asks for its cause, where it was not taken back."""
# A check holds where it is unknown, so that it asks of each column whether it is there.
_ESTIMATED = Q(
    booked__isnull=True,
    estimated__isnull=False,
    estimated_low__isnull=False,
    estimated_high__isnull=False,
)


class Entry(models.Model):
    """One line of the ledger. Nothing in it changes but that a missing cause is named; a mistake is reversed.

    `source_kind` and `source_key` say what it came from, and that is booked once. A reversal has the amounts of the
    entry that it `reverses`, with the other sign, each bound its own, and counts when it `happened_at`, which is that
    entry's own time. The database refuses every other change, and deleting (`unchanging`).
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cost_class = models.CharField(max_length=16, choices=CostClass.choices)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    cause = models.ForeignKey(Cause, null=True, on_delete=models.PROTECT, related_name="+")
    own_currency = models.CharField(max_length=3)
    booked = models.BigIntegerField(null=True)  # in minor units of own_currency
    estimated_low = models.BigIntegerField(null=True)
    estimated = models.BigIntegerField(null=True)  # the middle
    estimated_high = models.BigIntegerField(null=True)
    method = models.CharField(
        max_length=40, blank=True
    )  # of the estimate: a name that `goodwill.rules` knows
    currency = models.CharField(max_length=3)  # what was really given, and by which rate
    amount = models.BigIntegerField(null=True)
    rate_trillionths = models.BigIntegerField(null=True)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    conversation_id = models.BigIntegerField(null=True)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey(Place, null=True, on_delete=models.PROTECT, related_name="+")
    happened_at = models.DateTimeField()
    booked_at = models.DateTimeField()
    source_kind = models.CharField(max_length=20)  # wish, refund, reply, reversal, file, …
    source_key = models.CharField(max_length=120)
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversal")

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["source_kind", "source_key"], name="booked_once"),
            models.CheckConstraint(
                condition=Q(
                    booked__isnull=False,
                    estimated__isnull=True,
                    estimated_low__isnull=True,
                    estimated_high__isnull=True,
                )
                | Q(
                    _ESTIMATED,
                    reverses__isnull=True,
                    estimated_low__lte=F("estimated"),
                    estimated_high__gte=F("estimated"),
                )
                | Q(
                    _ESTIMATED,
                    reverses__isnull=False,
                    estimated_low__gte=F("estimated"),
                    estimated_high__lte=F("estimated"),
                ),
                name="booked_or_estimated",
            ),
        ]
        indexes = [
            models.Index(fields=["happened_at", "id"], name="entry_happened"),
            models.Index(fields=["customer", "-happened_at", "-id"], name="entry_of_customer"),
            models.Index(fields=["conversation_id"], name="entry_of_conversation"),
            models.Index(fields=["happened_at", "id"], name="entry_asks_for_cause", condition=ASKING),
            # All that a statement adds up, so that it need not look at the rows themselves.
            models.Index(
                fields=[
                    "happened_at",
                    "own_currency",
                    "cost_class",
                    "kind",
                    "cause",
                    "place",
                    "customer",
                    "booked",
                    "estimated_low",
                    "estimated",
                    "estimated_high",
                ],
                name="entry_added_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Wish(models.Model):
    """What a customer wished for and what became of it; what was given is an entry of the ledger.

    Money is in minor units of the business's own currency. Above somebody's limit a wish is `asked` until somebody
    who may decides; then it is given, given in part, or refused.
    """

    class State(models.TextChoices):
        """What became of it."""

        ASKED = "asked", _("waits for a yes")
        GIVEN = "given", _("given")
        PARTLY = "partly", _("given in part")
        REFUSED = "refused", _("not given")
        WITHDRAWN = "withdrawn", _("withdrawn")

    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    conversation_id = models.BigIntegerField(null=True)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    cause = models.ForeignKey(Cause, null=True, on_delete=models.PROTECT, related_name="+")
    own_currency = models.CharField(max_length=3)
    wished = models.BigIntegerField()  # what the customer asked for
    proposed = models.BigIntegerField()  # what the staff wants to give
    given = models.BigIntegerField(default=0)
    what = models.CharField(max_length=200, blank=True)  # "a new burger", lines of the order
    state = models.CharField(max_length=9, choices=State.choices)
    key = models.UUIDField(unique=True)  # of the form: pressed twice, it is given once
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    over = models.CharField(max_length=20, blank=True)  # which limit it was above
    entry = models.OneToOneField(Entry, null=True, on_delete=models.PROTECT, related_name="wish")
    # The same money, as the shop's system reported it: it is not booked a second time.
    refund = models.OneToOneField(Refund, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name_plural = "wishes"
        indexes = [
            models.Index(fields=["state", "asked_at", "id"], name="wish_by_state"),
            models.Index(fields=["customer", "-asked_at", "-id"], name="wish_of_customer"),
            models.Index(fields=["conversation_id"], name="wish_of_conversation"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class GivingLimit(models.Model):
    """How much a role may give without asking, in minor units of the business's currency. None: without a limit."""

    role = models.CharField(max_length=10, choices=Role.choices, unique=True)
    an_act = models.BigIntegerField(null=True)
    a_customer_a_month = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.role


class GivingPolicy(models.Model):
    """What the business sets about giving and about the price of its own time. At most one row."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    budget_a_month = models.BigIntegerField(null=True)
    hourly_rate = models.BigIntegerField(
        null=True
    )  # wage with all that comes on top; None: time is not booked
    reply_minutes = models.PositiveIntegerField(default=6)  # where the draft does not say how long it took
    most_reply_minutes = models.PositiveIntegerField(default=30)

    class Meta:
        verbose_name_plural = "giving policies"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_giving_policy")]

    def __str__(self) -> str:
        return "giving policy"
