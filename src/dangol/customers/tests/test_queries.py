import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dangol.customers.commands.recognition import recognise_customers
from dangol.customers.models import Customer, Identity
from dangol.customers.queries import ids_of_person, living_customer, names_of, rows_of_people
from dangol.kernel.errors import Gone
from dangol.search import index
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


def person(name: str, into: Customer | None = None) -> Customer:
    return Customer.objects.create(name=name, created_at=NOON, merged_into=into)


def test_a_merged_row_is_the_person_it_became_however_often():
    sora = person("Sora")
    middle = person("S. Kim", sora)
    first = person("Kim", middle)
    assert living_customer(first.pk) == sora
    assert living_customer(sora.pk) == sora
    assert ids_of_person(sora) == [sora.pk, middle.pk, first.pk]


def test_others_stay_others():
    sora, james = person("Sora"), person("James")
    person("J. Lee", james)
    assert ids_of_person(sora) == [sora.pk]


def test_rows_that_point_at_each_other_end_somewhere():
    one = person("One")
    two = person("Two", one)
    Customer.objects.filter(pk=one.pk).update(merged_into=two)
    assert living_customer(one.pk).pk in {one.pk, two.pk}
    assert sorted(ids_of_person(one)) == [one.pk, two.pk]


def test_nobody_is_gone():
    with pytest.raises(Gone):
        living_customer(987654)


def test_whoever_has_no_name_goes_by_the_first_address(django_assert_num_queries):
    sora, nameless, empty = person("Sora"), person(""), person("")
    for address in ("first@example.com", "second@example.com"):
        Identity.objects.create(kind="email", address=address, customer=nameless, created_at=NOON)
    with django_assert_num_queries(1):
        names = names_of([sora, nameless, empty])
    assert names == {sora.pk: "Sora", nameless.pk: "first@example.com", empty.pk: f"#{empty.pk}"}


def test_all_rows_of_people_lead_to_the_living_ones_in_one_query(django_assert_num_queries):
    sora, james = person("Sora"), person("James")
    middle = person("S. Kim", sora)
    first = person("Kim", middle)
    with django_assert_num_queries(1):
        assert rows_of_people([sora.pk, james.pk]) == {
            sora.pk: sora.pk,
            middle.pk: sora.pk,
            first.pk: sora.pk,
            james.pk: james.pk,
        }
    assert rows_of_people([]) == {}


def test_many_without_a_name_get_theirs_in_as_many_queries_as_one(django_assert_num_queries):
    parties = [(f"{number}@example.com", f"Name {number}") for number in range(20)]
    recognise_customers(kind="email", parties=[(address, None) for address, _ in parties], at=NOON)
    with CaptureQueriesContext(connection) as one:
        recognise_customers(kind="email", parties=parties[:1], at=NOON)
    with django_assert_num_queries(len(one)):
        recognise_customers(kind="email", parties=parties, at=NOON)
    assert not Customer.objects.filter(name="").exists()
    assert len(index.find_in_time("customer", "name", limit=50).ids) == 20
