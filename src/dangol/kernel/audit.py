"""The record of administrative acts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dangol.kernel.models import AuditEntry

PUT_BACK_ACT: Final = "put_backup_back"
"""The act by which everything here became what it was before."""


def record_act(
    *,
    actor_id: int | None,
    at: datetime,
    act: str,
    thing: str,
    thing_id: int | None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> AuditEntry:
    """Write down who changed what, in the caller's transaction; only the values that differ are kept."""
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    return AuditEntry.objects.create(
        at=at,
        actor_id=actor_id,
        act=act,
        thing=thing,
        thing_id=thing_id,
        before={key: value for key, value in before.items() if key in changed},
        after={key: value for key, value in after.items() if key in changed},
    )
