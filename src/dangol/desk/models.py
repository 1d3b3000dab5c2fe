"""What the desk remembers for itself: its alarms, the readings that it judges the disk by, and its backups."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from dangol.staff.models import Staff


class Alarm(models.Model):
    """Something that the desk stands on is not well. One open row a kind and thing.

    Seen first, raised when it lasts (`alarms.rules.PATIENCE`), told by mail, and over when it is not seen any more.
    `thing` is the id of a channel or the name of a loop. `data` holds numbers and machine words, never an address.
    """

    kind = models.CharField(max_length=30)
    thing = models.CharField(max_length=80, blank=True)
    health = models.CharField(max_length=4)
    since = models.DateTimeField()  # when the trouble itself began, as far as that is known
    level = models.PositiveIntegerField(default=1)  # larger is worse: then whoever knew of it hears again
    mark = models.CharField(
        max_length=80, blank=True
    )  # where a queue stood: while it changes, the queue moves
    data = models.JSONField(default=dict)
    seen_at = models.DateTimeField()
    raised_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)  # not seen since: it may come back at once
    ended_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    end_told_at = models.DateTimeField(null=True)
    untold = models.CharField(max_length=20, blank=True)  # why nobody could be told, a machine word
    tried_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "thing"], condition=Q(ended_at=None), name="one_open_alarm_a_thing"
            )
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["id"], name="alarm_open", condition=Q(ended_at=None)),
            models.Index(
                fields=["id"],
                name="alarm_end_untold",
                condition=Q(ended_at__isnull=False, told_at__isnull=False, end_told_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"alarm {self.kind} {self.pk}"


class Reading(models.Model):
    """A number that was read from this machine at a time."""

    name = models.CharField(max_length=80)
    at = models.DateTimeField()
    value = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["name", "-at"], name="reading_newest")]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class BackupPlan(models.Model):
    """Whether and where the desk backs itself up, and how that goes. One row, made when the loop first looks.

    A folder of "" is `backups` in the data folder. `making` is the name of the file that is just being written.
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    is_on = models.BooleanField(default=True)
    folder = models.CharField(max_length=500, blank=True)
    begun_at = models.DateTimeField()  # from when on one is expected every day
    asked_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failure = models.CharField(max_length=40, blank=True)  # a machine word
    making = models.CharField(max_length=120, blank=True)
    done = models.BigIntegerField(default=0)
    length = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_backup_plan")]

    def __str__(self) -> str:
        return "backup plan"


class Backup(models.Model):
    """A backup that the desk has made by itself and keeps: what is not in here, it removes from no folder."""

    folder = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    bytes = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "name"], name="one_backup_a_name")]
        indexes = [models.Index(fields=["-made_at", "-id"], name="backup_newest")]

    def __str__(self) -> str:
        return f"backup {self.pk}"


class UnfinishedBackup(models.Model):
    """A backup that was begun: here until it is whole, or until what there was of it is seen to be gone.

    The disk may be away by then, and the plan may name another folder.
    """

    folder = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=120)
    begun_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["folder", "name"], name="one_unfinished_backup_a_name")
        ]

    def __str__(self) -> str:
        return f"unfinished backup {self.pk}"
