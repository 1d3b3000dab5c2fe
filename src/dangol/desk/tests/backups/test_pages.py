"""Backups as the owner sees, asks for and saves them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from dangol.desk.backups import making
from dangol.desk.backups.commands import (
    ask_for_backup,
    change_backup_plan,
)
from dangol.desk.backups.making import back_up_when_due
from dangol.desk.models import Backup
from dangol.desk.tests.backups.nights import EVENING, NIGHT
from dangol.desk.tests.reading import words_of
from dangol.kernel import clock
from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import AuditEntry
from dangol.transfer.backup import Progress

pytestmark = pytest.mark.django_db(transaction=True)  # a backup has a connection of its own


def test_how_far_it_is_can_be_seen_meanwhile(data, minji, monkeypatch, client):
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    seen: list[str] = []
    client.force_login(minji)
    real = making.back_up_to

    def slowly(path: Path, *, at: datetime, progress: Progress) -> Any:
        progress.begin(100)
        monkeypatch.setattr(making, "TELL_SECONDS", 0.0)
        progress.step(30)
        seen.append(client.get(reverse("backups")).content.decode())
        return real(path, at=at)

    monkeypatch.setattr(making, "back_up_to", slowly)
    back_up_when_due()
    assert 'value="30"' in seen[0]
    assert "A backup is being made" in words_of(seen[0])
    assert "The last backup" in words_of(client.get(reverse("backups")).content.decode())


def test_only_an_owner_may(dongsuk, hana, data):
    for person in (dongsuk, hana):
        with pytest.raises(NotAllowed):
            ask_for_backup(actor=person, at=EVENING)
        with pytest.raises(NotAllowed):
            change_backup_plan(actor=person, is_on=False, folder="", at=EVENING)


def test_a_backup_is_saved_by_who_has_just_signed_in_and_it_is_written_down(at, data, minji, client):
    at(NIGHT)
    row = Backup.objects.get()
    address = reverse("backup_file", args=[row.pk])
    minji.set_password("a long enough word")
    minji.save()
    client.force_login(minji)
    asked = client.get(address)
    assert asked.status_code == 302
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert not AuditEntry.objects.filter(act="hand_out_backup").exists()

    answered = client.post(asked["Location"], {"password": "a long enough word"})
    assert answered["Location"] == address
    answer = client.get(address)
    content = b"".join(answer.streaming_content)
    assert len(content) == row.bytes
    assert content == (data / "backups" / row.name).read_bytes()
    assert AuditEntry.objects.get(act="hand_out_backup").actor_id == minji.pk

    (data / "backups" / row.name).write_bytes(b"another")
    assert client.get(address).status_code == 404


def test_the_page_of_a_folder_that_is_away_says_so(at, data, tmp_path, minji, client):
    disk = tmp_path / "disk"
    disk.mkdir()
    change_backup_plan(actor=minji, is_on=True, folder=str(disk), at=EVENING)
    at(NIGHT)
    disk.rename(tmp_path / "unplugged")
    client.force_login(minji)
    words = words_of(client.get(reverse("backups")).content.decode())
    assert "The folder for backups is not there" in words
    assert "Kept backups" not in words


def test_one_is_saved_at_a_time(at, data, minji, client):
    at(NIGHT)
    address = reverse("backup_file", args=[Backup.objects.get().pk])
    minji.set_password("a long enough word")
    minji.save()
    client.force_login(minji)
    client.post(client.get(address)["Location"], {"password": "a long enough word"})
    first = client.get(address)
    assert first.status_code == 200
    second = client.get(address)
    assert second.status_code == 422
    assert "One is being saved already. Try again when it is through." in second.content.decode()
    first.close()
    third = client.get(address)
    assert b"".join(third.streaming_content)
    assert client.get(address).status_code == 200
    assert AuditEntry.objects.filter(act="hand_out_backup").count() == 3
