import uuid
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dangol.channels.incoming import IncomingAttachment
from dangol.channels.models import Channel, Delivery, Raw
from dangol.customers.models import Customer, Identity
from dangol.kernel.files import keep_file, keep_file_at, read_file
from dangol.staff.models import Staff


class Conversation(models.Model):
    """One matter with one customer on one channel. A merged one points to the one that it became."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        ANSWERED = "answered", _("Answered")
        LATER = "later", _("Later")
        DONE = "done", _("Done")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="conversations")
    subject = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    assignee = models.ForeignKey(
        Staff, null=True, blank=True, on_delete=models.SET_NULL, related_name="conversations"
    )
    # When an answer is due while waiting; when it comes back while later; when it last moved otherwise.
    due_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    is_machine = models.BooleanField(default=False)  # only machines have written so far
    preview = models.CharField(max_length=160, blank=True)
    file_count = models.PositiveIntegerField(default=0)
    message_count = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField()
    # The message that a reply is written against: a draft based on an older one is refused.
    last_message_id = models.BigIntegerField(default=0)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="merged")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # `merged_into`, though it is empty in all of them: SQLite would look for it in each row that it counts.
            models.Index(
                fields=["state", "due_at", "id", "merged_into"],
                name="inbox_by_due",
                condition=Q(merged_into=None),
            ),
            models.Index(
                fields=["assignee", "state", "due_at", "id", "merged_into"],
                name="inbox_mine",
                condition=Q(merged_into=None),
            ),
            models.Index(
                fields=["state", "waiting_since", "id"],
                name="inbox_waiting",
                condition=Q(merged_into=None, state="waiting"),
            ),
            # Of the customer who has thousands: counted and paged without a look at the rows themselves.
            models.Index(
                fields=["customer", "-last_message_at", "-id", "merged_into"],
                name="inbox_of_person",
                condition=Q(merged_into=None),
            ),
            # Of all customers, by whom we last talked with.
            models.Index(
                fields=["-last_message_at", "-id", "customer", "merged_into"],
                name="inbox_newest_talk",
                condition=Q(merged_into=None),
            ),
            models.Index(
                fields=["customer", "waiting_since", "id", "state", "merged_into"],
                name="inbox_waiting_of_person",
                condition=Q(merged_into=None, state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk}"

    @property
    def is_waiting(self) -> bool:
        """Whether the customer waits for us."""
        return self.state == self.State.WAITING

    def is_overdue(self, at: datetime) -> bool:
        """Whether the promised instant has passed."""
        return self.is_waiting and self.due_at < at


MISTAKABLE: Final = frozenset({"auto-reply", "bulk"})


class Message(models.Model):
    """One utterance: inbound, outbound, or a note that only staff see."""

    class Direction(models.TextChoices):
        IN = "in", _("from the customer")
        OUT = "out", _("to the customer")
        NOTE = "note", _("note")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(max_length=4, choices=Direction.choices)
    happened_at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    identity = models.ForeignKey(Identity, null=True, on_delete=models.SET_NULL, related_name="+")
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=320, blank=True)
    to = models.JSONField(default=list)  # [{"name": …, "address": …}]
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    reply_to = models.JSONField(default=list)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    text_new = models.TextField(blank=True)
    html = models.TextField(blank=True)
    message_id = models.CharField(max_length=998, blank=True)
    references = models.JSONField(default=list)
    thread_index = models.CharField(max_length=1000, blank=True)  # Outlook's, see channels.email.thread_index
    automatic = models.CharField(max_length=12, blank=True)  # channels.incoming.Automatic, or "" for a person
    no_answer = models.CharField(max_length=40, blank=True)
    dedupe_key = models.CharField(max_length=64, null=True)  # noqa: DJ001  unique, but for those that have none
    raw = models.ForeignKey(Raw, null=True, on_delete=models.SET_NULL, related_name="+")
    delivery = models.OneToOneField(Delivery, null=True, on_delete=models.SET_NULL, related_name="message")
    undone_at = models.DateTimeField(null=True)
    minutes_spent = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "dedupe_key"], name="one_message_an_arrival"),
        ]
        indexes = [models.Index(fields=["conversation", "happened_at", "id"], name="message_of_conversation")]

    def __str__(self) -> str:
        return f"message {self.pk}"

    @property
    def is_from_person(self) -> bool:
        """Whether a person wrote it, not a machine."""
        return not self.automatic

    @property
    def may_be_a_persons(self) -> bool:
        """Whether it was taken for a machine's by signs that lists and web forms put on people's mail as well."""
        return self.direction == self.Direction.IN and self.automatic in MISTAKABLE


class KnownPerson(models.Model):
    """Somebody said that a person writes from this address, though the mail bears a machine's sign.

    Mail to the mailbox with the same sign (`Message.no_answer`) waits as a person's does; `kind` is what it was
    taken for (`Message.automatic`). Nothing automatic answers it all the same.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=320)  # lower case
    sign = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    said_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "address", "sign"], name="one_known_person_a_sign")
        ]

    def __str__(self) -> str:
        return f"known person {self.pk}"


class Reference(models.Model):
    """A Message-ID that a message bears (`is_own_id`) or names, or a hint: what threading looks up, as a digest."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reference_rows")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=32)
    is_own_id = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["digest", "channel"], name="reference_digest")]

    def __str__(self) -> str:
        return f"reference {self.pk}"


class Attachment(models.Model):
    """A file of a message or, before it is sent, of a draft. The bytes are a file by SHA-256."""

    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="attachments")
    draft = models.ForeignKey("Draft", null=True, on_delete=models.SET_NULL, related_name="attachments")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=120)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    is_inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=250, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sha256"], name="attachment_file")]

    def __str__(self) -> str:
        return f"attachment {self.pk}"

    @classmethod
    def left_over(cls) -> "models.QuerySet[Attachment]":
        """Those that no message and no draft has any more: what clears away (privacy.erasing) removes their bytes, for
        which it has to know of them."""
        return cls.objects.filter(message=None, draft=None)

    @classmethod
    def of(cls, file: IncomingAttachment) -> "Attachment":
        """An unsaved row for the file, whose bytes are on disk when this returns."""
        if file.put_at:
            keep_file_at(Path(file.put_at.path), file.put_at.sha256)
        return cls(
            filename=(file.filename or "")[:255],
            content_type=file.content_type[:120],
            size=file.size,
            sha256=file.put_at.sha256 if file.put_at else keep_file(file.content),
            is_inline=file.is_inline,
            content_id=(file.content_id or "")[:250],
        )

    @property
    def content(self) -> bytes:
        """The bytes. Raises FileNotFoundError when the file is gone."""
        return read_file(self.sha256)


class Invitation(models.Model):
    """What a calendar file of a message asks for, changes, calls off or answers (channels.incoming.Appointment)."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="invitations")
    method = models.CharField(max_length=10)
    title = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=300, blank=True)
    organiser = models.JSONField(null=True)  # {"name": …, "address": …}
    guests = models.JSONField(default=list)  # the same, each with its "answer"
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    is_all_day = models.BooleanField()
    is_local = models.BooleanField()  # in no zone: a time of the clock, written as if it were UTC
    is_changed = models.BooleanField()
    repeats = models.CharField(max_length=10, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class Draft(models.Model):
    """What one person is writing in one conversation; it is what is sent.

    `base_message_id` is the conversation's last message when the writing began: a reply written against an
    older state is refused. `version` counts the savings, so that two windows notice each other.

    Where conversations were joined in which the person was writing, `parts` are the texts by the number of the
    conversation whose page they were typed on, and pages older than `joined_version` show only their own of them.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="drafts")
    text = models.TextField(blank=True)
    is_note = models.BooleanField(default=False)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    base_message_id = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    parts = models.JSONField(default=dict)  # {"7": "text", …}
    joined_version = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "staff"], name="one_draft_a_person")]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Wait(models.Model):
    """A stretch in which a customer waited: from the first unanswered message to a person's answer.

    Seconds are stored when the answer leaves: wall clock, and within the opening hours of then.
    """

    class Kind(models.TextChoices):
        FIRST = "first", _("first answer")
        NEXT = "next", _("next answer")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="waits")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    promised_seconds = models.PositiveIntegerField(null=True)
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answer = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    answered_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    wall_seconds = models.PositiveBigIntegerField(null=True)
    opening_seconds = models.PositiveBigIntegerField(null=True)
    is_kept = models.BooleanField(null=True)
    dropped_at = models.DateTimeField(null=True)  # closed without an answer: it counts nowhere as one

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(answered_at=None, dropped_at=None),
                name="one_open_wait_a_conversation",
            )
        ]
        indexes = [
            models.Index(fields=["started_at", "id"], name="wait_began"),
            models.Index(
                fields=["answered_at", "started_at"],
                name="wait_answered",
                condition=Q(answered_at__isnull=False),
            ),
            models.Index(
                fields=["dropped_at", "started_at"],
                name="wait_dropped",
                condition=Q(dropped_at__isnull=False),
            ),
            models.Index(
                fields=["started_at"], name="wait_open", condition=Q(answered_at=None, dropped_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"wait {self.pk}"
