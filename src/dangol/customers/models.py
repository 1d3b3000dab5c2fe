import uuid

from django.db import models


class Customer(models.Model):
    """A person served. A merged one keeps its row and points to the one it became."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=5, blank=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    @property
    def shown_name(self) -> str:
        """The name; where there is none, the first address."""
        if self.name:
            return self.name
        identity = next(iter(self.identities.all()), None)
        return identity.address if identity else f"#{self.pk}"


class Identity(models.Model):
    """An address of a person on a kind of channel, normalised. The same address is the same identity."""

    kind = models.CharField(max_length=20)
    address = models.CharField(max_length=320)
    shown = models.CharField(max_length=320, blank=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    is_verified = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "address"], name="one_identity_an_address")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_mail(self) -> bool:
        """Whether mail can be written to it."""
        return self.kind == "email"
