from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from dangol.kernel.prepared import Prepared


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    AGENT = "agent", _("Agent")


class StaffManager(BaseUserManager["Staff"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Staff":
        """An account as libraries want to make it; people are made by staff.commands."""
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save()
        return person

    def get(self, *args: Any, **given: Any) -> "Staff":
        """As always; by number, as every request asks who is signed in, by a statement that is put together once."""
        if args or given.keys() != {"pk"} or not isinstance(given["pk"], int):
            return super().get(*args, **given)
        for person in _BY_NUMBER(pk=given["pk"]):
            return person  # type: ignore[no-any-return]
        raise self.model.DoesNotExist


class Staff(AbstractBaseUser):
    """A person who works here and signs in."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.AGENT)
    language = models.CharField(_("language"), max_length=5, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    signature = models.TextField(_("signature"), blank=True)
    wants_alarms = models.BooleanField(_("gets a mail when something needs mending"), default=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[StaffManager] = StaffManager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_owner(self) -> bool:
        """Whether this is an owner of the business."""
        return self.role == Role.OWNER

    def get_short_name(self) -> str:
        """The name to greet with."""
        return self.name


_BY_NUMBER = Prepared(lambda pk: Staff.objects.filter(pk=pk))


class Invitation(models.Model):
    """A seat kept for somebody: the mail carries the token, here is only its SHA-256."""

    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role.choices)
    language = models.CharField(max_length=5)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="invitations")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(Staff, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"
