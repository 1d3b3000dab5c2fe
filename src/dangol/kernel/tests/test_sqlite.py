import sqlite3

import pytest
from django.db import connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from hypothesis import example, given
from hypothesis import strategies as st

from dangol.kernel.sqlite import LONGEST, Cursor


@given(st.lists(st.sampled_from(["%s", "%%", "%%s", "%", "a", "?", "'", "가", " "])).map("".join))
@example("SELECT '%%s' = %s")
@example("%s " * LONGEST)
def test_a_statement_is_written_as_django_writes_it(statement):
    cursor = sqlite3.connect(":memory:").cursor(factory=Cursor)
    usual = SQLiteCursorWrapper.convert_query(cursor, statement)

    assert cursor.convert_query(statement) == usual
    assert cursor.convert_query(statement) == usual


@pytest.mark.only_sqlite
@pytest.mark.django_db
def test_values_go_in_by_place_and_by_name():
    with connection.cursor() as cursor:
        for number in (1, 2):
            cursor.execute("SELECT %s, '100%%s'", [number])
            assert cursor.fetchone() == (number, "100%s")
        cursor.execute("SELECT %(a)s, %(b)s, '%%'", {"a": 1, "b": 2})
        assert cursor.fetchone() == (1, 2, "%")
        assert isinstance(cursor.cursor, Cursor)
