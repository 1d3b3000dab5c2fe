from django.db import models
from django.db.models import Q

from dangol.customers.models import Customer


class Figures(models.Model):
    """What a person adds up to, whichever of their rows it is written under; kept so that a rule need not add up.

    One narrow row for each living customer, so that a rule over a million of them reads nothing else. Nothing in it
    depends on the day that it is read on, but for what is of the last 365 days, which every night is counted anew.
    Sets are ids or words between bars: "|3|17|". Money is in minor units of the business's own currency.
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="figures"
    )
    birth_year = models.PositiveSmallIntegerField(null=True)
    language = models.CharField(max_length=5, blank=True)
    country = models.CharField(max_length=2, blank=True)
    has_company = models.BooleanField(default=False)
    since = models.DateTimeField()  # of the first that is known of them: the row, or an order from before it
    order_count = models.PositiveIntegerField(default=0)
    orders_in_year = models.PositiveIntegerField(default=0)
    spent = models.BigIntegerField(default=0)  # less what was given back
    spent_in_year = models.BigIntegerField(default=0)
    last_order_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)  # when they last wrote, were answered, or ordered
    conversation_count = models.PositiveIntegerField(default=0)
    complaint_count = models.PositiveIntegerField(default=0)
    complaints_in_year = models.PositiveIntegerField(default=0)
    tags = models.TextField(blank=True)
    places = models.TextField(blank=True)  # where they ordered
    consents = models.TextField(blank=True)  # the purposes that they said yes to, on whichever channel
    brought_by = models.BigIntegerField(null=True)  # the living row of whoever brought them
    brought_count = models.PositiveIntegerField(default=0)  # how many people they have brought

    class Meta:
        verbose_name_plural = "figures"
        indexes = [
            models.Index(
                fields=["brought_by"], name="figures_brought_by", condition=Q(brought_by__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"figures of {self.customer_id}"


class Walk(models.Model):
    """How far the nightly walk along all customers is. At most one row; without one nobody was counted yet."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    day = models.DateField(null=True)  # the last one for which everybody was counted
    begun_on = models.DateField(null=True)  # the day for which they are being counted
    reached = models.BigIntegerField(default=0)  # the customer behind whom it goes on

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_walk")]

    def __str__(self) -> str:
        return f"walk at {self.reached}"


class Renewal(models.Model):
    """That what is due of all open waits is being renewed, and how far. Without a row all is as it should be."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    asked_at = models.DateTimeField()  # when a promise, whom it is for, or the opening hours last changed
    reached = models.BigIntegerField(default=0)  # the wait behind which it goes on

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_renewal")]

    def __str__(self) -> str:
        return f"renewal at {self.reached}"
