"""What the owner sets about giving: who may give how much, the month's budget, and the price of an hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from dangol.goodwill.models import GivingLimit, GivingPolicy
from dangol.kernel.audit import record_act
from dangol.kernel.errors import Refused
from dangol.staff.models import Role, Staff
from dangol.staff.rights import demand


class LimitBelowNothing(Refused):
    """A limit, budget or rate that is negative."""

    message = _("An amount here is nothing or more. Leave it empty for no limit.")


@dataclass(frozen=True)
class Policy:
    """The settings of giving, in minor units of the business's own currency; None is without a limit.

    `limits` holds (an act, a customer and month) by role. Without an hourly rate no time is booked.
    """

    limits: Mapping[str, tuple[int | None, int | None]]
    budget_a_month: int | None
    hourly_rate: int | None
    reply_minutes: int
    most_reply_minutes: int


def change_giving(*, actor: Staff, policy: Policy, at: datetime) -> None:
    """Set all of it. What was given before stays as it was. Refused for an amount below nothing (LimitBelowNothing)."""
    demand(actor, "change_goodwill")
    amounts = [
        policy.budget_a_month,
        policy.hourly_rate,
        *(each for two in policy.limits.values() for each in two),
    ]
    if any(amount is not None and amount < 0 for amount in amounts):
        raise LimitBelowNothing
    with transaction.atomic():
        before = _plain()
        for role, (an_act, a_month) in policy.limits.items():
            GivingLimit.objects.update_or_create(
                role=Role(role), defaults={"an_act": an_act, "a_customer_a_month": a_month}
            )
        GivingPolicy.objects.update_or_create(
            pk=GivingPolicy.ONLY,
            defaults={
                "budget_a_month": policy.budget_a_month,
                "hourly_rate": policy.hourly_rate,
                "reply_minutes": policy.reply_minutes,
                "most_reply_minutes": policy.most_reply_minutes,
            },
        )
        record_act(
            actor_id=actor.pk, at=at, act="change_giving", thing="GivingPolicy", thing_id=GivingPolicy.ONLY,
            before=before, after=_plain(),
        )  # fmt: skip


def _plain() -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{row.role}_{name}": getattr(row, name)
        for row in GivingLimit.objects.all()
        for name in ("an_act", "a_customer_a_month")
    }
    return found | dict(GivingPolicy.objects.values().first() or {})
