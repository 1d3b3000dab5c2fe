"""Who else may speak with the desk: programs with a token, and shops that report their orders."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from dangol.orders.models import Source
from dangol.staff.models import Staff


class Token(models.Model):
    """What a program signs in with. Only its digest is kept; the token itself was shown once.

    Its requests of one minute are counted in the row, so that all processes see the same count.
    """

    class Scope(models.TextChoices):
        """What a token opens."""

        READ_ORDERS = "orders:read", _("read orders")
        WRITE_ORDERS = "orders:write", _("write orders and refunds")

    name = models.CharField(max_length=80)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    scopes = models.JSONField(default=list)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token, which is random enough
    beginning = models.CharField(max_length=12)  # by which people tell tokens apart
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    minute = models.DateTimeField(null=True)  # the one whose requests are counted
    requests = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class KeptAnswer(models.Model):
    """What was answered under an Idempotency-Key: the same request gets the same answer again.

    Answers hold ids and numbers, no text of a customer and no address.
    """

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64)  # SHA-256 of the address and the body
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="one_answer_a_key")]
        indexes = [models.Index(fields=["kept_at"], name="answer_oldest")]

    def __str__(self) -> str:
        return self.key


class Shop(models.Model):
    """A shop's system that reports its orders to an address of ours, signed with a secret that both know."""

    class Kind(models.TextChoices):
        """In whose words it reports."""

        SHOPIFY = "shopify", "Shopify"
        WOOCOMMERCE = "woocommerce", "WooCommerce"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.OneToOneField(Source, on_delete=models.PROTECT, related_name="+")
    token = models.CharField(max_length=64, unique=True)  # of the address; what counts is the signature
    locked_secret = models.TextField()  # kernel.secrets
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_at = models.DateTimeField(null=True)
    pinged_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)  # when something came that was not signed with the secret

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Report(models.Model):
    """What a shop reported, as it came: kept before it is acknowledged, taken in by `dangol work`.

    It holds persons: the body is emptied as soon as it is taken in. One that cannot be read keeps it, to be tried
    again, until it is forgotten.
    """

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued", _("waits its turn")
        DONE = "done", _("done")
        FAILED = "failed", _("could not be read")

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="reports")
    key = models.CharField(max_length=64)  # SHA-256 of the delivery's id, its topic and its body
    topic = models.CharField(max_length=60)
    body = models.BinaryField()  # zlib
    received_at = models.DateTimeField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.QUEUED)
    next_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True)  # why it failed, or why nothing of it was taken
    order_key = models.CharField(
        max_length=120, blank=True
    )  # of the order that it says is deleted or restored

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="report_once")]
        indexes = [
            models.Index(fields=["id"], name="report_queued", condition=models.Q(state="queued")),
            models.Index(fields=["shop", "id"], name="report_failed", condition=models.Q(state="failed")),
            models.Index(fields=["received_at"], name="report_oldest"),
            models.Index(fields=["shop", "order_key", "received_at"], name="report_of_order"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"
