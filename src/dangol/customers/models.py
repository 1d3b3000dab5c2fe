import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dangol.customers import rules
from dangol.customers.kinds import EMAIL
from dangol.customers.kinds import NUMBER as NUMBER  # for who imports it from here
from dangol.staff.models import Staff


class Customer(models.Model):
    """A person served. A merged one keeps its row and points to the one it became; an erased one keeps it empty.

    `name` is how they wish to be called, and what every page shows. The day of birth is known without the year, or the
    year without the day.
    """

    class NameOrder(models.TextChoices):
        """Which name comes first where both are written."""

        FAMILY_FIRST = "family", _("family name first")
        GIVEN_FIRST = "given", _("given name first")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    given_name = models.CharField(max_length=100, blank=True)
    name_order = models.CharField(max_length=6, choices=NameOrder.choices, blank=True)
    honorific = models.CharField(max_length=20, blank=True)  # 님, Dr, …: as it is written beside the name
    language = models.CharField(max_length=5, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)  # IANA
    preferred_channel = models.CharField(max_length=20, blank=True)  # a kind of channel or identity
    birth_year = models.PositiveSmallIntegerField(null=True)
    birth_month = models.PositiveSmallIntegerField(null=True)
    birth_day = models.PositiveSmallIntegerField(null=True)
    company = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True)
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    erased_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(birth_month=None, birth_day=None)
                | Q(birth_month__range=(1, 12), birth_day__range=(1, 31)),
                name="birthday_is_month_and_day",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    @property
    def shown_name(self) -> str:
        """The name; where there is none, the first address."""
        name = rules.shown_name(self.name, self.family_name, self.given_name, self.name_order)
        if name:
            return name
        identity = next(iter(self.identities.all()), None)
        return identity.address if identity else f"#{self.pk}"


class Identity(models.Model):
    """An address of a person on a kind of channel, normalised. The same address is the same identity."""

    class Source(models.TextChoices):
        """Where it is from. Only `is_verified` says that it was proved."""

        MESSAGE = "message", _("from their mail")
        HAND = "hand", _("typed in")
        ORDER = "order", _("from an order")
        FILE = "file", _("from a file")
        PLATFORM = "platform", _("from the channel")

    kind = models.CharField(max_length=20)
    address = models.CharField(max_length=320)
    shown = models.CharField(max_length=320, blank=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    is_verified = models.BooleanField(default=False)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.MESSAGE)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "address"], name="one_identity_an_address")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_mail(self) -> bool:
        """Whether mail can be written to it."""
        return self.kind == EMAIL

    @property
    def may_be_removed(self) -> bool:
        """Whether it was only written down. One that somebody wrote or bought with, or proved, is split off instead."""
        return not self.is_verified and self.source in {self.Source.HAND, self.Source.FILE}


class ErasedAddress(models.Model):
    """That somebody with a certain address was erased: not the address, but what it can be held against (`erased`)."""

    digest = models.CharField(max_length=64, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")  # the empty row
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "erased addresses"

    def __str__(self) -> str:
        return f"erased address {self.pk}"


class Merge(models.Model):
    """Two rows that became one person: enough to undo it whole for `customers.rules.MERGE_DAYS`."""

    kept = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="merges")
    gone = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    kept_before = models.JSONField(
        default=dict
    )  # {field: [as it was, what it became]} of the fields of `kept` that the choice has changed
    at = models.DateTimeField()
    by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gone"], condition=Q(undone_at=None), name="one_merge_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} into {self.kept_id}"


class Unlike(models.Model):
    """Two rows of which somebody said that they are two people: no longer suggested as one. The smaller id first."""

    one = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="said_once_that_two_are_two")]

    def __str__(self) -> str:
        return f"{self.one_id} is not {self.other_id}"


class Consent(models.Model):
    """What a customer agreed to or refused, on one kind of channel for one purpose. The newest row counts."""

    class Purpose(models.TextChoices):
        """For what we may write without being asked."""

        NEWS = "news", _("news and offers")
        SURVEY = "survey", _("questions about the service")
        OCCASION = "occasion", _("birthday and other occasions")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=20)  # a kind of channel: email, sms, …
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    is_given = models.BooleanField()
    source = models.CharField(
        max_length=80
    )  # where it was said: "sign-up form", "unsubscribe link", a file's name
    wording = models.TextField(blank=True)  # the words that were agreed to
    at = models.DateTimeField()
    by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["customer", "channel", "purpose", "-at", "-id"], name="consent_newest")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} by {self.channel} of {self.customer_id}"


class CustomerNote(models.Model):
    """What the staff should know about the person; the customer never sees it."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
    by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note {self.pk}"


class Tag(models.Model):
    """A word that the staff put on people."""

    name = models.CharField(max_length=40, unique=True)
    customers = models.ManyToManyField(Customer, related_name="tags")

    def __str__(self) -> str:
        return self.name


class Introduction(models.Model):
    """Who brought whom. Of all rows of a person, what was said last counts."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="introduction")
    by = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="introductions")
    at = models.DateTimeField()
    said_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(customer=models.F("by")), name="nobody_brings_themselves")
        ]

    def __str__(self) -> str:
        return f"{self.by_id} brought {self.customer_id}"


class Segment(models.Model):
    """A named rule over customers, or a list, and its playbook: how these people are served.

    `rule` is what `segments` builds and counts; a list has none. Money is in minor units of the business's currency;
    a promise or a limit that is None leaves that of the mailbox or of the role.
    """

    class Kind(models.TextChoices):
        """How people come in."""

        RULE = "rule", _("by a rule")
        LIST = "list", _("a list")

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.RULE)
    rule = models.JSONField(default=dict)
    position = models.PositiveIntegerField(default=0)  # where two playbooks differ, the first counts
    first_promise_minutes = models.PositiveIntegerField(null=True)
    next_promise_minutes = models.PositiveIntegerField(null=True)
    greeting = models.CharField(max_length=200, blank=True)
    tone = models.CharField(max_length=200, blank=True)
    preferred_channel = models.CharField(max_length=20, blank=True)
    limit_an_act = models.BigIntegerField(null=True)
    limit_a_month = models.BigIntegerField(null=True)
    to_do = models.TextField(blank=True)
    not_to_do = models.TextField(blank=True)
    created_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A customer who belongs to a segment now."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"
