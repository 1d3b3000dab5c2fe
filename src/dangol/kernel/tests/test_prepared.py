from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import NotSupportedError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dangol.kernel.db import as_instant, read_rows
from dangol.kernel.models import Event
from dangol.kernel.prepared import LONGEST, Prepared

AT = datetime(2026, 11, 21, 3, 45, tzinfo=UTC)


def make_events() -> None:
    Event.objects.bulk_create(
        Event(
            name="Odd" if n % 2 else "Even",
            happened_at=AT + timedelta(minutes=n),
            recorded_at=AT,
            customer_id=n,
            data={"n": n},
        )
        for n in range(1, 21)
    )


of_customers = Prepared(
    lambda name, ids: Event.objects.filter(customer_id__in=ids, name=name).order_by("customer_id")[:50]
)
of_customer = Prepared(
    lambda customer: Event.objects.filter(customer_id=customer).values_list("data", "happened_at")
)


@pytest.mark.django_db
def test_the_rows_are_those_of_the_query_itself(django_assert_num_queries):
    make_events()

    for ids, name in [
        ((1, 2, 3), "Odd"),
        ((4, 5, 6), "Odd"),
        ((4, 5, 6), "Even"),
        ((20,), "Even"),
        ((99,), "Odd"),
    ]:
        usual = list(Event.objects.filter(customer_id__in=ids, name=name).order_by("customer_id"))
        with django_assert_num_queries(1):
            found = of_customers(name=name, ids=ids)
        assert found == usual
        assert [row.data for row in found] == [row.data for row in usual]
        assert [row.happened_at for row in found] == [row.happened_at for row in usual]
    assert of_customer(customer=7) == [({"n": 7}, AT + timedelta(minutes=7))]


@pytest.mark.django_db
def test_what_was_written_in_between_is_read():
    make_events()
    before = of_customer(customer=1)
    Event.objects.create(name="Odd", happened_at=AT, recorded_at=AT, customer_id=1, data={})

    assert len(of_customer(customer=1)) == len(before) + 1


@pytest.mark.django_db
def test_a_list_may_be_empty_or_long():
    make_events()

    assert of_customers(name="Odd", ids=()) == []
    long = of_customers(name="Odd", ids=tuple(range(1, LONGEST + 9)))
    assert [row.customer_id for row in long] == list(range(1, 21, 2))


@pytest.mark.django_db
def test_lists_of_many_lengths_are_few_statements():
    make_events()
    rows = Prepared(lambda ids: Event.objects.filter(customer_id__in=ids).order_by("id"))

    with CaptureQueriesContext(connection) as asked:
        for length in range(9, 17):
            assert [row.customer_id for row in rows(ids=tuple(range(1, length + 1)))] == list(
                range(1, length + 1)
            )
    assert {query["sql"].count(",") for query in asked} == {asked[-1]["sql"].count(",")}


@pytest.mark.django_db
@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**40])
def test_a_number_that_no_database_holds_finds_nothing(number):
    assert of_customer(customer=number) == []


@pytest.mark.django_db
def test_a_value_that_the_statement_does_not_hold_is_a_mistake():
    most = Prepared(lambda most: Event.objects.order_by("id")[: abs(most)])

    with pytest.raises(ValueError, match="as it is"):
        most(most=3)


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_mix_what_they_ask():
    make_events()
    begin = Barrier(4)

    def ask(customer: int) -> set[int]:
        begin.wait(timeout=30)
        try:
            return {row["n"] for _ in range(100) for row, _at in of_customer(customer=customer)}
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(1, 5))) == [{1}, {2}, {3}, {4}]


@pytest.mark.django_db
def test_rows_of_plain_values_are_had_as_the_database_keeps_them():
    make_events()
    numbers = Prepared(
        lambda ids: (
            Event.objects.filter(customer_id__in=ids).order_by("id").values_list("customer_id", "happened_at")
        )
    )

    for ids in [(3, 4), tuple(range(1, LONGEST + 9))]:
        found = numbers.as_kept(ids=ids)
        assert [(customer, as_instant(at)) for customer, at in found] == numbers(ids=ids)
    assert numbers.as_kept(ids=()) == []
    assert of_customer.as_kept(customer=2**63) == []


@pytest.mark.only_postgres
@pytest.mark.django_db
def test_the_server_keeps_a_statement_and_not_the_values():
    make_events()
    for customer in range(1, 9):
        assert of_customer(customer=customer) == [({"n": customer}, AT + timedelta(minutes=customer))]
    assert len(kept_by_the_server('"data"', '"customer_id" = $1')) == 1


@pytest.mark.only_postgres
@pytest.mark.django_db
def test_each_time_is_planned_for_its_own_values():
    """A plan for the usual customer takes fifty times as long for one with years of mail."""
    make_events()
    for customer in range(1, 13):
        of_customer(customer=customer)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements"
            """ WHERE statement LIKE '%"data"%"customer_id" = $1%'"""
        )
        assert cursor.fetchall() == [(12, 0)]


@pytest.mark.only_postgres
@pytest.mark.django_db
def test_numbers_of_any_width_are_one_statement():
    rows = Prepared(lambda pk, ids: Event.objects.filter(pk=pk, id__in=ids).values_list("name"))
    for few, many in [(5, 40_000), (40_000, 5), (5, 2**40), (6, 5)]:
        assert rows(pk=few, ids=(few, many, few)) == []
    assert len(kept_by_the_server('"kernel_event"."id" = $', '"id" IN ($')) == 1


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_tables_that_another_process_changes_are_read_as_they_are_then():
    make_events()
    before = of_customers(name="Odd", ids=(1, 2, 3))
    for change in (
        "ALTER TABLE kernel_event ADD COLUMN of_the_next_version integer NOT NULL DEFAULT 7",
        "ALTER TABLE kernel_event DROP COLUMN of_the_next_version",
        "CREATE INDEX of_the_next_version ON kernel_event (customer_id, name)",
        "DROP INDEX of_the_next_version",
        "DELETE FROM kernel_event",
    ):
        with closing(connection.copy()) as another, another.cursor() as cursor:
            cursor.execute(change)
        assert of_customers(name="Odd", ids=(1, 2, 3)) == ([] if "DELETE" in change else before)


def widen(type_of_name: str) -> None:
    with closing(connection.copy()) as another, another.cursor() as cursor:
        cursor.execute(f"ALTER TABLE kernel_event ALTER COLUMN name TYPE {type_of_name}")


@pytest.fixture
def name_type() -> Iterator[str]:
    """Of the column, which is given back to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 'kernel_event'::regclass AND attname = 'name'"
        )
        (before,) = cursor.fetchone()
    yield before
    widen(before)


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_a_column_that_another_process_widens_is_read_on(name_type):
    make_events()
    statement = "SELECT name FROM kernel_event WHERE customer_id = %s"
    names = Prepared(lambda customer: Event.objects.filter(customer_id=customer).values_list("name"))
    for each in (name_type, "varchar(300)", name_type):
        widen(each)
        for _ in range(2):
            assert names(customer=7) == [("Odd",)]
            assert read_rows(statement, [7], is_usual=True) == [("Odd",)]
    assert len(kept_by_the_server('"name"', '"customer_id" = $1')) == 1


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_meets_a_widened_column_fails_and_the_next_does_not(name_type):
    make_events()
    names = Prepared(lambda customer: Event.objects.filter(customer_id=customer).values_list("name"))
    assert names(customer=7) == [("Odd",)]
    widen("varchar(300)")
    with pytest.raises(NotSupportedError), transaction.atomic():
        names(customer=7)
    with transaction.atomic():
        assert names(customer=7) == [("Odd",)]


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_taken_back_takes_no_statement_along():
    make_events()
    with transaction.atomic():
        Event.objects.all().delete()
        assert of_customer(customer=7) == []
        transaction.set_rollback(True)
    assert len(of_customer(customer=7)) == 1


@pytest.mark.only_postgres
@pytest.mark.django_db
def test_the_driver_remembers_no_other_statement_with_what_stands_in_it():
    make_events()
    assert len(of_customer(customer=7)) == 1
    assert Event.objects.filter(name="Even").count() == 10
    remembered = connection.connection._prepared
    assert remembered._names
    assert not remembered._counts


def kept_by_the_server(*words: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [said for (said,) in cursor.fetchall() if all(word in said for word in words)]


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_statements_are_not_compiled_first():
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
