"""Leases: one process at a time, and another one soon after the first has died."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from dangol.kernel.models import Lease
from dangol.kernel.processes import is_gone


def take_lease(name: str, *, holder: str, seconds: float, at: datetime) -> bool:
    """True when `holder` has the lease for at least half of the seconds from `at`.

    It is taken when it was free, had run out, or its holder died here; one's own is renewed before it runs low.
    """
    until = at + timedelta(seconds=seconds)
    # A loop asks several times a second: most of these must not write.
    if Lease.objects.filter(name=name, holder=holder, until__gt=at + timedelta(seconds=seconds / 2)).exists():
        return True
    free = Q(until__lte=at) | Q(holder=holder)
    if Lease.objects.filter(free, name=name).update(holder=holder, until=until):
        return True
    lease = Lease.objects.filter(name=name).first()
    if lease is not None:
        if not is_gone(lease.holder):  # who was killed here need not be waited for
            return False
        taken = Lease.objects.filter(name=name, holder=lease.holder, until=lease.until)
        return bool(taken.update(holder=holder, until=until))
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:
        return False
    return True


def keep_lease(name: str, *, holder: str, seconds: float, at: datetime) -> bool:
    """Renew a lease that `holder` has; False, and nothing is taken, when it has it no more.

    One that ran out and that nobody took meanwhile is kept: a machine that slept goes on.
    """
    until = at + timedelta(seconds=seconds)
    if Lease.objects.filter(name=name, holder=holder, until__gt=at + timedelta(seconds=seconds / 2)).exists():
        return True
    return bool(Lease.objects.filter(name=name, holder=holder).update(until=until))


def give_back_lease(name: str, *, holder: str) -> None:
    """Let the next one have it at once."""
    Lease.objects.filter(name=name, holder=holder).delete()
