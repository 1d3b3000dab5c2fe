import contextlib
import gzip
import io
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dangol.channels.email.provider_kinds import KINDS
from dangol.kernel.db import Constant
from dangol.kernel.files import keep_file, open_file, read_file
from dangol.kernel.secrets import lock_secret, unlock_secret

LARGEST_ROW_BYTES: Final = 256 * 1024
FOR_NOW: Final = "4"  # how the status begins of what stood in the way and may pass (RFC 3463)


class Channel(models.Model):
    """Where messages come from and go to. A mailbox is a channel of kind "email"."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")

    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.EMAIL)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("in use"), default=True)
    signature = models.TextField(_("signature"), blank=True)
    acknowledgement = models.TextField(_("answer at once to a new matter"), blank=True)
    promised_first_seconds = models.PositiveIntegerField(_("promised first answer"), null=True, blank=True)
    promised_next_seconds = models.PositiveIntegerField(_("promised next answer"), null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Security(models.TextChoices):
    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("none (only on this machine)")


class Mailbox(models.Model):
    """What an e-mail channel is connected to. Passwords are locked with the installation's key."""

    class Outgoing(models.TextChoices):
        SMTP = "smtp", _("sent by SMTP")
        PROVIDER = "provider", _("sent by a provider")
        KEPT = "kept", _("kept here, nothing leaves")

    channel = models.OneToOneField(
        Channel, primary_key=True, on_delete=models.CASCADE, related_name="mailbox"
    )
    address = models.EmailField(_("address"), unique=True)
    aliases = models.JSONField(_("other addresses"), default=list, blank=True)
    from_name = models.CharField(_("name that customers see"), max_length=120, blank=True)

    imap_host = models.CharField(max_length=200, blank=True)
    imap_port = models.PositiveIntegerField(default=993)
    imap_security = models.CharField(max_length=10, choices=Security.choices, default=Security.TLS)
    imap_user = models.CharField(max_length=200, blank=True)
    imap_locked_password = models.TextField(blank=True)
    imap_folder = models.CharField(max_length=200, default="INBOX")

    outgoing = models.CharField(max_length=10, choices=Outgoing.choices, default=Outgoing.SMTP)
    smtp_host = models.CharField(max_length=200, blank=True)
    smtp_port = models.PositiveIntegerField(default=465)
    smtp_security = models.CharField(max_length=10, choices=Security.choices, default=Security.TLS)
    smtp_user = models.CharField(max_length=200, blank=True)
    smtp_locked_password = models.TextField(blank=True)
    # Instead of the server: who sends, with which key, and at which address if it is not the usual one.
    provider = models.CharField(max_length=20, blank=True)
    provider_locked_key = models.TextField(blank=True)
    provider_url = models.CharField(max_length=200, blank=True)
    plus_addressing = models.BooleanField(_("the server accepts name+word@…"), default=True)

    # How far the fetcher has come: a cursor of UIDVALIDITY and UID, never flags and never dates.
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failure = models.CharField(max_length=40, blank=True)
    # The same of the outgoing server, as the last hand-over or trial found it.
    sending_failing_since = models.DateTimeField(null=True)
    sending_failure = models.CharField(max_length=40, blank=True)
    # Of the incoming server, as it was seen last.
    certificate_from = models.DateTimeField(null=True)
    certificate_until = models.DateTimeField(null=True)
    certificate_seen_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"mailbox {self.pk}"

    @property
    def imap_password(self) -> str | None:
        """In clear; None when the key that locked it is gone."""
        return unlock_secret(self.imap_locked_password)

    @imap_password.setter
    def imap_password(self, text: str) -> None:
        self.imap_locked_password = lock_secret(text)

    @property
    def smtp_password(self) -> str | None:
        """In clear; None when the key that locked it is gone."""
        return unlock_secret(self.smtp_locked_password)

    @smtp_password.setter
    def smtp_password(self, text: str) -> None:
        self.smtp_locked_password = lock_secret(text)

    @property
    def provider_key(self) -> str | None:
        """In clear; None when the key that locked it is gone."""
        return unlock_secret(self.provider_locked_key)

    @provider_key.setter
    def provider_key(self, text: str) -> None:
        self.provider_locked_key = lock_secret(text)

    @property
    def sender_name(self) -> str:
        """Who takes what leaves, for messages: the server's name, or the provider's."""
        kind = KINDS.get(self.provider) if self.outgoing == self.Outgoing.PROVIDER else None
        return kind.name if kind else self.smtp_host

    @property
    def can_send(self) -> bool:
        """Whether there is anybody to hand a mail to."""
        return self.outgoing == self.Outgoing.KEPT or bool(self.sender_name)

    @property
    def sign_in(self) -> "SignIn | None":
        """How it is signed in to without a password; None where by password."""
        return getattr(self, "oauth", None)

    @property
    def is_fetched(self) -> bool:
        """Whether there is a server to fetch from."""
        return bool(self.imap_host)

    @property
    def addresses(self) -> list[str]:
        """Every address under which this mailbox is written to, lower case."""
        return [self.address.lower(), *(str(alias).lower() for alias in self.aliases)]


class OAuthClient(models.Model):
    """What the owner has registered at Google or Microsoft, so that Dangol may ask there for mailboxes.

    Each installation has its own: a program that anybody runs has no secret to share.
    """

    provider = models.CharField(max_length=12, unique=True)
    client_id = models.CharField(max_length=300)
    locked_secret = models.TextField(blank=True)
    tenant = models.CharField(
        max_length=128, blank=True
    )  # of Microsoft: whose accounts; empty is everybody's

    def __str__(self) -> str:
        return f"client {self.provider}"

    @property
    def secret(self) -> str | None:
        """In clear; None when the key that locked it is gone."""
        return unlock_secret(self.locked_secret)

    @secret.setter
    def secret(self, text: str) -> None:
        self.locked_secret = lock_secret(text)


class SignIn(models.Model):
    """The permission by which a mailbox is reached without a password. Its tokens are locked with our key.

    `access_until` is when the access token runs out, which is refreshed by itself; `ends_at` when the permission
    as a whole ends, where the provider says so (in Google's test mode after seven days); `trouble` is the machine's
    word for what a person must mend, see channels.email.problems. `version` counts the changes of tokens.
    """

    class Provider(models.TextChoices):
        GOOGLE = "google", "Google"
        MICROSOFT = "microsoft", "Microsoft"

    mailbox = models.OneToOneField(Mailbox, primary_key=True, on_delete=models.CASCADE, related_name="oauth")
    provider = models.CharField(max_length=12, choices=Provider.choices)
    locked_access_token = models.TextField(blank=True)
    access_until = models.DateTimeField(null=True)
    locked_refresh_token = models.TextField(blank=True)
    ends_at = models.DateTimeField(null=True)
    signed_in_at = models.DateTimeField(null=True)
    refreshed_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=40, blank=True)
    trouble_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in {self.pk}"

    @property
    def access_token(self) -> str | None:
        """In clear; None when the key that locked it is gone."""
        return unlock_secret(self.locked_access_token)

    @access_token.setter
    def access_token(self, text: str) -> None:
        self.locked_access_token = lock_secret(text)

    @property
    def refresh_token(self) -> str | None:
        """In clear; None when the key that locked it is gone."""
        return unlock_secret(self.locked_refresh_token)

    @refresh_token.setter
    def refresh_token(self, text: str) -> None:
        self.locked_refresh_token = lock_secret(text)

    @property
    def is_lost(self) -> bool:
        """Whether only a person can make it good again, by signing in."""
        return not self.locked_refresh_token or self.trouble == "sign-in-again"

    def is_good(self, at: datetime) -> bool:
        """Whether the access token is good at that instant."""
        return self.access_until is not None and at < self.access_until

    def is_young(self, at: datetime, age: timedelta) -> bool:
        """Whether the access token is younger than `age`."""
        return self.refreshed_at is not None and at < self.refreshed_at + age

    def forget(self) -> None:
        """Drop the tokens: they are for another server or user, or of another provider."""
        self.access_token = self.refresh_token = ""
        self.access_until = self.ends_at = self.signed_in_at = self.refreshed_at = self.claimed_until = None
        self.trouble, self.trouble_since = "", None
        self.version += 1


class Content(models.Model):
    """Bytes kept whole: compressed in the row up to 256 kB, else a file by SHA-256."""

    body = models.BinaryField(null=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField()

    class Meta:
        abstract = True

    @staticmethod
    def fields_for(content: bytes) -> dict[str, object]:
        """The values to create a row with. A large content is on disk when this returns."""
        packed = (
            gzip.compress(content, compresslevel=1, mtime=0) if len(content) <= 4 * LARGEST_ROW_BYTES else b""
        )
        if packed and len(packed) <= LARGEST_ROW_BYTES:
            return {"body": packed, "size": len(content)}
        return {"file_sha256": keep_file(content), "size": len(content)}

    @property
    def content(self) -> bytes:
        """The bytes as they were kept."""
        if self.body is not None:
            return gzip.decompress(bytes(self.body))
        return read_file(self.file_sha256)

    @contextlib.contextmanager
    def opened(self) -> Iterator[bytes | IO[bytes]]:
        """The bytes for another process: a file of this machine, where they are in one; else all of them."""
        if self.body is not None:
            yield gzip.decompress(bytes(self.body))
            return
        with open_file(self.file_sha256) as file:
            inner = file.file
            # What an object store opens is no file of this machine.
            yield inner if isinstance(inner, io.BufferedReader) else file.read()


class Raw(Content):
    """A message exactly as it arrived, committed before anything else is done with it."""

    class State(models.TextChoices):
        NEW = "new", _("new")
        TAKEN = "taken", _("taken in")
        DOUBLE = "double", _("came twice")
        QUARANTINED = "quarantined", _("set aside")

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)  # SHA-256 of the bytes: the same bytes are stored once a channel
    source = models.CharField(max_length=120, blank=True)
    received_at = models.DateTimeField()
    stored_at = models.DateTimeField()
    is_silent = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.NEW)
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=80, null=True)  # noqa: DJ001  kernel.processes.this_process
    reason = models.CharField(max_length=300, blank=True)

    IS_NEW: ClassVar = Q(state=Constant(State.NEW))
    IS_SET_ASIDE: ClassVar = Q(state=Constant(State.QUARANTINED))
    """The few among millions, as the indexes below know them."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "key"], name="one_raw_a_content")]
        indexes = [
            models.Index(fields=["id"], name="raw_new", condition=Q(state="new")),
            models.Index(fields=["id"], name="raw_quarantined", condition=Q(state="quarantined")),
            models.Index(fields=["file_sha256"], name="raw_file", condition=Q(file_sha256__gt="")),
            # When mail came in live, for who asks whether a mailbox is too silent. Imports need not be in it.
            # SQLite asks the row for a column that stands in the condition alone: 100,000 rows for eight weeks.
            models.Index(
                fields=["channel", "received_at", "is_silent"],
                name="raw_live",
                condition=Q(is_silent=False),
            ),
        ]

    def __str__(self) -> str:
        return f"raw {self.pk}"


class Delivery(Content):
    """One envelope on its way out. The bytes never change, so every try sends the same Message-ID and date."""

    class State(models.TextChoices):
        QUEUED = "queued", _("on its way")
        SENDING = "sending", _("being handed over")
        SENT = "sent", _("sent")
        RETRY = "retry", _("will be tried again")
        FAILED = "failed", _("could not be sent")
        UNDONE = "undone", _("taken back")

    class Kind(models.TextChoices):
        REPLY = "reply", _("reply")
        ACKNOWLEDGEMENT = "acknowledgement", _("acknowledgement")
        SYSTEM = "system", _("sign-in and invitations")
        ALARM = "alarm", _("alarm")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    is_automatic = models.BooleanField(default=False)
    message_id = models.CharField(max_length=250, unique=True)
    provider_message_id = models.CharField(
        max_length=250, blank=True
    )  # what a provider calls it in its place
    envelope_from = models.CharField(max_length=320)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()  # not before this instant: the time to undo, later the next try
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=80, null=True)  # noqa: DJ001  kernel.processes.this_process
    sent_at = models.DateTimeField(null=True)
    may_have_arrived_twice = models.BooleanField(default=False)
    failure = models.CharField(max_length=40, blank=True)
    server_said = models.CharField(max_length=500, blank=True)

    IS_OPEN: ClassVar = Q(state__in=[Constant(State.QUEUED), Constant(State.RETRY), Constant(State.SENDING)])
    IS_FAILED: ClassVar = Q(state=Constant(State.FAILED))
    """The few among millions, as the indexes below know them."""

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="delivery_open",
                condition=Q(state__in=["queued", "retry", "sending"]),
            ),
            models.Index(fields=["provider_message_id"], name="delivery_by_provider"),
            models.Index(fields=["-id"], name="delivery_failed", condition=Q(state="failed")),
            models.Index(fields=["file_sha256"], name="delivery_file", condition=Q(file_sha256__gt="")),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def has_reached_somebody(self) -> bool:
        """Whether a server took it for at least one recipient, and it did not come back from there."""
        return self.recipients.filter(state=DeliveryRecipient.State.ACCEPTED).exists()


class DeliveryRecipient(models.Model):
    """What became of a delivery for one address."""

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        ACCEPTED = "accepted", _("taken by the server")
        REFUSED = "refused", _("refused")
        BOUNCED = "bounced", _("came back")

    class Role(models.TextChoices):
        TO = "to", _("To")
        CC = "cc", _("Cc")
        BCC = "bcc", _("Bcc")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=320)
    role = models.CharField(max_length=3, choices=Role.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    status = models.CharField(max_length=20, blank=True)  # RFC 3463, or the three digits of SMTP
    server_said = models.CharField(max_length=500, blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["address", "-id"], name="recipient_address"),
            models.Index(
                fields=["changed_at"],
                name="recipient_trouble",
                condition=Q(state__in=["refused", "bounced"]),
            ),
        ]

    def __str__(self) -> str:
        return f"recipient {self.pk}"
