"""What the desk remembers of forgetting: that somebody was erased, and how far that is."""

from django.db import models
from django.db.models import Q

from dangol.customers.models import Customer
from dangol.staff.models import Staff


class Erasure(models.Model):
    """One person's erasure. What was known of them is gone at once; mails and files follow, a piece at a time.

    A process that is killed over it leaves `step` and `place`, from which the next one goes on. `traces` are the
    addresses by which the rest is found, and `files` the names (SHA-256) of what is still to be removed from the disk:
    both are emptied at the end, and so nothing of the person is left in here either.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    step = models.CharField(max_length=20)
    place = models.BigIntegerField(default=0)
    traces = models.JSONField(default=list)
    files = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer"], name="erased_once")]
        indexes = [models.Index(fields=["id"], name="erasure_open", condition=Q(finished_at=None))]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class RetentionPolicy(models.Model):
    """How long what is kept: None is for ever, which is so until an owner decides. At most one row.

    `looked_on` is the day of the last night's work that is done, `done` what it has done so far (numbers), and `files`
    are the names of files that are still to be removed from the disk; `reached` is behind which row of each kind the
    night goes on, None where there is no more of it.
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    talk_months = models.PositiveSmallIntegerField(null=True)
    file_months = models.PositiveSmallIntegerField(null=True)
    customer_years = models.PositiveSmallIntegerField(null=True)
    looked_on = models.DateField(null=True)
    done = models.JSONField(default=dict)
    files = models.JSONField(default=list)
    reached = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "retention policies"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_retention_policy")]

    def __str__(self) -> str:
        return "retention policy"
