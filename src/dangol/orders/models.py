"""What was bought and what was given back.

Money is an integer of minor units of `currency`. What the business adds up is `own_amount`, in minor units of its own
currency by the rate of then, which the row keeps; None while no rate is known. Unit prices are integers of 1/10,000 of
the currency's unit, and quantities of 1/1,000, so that a file's three decimals and a pound of beef stay exact.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dangol.business.models import Place
from dangol.customers.models import Customer
from dangol.staff.models import Staff


class Source(models.Model):
    """Where orders come from: a kind of file, a shop's system. Its numbers are unique within it."""

    class Kind(models.TextChoices):
        """By which way."""

        FILE = "file"
        SHOPIFY = "shopify"
        WOOCOMMERCE = "woocommerce"
        API = "api"
        HAND = "hand"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Trade(models.Model):
    """What an order and a refund have in common."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=120)  # the source's own: what comes twice is there once
    number = models.CharField(max_length=80)  # as the shop and its customers call it
    fingerprint = models.CharField(max_length=64, blank=True)  # of the content, to see what has changed
    revised_at = models.DateTimeField(null=True)  # as the source says; what is older never overwrites
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    place = models.ForeignKey(Place, null=True, on_delete=models.SET_NULL, related_name="+")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    own_currency = models.CharField(max_length=3)
    own_amount = models.BigIntegerField(null=True)
    rate_trillionths = models.BigIntegerField(null=True)  # None where the currency is the business's own
    recorded_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.number


class Order(Trade):
    """What somebody bought. `amount` is all that was paid, with tax and shipping, before refunds."""

    ordered_at = models.DateTimeField()
    tax = models.BigIntegerField(null=True)
    shipping = models.BigIntegerField(null=True)
    discount = models.BigIntegerField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    promised_at = models.DateTimeField(null=True)
    fulfilled_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    made_by_name = models.CharField(max_length=80, blank=True)  # of who has no account
    packed_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    packed_by_name = models.CharField(max_length=80, blank=True)
    subscription_from = models.DateField(null=True)
    subscription_until = models.DateField(null=True)
    # What the order says of who bought: not proof of who that is.
    contact_name = models.CharField(max_length=200, blank=True)
    contact_email = models.CharField(max_length=320, blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="order_once")]
        indexes = [
            models.Index(fields=["customer", "-ordered_at", "-id"], name="order_of_customer"),
            models.Index(fields=["-ordered_at", "-id"], name="order_newest"),
            models.Index(fields=["number"], name="order_number"),
            models.Index(fields=["contact_email"], name="order_contact", condition=~Q(contact_email="")),
            models.Index(fields=["currency", "id"], name="order_without_rate", condition=Q(own_amount=None)),
            models.Index(
                fields=["-ordered_at", "-id"],
                name="order_subscribed",
                condition=Q(subscription_from__isnull=False),
            ),
            models.Index(
                fields=["customer", "-subscription_from", "-id"],
                name="order_subscription_of",
                condition=Q(subscription_from__isnull=False),
            ),
        ]


class Refund(Trade):
    """What was given back, as a positive amount: a cancellation, a return. Of which order is not always known."""

    order = models.ForeignKey(Order, null=True, on_delete=models.CASCADE, related_name="refunds")
    order_key = models.CharField(max_length=120, blank=True)  # of an order that may still have to come
    refunded_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="refund_once")]
        indexes = [
            models.Index(fields=["customer", "-refunded_at", "-id"], name="refund_of_customer"),
            models.Index(fields=["-refunded_at", "-id"], name="refund_newest"),
            models.Index(fields=["source", "order_key"], name="refund_waiting", condition=~Q(order_key="")),
            models.Index(fields=["currency", "id"], name="refund_without_rate", condition=Q(own_amount=None)),
        ]


class Line(models.Model):
    """One thing that was bought or given back; quantities and amounts of a refund are positive."""

    sku = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=300, blank=True)
    quantity_thousandths = models.BigIntegerField()
    unit_price_e4 = models.BigIntegerField()  # 1/10,000 of the currency's unit
    amount = models.BigIntegerField()  # quantity × price, rounded half to even to minor units

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.sku or self.name


class OrderLine(Line):
    """A line of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")


class RefundLine(Line):
    """A line of a refund."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines")


class Conversion(models.Model):
    """A currency of which a rate is new: what waited for one is counted in the business's own, a piece at a time.

    Its row is there until all is. `after` is the id up to which the rows of the stage have been looked at.
    """

    class Stage(models.TextChoices):
        """Which rows, in this order."""

        ORDERS = "orders"
        REFUNDS = "refunds"
        LEDGER = "ledger"

    currency = models.CharField(max_length=3, unique=True)
    asked_at = models.DateTimeField()
    stage = models.CharField(max_length=7, choices=Stage.choices, default=Stage.ORDERS)
    after = models.BigIntegerField(default=0)
    refunds_from = models.BigIntegerField(null=True)  # the first refund that got its worth, if any did

    def __str__(self) -> str:
        return self.currency


class FileImport(models.Model):
    """A file that somebody brings in on the page: looked at first, then read by `dangol work`, a piece at a time.

    A process that is killed over it leaves its name; another one begins at the beginning, and what was written is
    known. `sample` are the header and the first rows, for the page; it is emptied with the file when all is done.
    """

    class State(models.TextChoices):
        """How far it is."""

        DRAFT = "draft", _("to be looked through")
        QUEUED = "queued", _("waits its turn")
        RUNNING = "running", _("is being read")
        DONE = "done", _("done")
        REFUSED = "refused", _("nothing written")
        FAILED = "failed", _("could not be read")

    class Kind(models.TextChoices):
        """What is in it."""

        ORDERS = "orders"
        CUSTOMERS = "customers"

    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.ORDERS)
    filename = models.CharField(max_length=200)
    path = models.CharField(max_length=120)  # in the storage; "" once it is gone
    size = models.BigIntegerField()
    sample = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    progress = models.PositiveSmallIntegerField(default=0)  # of 100
    report = models.JSONField(default=dict)
    failure = models.CharField(max_length=300, blank=True)
    refused_path = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="import_open", condition=Q(state__in=("queued", "running")))
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"
