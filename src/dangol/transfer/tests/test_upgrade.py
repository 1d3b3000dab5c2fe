import shutil
from collections import namedtuple

import pytest
from django.db.migrations.loader import MigrationLoader

from dangol.kernel.models import AuditEntry
from dangol.transfer import upgrade
from dangol.transfer.states import state_of_this_version
from tests.parts.cast import NOON


@pytest.mark.django_db
def test_without_room_for_the_backup_nothing_is_upgraded(monkeypatch: pytest.MonkeyPatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**10, 10**10, 1_000_000))
    monkeypatch.setattr(upgrade, "migrate", lambda *_, **__: pytest.fail("it was migrated"))
    AuditEntry.objects.create(at=NOON, act="something", thing="thing")

    with pytest.raises(upgrade.NoRoom, match="Make room and start again"):
        upgrade._upgrade(lambda _: None)


def test_the_state_of_this_version_is_all_that_its_migrations_make():
    assert state_of_this_version() == sorted(MigrationLoader(None).disk_migrations)
