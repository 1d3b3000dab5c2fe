import pytest

from dangol.business.models import Business
from dangol.customers.commands import index_all_customers
from dangol.customers.commands.identities import add_identity, remove_identity, verify_identity
from dangol.customers.commands.profiles import (
    add_customer,
    add_customer_note,
    change_profile,
    remove_customer_note,
    set_tags,
)
from dangol.customers.errors import (
    AddressInUse,
    AddressKnown,
    AddressUnclear,
    Erased,
    NameMissing,
    NotABirthday,
    NothingWritten,
    UnknownZone,
)
from dangol.customers.models import Customer, CustomerNote, Identity, Merge
from dangol.customers.profile import tags_of
from dangol.customers.queries import ids_of_person, living_customer
from dangol.customers.tests.people import person
from dangol.kernel.models import Event
from dangol.search import index
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db


def events() -> list[tuple[str, dict]]:
    return list(Event.objects.order_by("id").values_list("name", "data"))


def test_a_change_is_kept_and_told_by_the_names_of_the_fields_alone(hana):
    sora = person("Sora", language="en")
    change_profile(
        actor=hana, customer=sora, at=NOON, name=" Sora Kim ", language="en", birth_month=2, birth_day=29
    )
    sora.refresh_from_db()
    assert (sora.name, sora.birth_month, sora.birth_day, sora.birth_year) == ("Sora Kim", 2, 29, None)
    assert events() == [("ProfileChanged", {"changed": ["name", "birth_month", "birth_day"]})]
    change_profile(actor=hana, customer=sora, at=NOON, name="Sora Kim")
    assert len(events()) == 1, "what was there already is no change"


def test_without_a_wish_the_name_follows_from_both_names(hana):
    sora = person("")
    changed = change_profile(actor=hana, customer=sora, at=NOON, family_name="김", given_name="소라")
    assert changed.name == "김소라"


@pytest.mark.parametrize(
    ("profile", "refusal"),
    [
        ({"birth_month": 2, "birth_day": 30}, NotABirthday),
        ({"birth_month": 2, "birth_day": 29, "birth_year": 2001}, NotABirthday),
        ({"birth_day": 3}, NotABirthday),
        ({"birth_year": 2027}, NotABirthday),
        ({"time_zone": "Asia/Nowhere"}, UnknownZone),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(hana, profile, refusal):
    sora = person("Sora")
    with pytest.raises(refusal):
        change_profile(actor=hana, customer=sora, at=NOON, name="Other", **profile)
    sora.refresh_from_db()
    assert sora.name == "Sora"
    assert events() == []


def test_nothing_is_kept_about_who_was_erased(hana):
    nobody = person("", erased_at=NOON)
    for act in (
        lambda: change_profile(actor=hana, customer=nobody, at=NOON, name="Sora"),
        lambda: add_customer_note(actor=hana, customer=nobody, text="x", at=NOON),
        lambda: set_tags(actor=hana, customer=nobody, names=["x"], at=NOON),
        lambda: add_identity(actor=hana, customer=nobody, kind="email", address="a@example.com", at=NOON),
    ):
        with pytest.raises(Erased):
            act()


def test_people_are_found_by_names_company_addresses_and_numbers(hana):
    made = add_customer(
        actor=hana,
        addresses=[("email", "Jihun@Example.kr"), ("phone", "010-1234-4471")],
        at=NOON,
        name="지훈",
        family_name="Park",
        given_name="Jihun",
        company="Blue Kitchen",
    )
    add_identity(actor=hana, customer=made, kind="number", address="17850", at=NOON)
    words = ("지훈", "park", "blue kit", "jihun@example.kr", "01012344471", "010-1234-4471", "17850")
    for word in words:
        assert index.find("customer", word, limit=5) == [made.pk], word
    index.remove("customer", [made.pk])
    index_all_customers()
    for word in words:
        assert index.find("customer", word, limit=5) == [made.pk], f"{word}, after the rebuild"


def test_somebody_new_needs_a_name_or_an_address(hana):
    with pytest.raises(NameMissing):
        add_customer(actor=hana, at=NOON, name=" ")
    assert not Customer.objects.exists()
    add_customer(actor=hana, at=NOON, addresses=[("phone", "+82 10 1234 4471")])
    identity = Identity.objects.get()
    assert (identity.address, identity.is_verified, identity.source) == ("01012344471", False, "hand")


def test_a_number_that_is_typed_without_its_first_0_is_the_one_with_it(hana):
    Business.objects.create(name="Moon Burger", country="KR")
    sora = person("Sora")
    typed = add_identity(actor=hana, customer=sora, kind="phone", address="10-1234-4471", at=NOON)
    assert (typed.address, typed.shown) == ("01012344471", "010-1234-4471")
    assert add_identity(actor=hana, customer=sora, kind="phone", address="010 1234 4471", at=NOON) == typed


def test_an_address_that_is_somebody_elses_is_refused_with_who_it_is(hana):
    sora, james = person("Sora", "sora@example.com"), person("James")
    with pytest.raises(AddressKnown) as refused:
        add_identity(actor=hana, customer=james, kind="email", address="SORA@example.com ", at=NOON)
    assert refused.value.customer_id == sora.pk
    again = add_identity(actor=hana, customer=sora, kind="email", address="sora@example.com", at=NOON)
    assert again.source == "message"
    assert events() == []


@pytest.mark.parametrize(
    ("kind", "address"), [("email", "sora"), ("phone", "12"), ("pigeon", "x"), ("email", " "), ("phone", "")]
)
def test_what_is_no_address_is_refused(hana, kind, address):
    with pytest.raises(AddressUnclear):
        add_identity(actor=hana, customer=person("Sora"), kind=kind, address=address, at=NOON)


def test_only_an_address_that_was_typed_in_is_taken_away(hana):
    sora = person("Sora", "sora@example.com")
    typed = add_identity(actor=hana, customer=sora, kind="phone", address="010 1234 4471", at=NOON)
    remove_identity(actor=hana, identity=typed, at=NOON)
    assert not index.find("customer", "01012344471", limit=1)
    with pytest.raises(AddressInUse):
        remove_identity(actor=hana, identity=Identity.objects.get(), at=NOON)


def test_a_note_comes_and_goes(hana):
    sora = person("Sora")
    note = add_customer_note(actor=hana, customer=sora, text=" Window seat ", at=NOON)
    assert (note.text, note.by) == ("Window seat", hana)
    with pytest.raises(NothingWritten):
        add_customer_note(actor=hana, customer=sora, text=" ", at=NOON)
    assert remove_customer_note(actor=hana, note=note, at=NOON).text == "Window seat"
    assert not CustomerNote.objects.exists()
    assert [name for name, _data in events()] == ["CustomerNoteAdded", "CustomerNoteRemoved"]


def test_exactly_these_tags_are_on_the_person_also_on_merged_rows(hana):
    sora = person("Sora")
    gone = person("S. Kim", merged_into=sora)
    set_tags(actor=hana, customer=sora, names=["office", "  office ", "", "nuts"], at=NOON)
    gone.tags.create(name="old")
    assert tags_of(ids_of_person(sora)) == ("nuts", "office", "old")
    assert set_tags(actor=hana, customer=gone, names=["nuts"], at=NOON) == ["nuts"]
    assert tags_of(ids_of_person(sora)) == ("nuts",)


def test_identities_join_by_themselves_only_where_all_is_proved():
    sora, james = person("Sora", "sora@example.com"), person("James", "james@example.com")
    verify_identity(customer=sora, kind="email", address="james@example.com", at=NOON)
    assert living_customer(james.pk) == james, "Sora's own address is not proved"
    verify_identity(customer=sora, kind="email", address="sora@example.com", at=NOON)
    Identity.objects.create(kind="phone", address="01012344471", customer=james, created_at=NOON)
    verify_identity(customer=sora, kind="email", address="james@example.com", at=NOON)
    assert living_customer(james.pk) == james, "the phone may be somebody else's"
    Identity.objects.filter(kind="phone").delete()
    verify_identity(customer=sora, kind="email", address="james@example.com", at=NOON)
    assert living_customer(james.pk) == sora
    assert Merge.objects.get().by is None
    new = verify_identity(customer=sora, kind="bluesky", address="sora.example", at=NOON)
    assert (new.is_verified, new.source) == (True, "platform")
