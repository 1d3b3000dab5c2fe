import uuid
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dangol.business import hours


class Business(models.Model):
    """The one that this installation serves. Exactly one row; `queries.current_business` reads it."""

    ONLY = 1

    class Step(models.TextChoices):
        """What the first visit asks next; empty when it is over."""

        BUSINESS = "business", _("Your business")
        OWNER = "owner", _("Your account")
        MAILBOX = "mailbox", _("Your first mailbox")

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    name = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2
    subdivision = models.CharField(
        max_length=8, blank=True
    )  # ISO 3166-2 behind the dash: it may rest on other days
    language = models.CharField(max_length=8, choices=settings.LANGUAGES, default="en")
    currency = models.CharField(max_length=3, default="USD")  # ISO 4217
    time_zone = models.CharField(max_length=64, default="UTC")  # IANA
    closes_on_holidays = models.BooleanField(default=True)
    set_up_step = models.CharField(max_length=10, choices=Step.choices, default=Step.BUSINESS, blank=True)
    set_up_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "businesses"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_business")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_set_up(self) -> bool:
        """Whether the first visit has been gone through, or its rest been skipped."""
        return self.set_up_at is not None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the business lives."""
        return ZoneInfo(self.time_zone)


class Place(models.Model):
    """A shop, a branch or a till of the business. One that is closed stays, for what was sold there."""

    name = models.CharField(max_length=80, unique=True)
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class ExchangeRate(models.Model):
    """What one unit of a foreign currency was worth in the business's own from a day on, as the owner said or imported.

    Never changed: what was converted by it keeps it. Units are the major ones: 1 USD is so many KRW.
    """

    currency = models.CharField(max_length=3)  # ISO 4217, the foreign one
    own_currency = models.CharField(max_length=3)
    rate_trillionths = models.BigIntegerField()  # 1,390.25 is 1390250000000000
    effective_from = models.DateField()
    source = models.CharField(max_length=80, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate_trillionths__gt=0), name="rate_above_nothing"),
        ]
        indexes = [
            models.Index(fields=["currency", "own_currency", "-effective_from", "-id"], name="rate_in_force")
        ]

    def __str__(self) -> str:
        return f"{self.currency} in {self.own_currency} from {self.effective_from}"


class OpeningCalendar(models.Model):
    """The opening hours from an instant on. A row is never changed: what was measured stays explainable.

    It holds all that is needed to read it; the public holidays are dates in it and need no library.
    """

    # Unlike an id it is never given twice, so that what is remembered about it cannot be another's.
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    effective_from = models.DateTimeField()
    zone = models.CharField(max_length=64)
    weekly = models.JSONField()  # Monday to Sunday: [[[540, 720], [780, 1080]], …]
    closed_days = models.JSONField(default=list)  # public holidays: [["2026-12-25", "Christmas Day"], …]
    special_days = models.JSONField(
        default=list
    )  # [["2026-12-24", "Christmas Eve", [[540, 720]]], …]; [] is closed
    holidays_until = models.PositiveSmallIntegerField(null=True)  # last year whose holidays are in it

    class Meta:
        indexes = [models.Index(fields=["-effective_from", "-id"], name="calendar_in_force")]

    def __str__(self) -> str:
        return f"opening hours from {self.effective_from.isoformat()}"

    @property
    def calendar(self) -> hours.Calendar:
        """The row as a value that can count."""
        return hours.Calendar(
            zone=self.zone,
            weekly=tuple(_spans(day) for day in self.weekly),
            closed_days=frozenset(date.fromisoformat(day) for day, _name in self.closed_days),
            special={date.fromisoformat(day): _spans(spans) for day, _name, spans in self.special_days},
        )


@lru_cache(maxsize=64)
def calendar_of(uid: uuid.UUID) -> hours.Calendar:
    """The calendar of the row; kept in the process, because rows never change and a calendar learns its years."""
    return OpeningCalendar.objects.get(uid=uid).calendar


def _spans(pairs: list[list[int]]) -> tuple[hours.Span, ...]:
    return tuple((start, end) for start, end in pairs)
