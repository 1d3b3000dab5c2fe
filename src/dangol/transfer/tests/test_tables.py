import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from dangol.kernel.models import AuditEntry
from dangol.transfer.states import history_of, models_at, state_of
from dangol.transfer.tables import Table, carried_tables, empty, parts, put_back, tables_at
from tests.parts.cast import NOON
from tests.parts.installation import fill_every_table

HARD = ['a\\u0000"', "\\", "한글 \U0001f354", "\u2028\n", ""]


def audit() -> Table:
    (table,) = (each for each in carried_tables(apps) if each.model is AuditEntry)
    return table


def through_a_backup() -> AuditEntry:
    written = list(parts(audit(), "default"))
    empty([audit()], connection)
    assert not AuditEntry.objects.exists()
    assert [put_back(audit(), content, connection) for _, content in written] == [1]
    return AuditEntry.objects.get()


@pytest.mark.django_db
@pytest.mark.parametrize("hard", HARD)
def test_a_row_comes_back_as_it_was(hard: str):
    AuditEntry.objects.create(
        pk=7, at=NOON.replace(microsecond=1), act=hard, thing=hard, before={hard: [hard, None, 1.5]}
    )
    before = AuditEntry.objects.values().get()

    through_a_backup()

    assert AuditEntry.objects.values().get() == before


@pytest.mark.django_db
@pytest.mark.only_sqlite
def test_sqlite_keeps_what_postgresql_refuses():
    AuditEntry.objects.create(at=NOON, act="a\0b", thing="", before={"x": "a\0b \ud83c"})

    row = through_a_backup()

    assert row.act == "a\0b"
    assert row.before == {"x": "a\0b \ud83c"}


@pytest.mark.django_db
@pytest.mark.only_postgres
def test_postgresql_gets_the_sign_for_what_cannot_be_shown():
    content = (
        rb'[1,"2026-11-25T12:00:00+00:00",null,"a\u0000b","",null,{"x\u0000":["\ud83c","\ud83c\udf54"]},{}]'
    )

    assert put_back(audit(), content, connection) == 1

    row = AuditEntry.objects.get()
    assert row.act == "a\ufffdb"
    assert row.before == {"x\ufffd": ["\ufffd", "\U0001f354"]}


@pytest.mark.django_db
def test_every_table_is_carried_but_the_index_and_who_is_at_work():
    carried = {table.label for table in carried_tables(apps)}
    left = {model._meta.label_lower for model in apps.get_models(include_auto_created=True)} - carried
    assert {label for label in left if not label.startswith("search.")} == {
        "kernel.lease",
        "kernel.heartbeat",
    }
    assert "search.messagetext" in left


@pytest.mark.django_db
def test_at_this_version_todays_models_carry_what_those_of_the_history_would():
    loader = MigrationLoader(connection)
    state = state_of(loader)
    of_history = carried_tables(history_of(state, loader).apps)
    fill_every_table([apps.get_model(table.label) for table in of_history], using="default")

    of_today = tables_at(state, loader)

    assert [table.model for table in of_today] == [apps.get_model(table.label) for table in of_history]
    assert [table.columns for table in of_today] == [table.columns for table in of_history]
    for today, then in zip(of_today, of_history, strict=True):
        assert list(parts(today, "default")) == list(parts(then, "default")) != [], today.label
    assert models_at(state[:-1], loader) is not apps, "an older state has models of its own"
