import json

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from dangol.desk.alarms import machine
from dangol.desk.alarms.checks import look
from dangol.desk.alarms.words import say
from dangol.desk.doctor import examine, print_findings
from dangol.desk.work_words import LOOPS
from dangol.kernel import clock
from dangol.kernel.models import Heartbeat
from tests.parts.cast import NOON


@pytest.fixture(autouse=True)
def _at_work(mailbox, monkeypatch, request):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(10**12, None))
    Heartbeat.objects.bulk_create([Heartbeat(name=name, beat_at=NOON) for name in LOOPS])


def test_where_all_is_well_it_says_so_of_each_and_ends_with_0(capsys):
    found = examine(servers=False)
    assert {finding.health for finding in found} == {"good"}
    assert {"Database", "Disk", "Clock", "Work"} <= {finding.area for finding in found}
    assert print_findings(found, as_json=False) == 0
    assert "ok    Work: All loops are running." in capsys.readouterr().out


def test_it_says_the_very_alarms_and_ends_with_1(monkeypatch, capsys):
    monkeypatch.setattr(machine, "room_at", lambda folder: machine.Room(90 * 1024**2, None))
    Heartbeat.objects.filter(name="intake").delete()
    Heartbeat.objects.create(name="intake", beat_at=NOON.replace(hour=1))
    found = examine(servers=False)
    bad = [finding for finding in found if finding.health == "bad"]
    assert [finding.area for finding in bad] == ["Disk", "Work"]
    with timezone.override("Asia/Seoul"):
        said = say(look(at=NOON))
    assert [finding.sentence for finding in bad] == [f"{each.title}. {each.detail}" for each in said]
    assert "Disk" not in {finding.area for finding in found if finding.health == "good"}
    assert print_findings(found, as_json=True) == 1
    assert json.loads(capsys.readouterr().out)[-1]["area"]


@pytest.mark.django_db
def test_a_database_of_a_newer_version_is_named_with_what_to_do_and_nothing_else_is_asked(settings):
    MigrationRecorder(connection).record_applied("inbox", "9999_novelty")
    (found,) = examine(servers=False)
    assert (found.area, found.health) == ("Database", "bad")
    assert found.sentence == f"It was made by a newer version than this one, {settings.DANGOL_VERSION}."
    assert found.advice == "Install the newer version and start that. Nothing was changed."
