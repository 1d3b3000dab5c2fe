from django.db import models


class Event(models.Model):
    """One thing that happened. Ids and numbers only: no text and no address, so that a person can be erased.

    `transaction` is the PostgreSQL transaction that wrote the row, 0 on SQLite, where ids commit in order.
    Write with `kernel.events.emit`, follow with `kernel.events.since`.
    """

    name = models.CharField(max_length=60)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    customer_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    silent = models.BooleanField(default=False)
    transaction = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["transaction", "id"], name="event_in_commit_order"),
            models.Index(fields=["customer_id", "happened_at", "id"], name="event_timeline"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class Follower(models.Model):
    """How far a reaction has read the events."""

    name = models.CharField(max_length=80, primary_key=True)
    transaction = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Setback(models.Model):
    """An event that a reaction failed on: set aside with its reason, tried again later, shown as stuck work."""

    follower = models.CharField(max_length=80)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField()
    tries = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["follower", "event"], name="one_setback_an_event")]
        indexes = [models.Index(fields=["next_at"], name="setback_next")]

    def __str__(self) -> str:
        return f"{self.follower} on {self.event_id}"


class Lease(models.Model):
    """Who may do a thing that one process does at a time, and until when."""

    name = models.CharField(max_length=80, primary_key=True)
    holder = models.CharField(max_length=80)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a loop last finished a turn and what stopped it last: what doctor and Today read."""

    name = models.CharField(max_length=80, primary_key=True)
    beat_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """An administrative act, with the old and the new values. Secrets are never among them."""

    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    act = models.CharField(max_length=60)
    thing = models.CharField(max_length=60)
    thing_id = models.BigIntegerField(null=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["-at", "-id"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.act} {self.thing} {self.thing_id}"
