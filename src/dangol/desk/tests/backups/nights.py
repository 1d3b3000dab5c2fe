"""When it is, and what there is then."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dangol.desk.alarms.checks import look
from dangol.desk.alarms.rules import Kind
from dangol.desk.models import BackupPlan
from dangol.kernel.models import Event

EVENING = datetime(2026, 11, 25, 12, tzinfo=UTC)  # nine in Seoul
NIGHT = datetime(2026, 11, 25, 18, tzinfo=UTC)  # three
DAY = timedelta(days=1)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def plan() -> BackupPlan:
    return BackupPlan.objects.get()


def happened() -> list[str]:
    return list(Event.objects.filter(name__startswith="Backup").order_by("id").values_list("name", flat=True))


def troubles(when: datetime) -> list[tuple[str, Any]]:
    return [(each.health, each.data["failure"]) for each in look(at=when) if each.kind is Kind.BACKUP]
