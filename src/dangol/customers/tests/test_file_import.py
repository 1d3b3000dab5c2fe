import contextlib
import json
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from dangol.business.models import Business
from dangol.customers import command_line
from dangol.customers.command_line import NothingTaken, import_file
from dangol.customers.commands import taking
from dangol.customers.commands.erasing import empty_person
from dangol.customers.commands.profiles import add_customer
from dangol.customers.file_import import PeopleImported, import_people, reading_of_people
from dangol.customers.file_people import Unfit, choose_people, propose_people, read_person
from dangol.customers.models import Consent, Customer, CustomerNote, ErasedAddress, Identity
from dangol.customers.queries import may_write
from dangol.customers.tests.people import person
from dangol.kernel import clock
from dangol.kernel.models import Event
from dangol.kernel.table_files import NoTable, TooLong, open_table
from dangol.search import index
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
HEADER = "Email,Phone,Customer ID,Name,Birthday,Tags,Note,Newsletter,Opt-in date,Consent text"
SORA = (
    'sora@example.com,010-1234-5678,17850.0,Sora Kim,1990-02-13,"gold, early",Likes it hot,'
    "yes,2026-03-01,I want news"
)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    # SQLite takes no such word within the transaction of a test.
    monkeypatch.setattr(command_line, "relax_durability", lambda: None)


def a_file(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "people.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def bring_in(path: Path, *, refused: list | None = None, **more) -> PeopleImported:
    options = {name: more.pop(name) for name in ("wording", "overwrites") if name in more}
    with open_table(path) as table:
        header = table.header
    reading = reading_of_people(header, {"columns": choose_people(header), "zone": "Asia/Seoul", **options})
    pieces = import_people(
        actor=None, path=path, reading=reading, source=path.name,
        refuse=lambda *each: refused.append(each) if refused is not None else None, **more,
    )  # fmt: skip
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value


def everything() -> dict[str, list]:
    return {
        "customers": list(Customer.objects.order_by("pk").values()),
        "identities": list(Identity.objects.order_by("pk").values()),
        "consents": list(Consent.objects.order_by("pk").values()),
        "notes": list(CustomerNote.objects.order_by("pk").values()),
        "tags": sorted(Customer.objects.values_list("pk", "tags__name")),
        "events": list(Event.objects.values_list("pk")),
    }


def test_a_row_becomes_a_customer_with_all_that_it_says(tmp_path):
    done = bring_in(a_file(tmp_path, SORA))
    assert (done.rows, done.taken.new, done.taken.consents, done.is_written) == (1, 1, 1, True)
    sora = Customer.objects.get()
    assert (sora.name, sora.birth_year, sora.birth_month, sora.birth_day) == ("Sora Kim", 1990, 2, 13)
    addresses = sora.identities.values_list("kind", "address", "source", "is_verified")
    assert sorted(addresses) == [
        ("email", "sora@example.com", "file", False),
        ("number", "17850", "file", False),
        ("phone", "01012345678", "file", False),
    ]
    assert sorted(sora.tags.values_list("name", flat=True)) == ["early", "gold"]
    assert sora.notes.get().text == "Likes it hot"
    consent = sora.consents.get()
    assert (consent.wording, consent.source) == ("I want news", "people.csv")
    assert consent.at == datetime(2026, 2, 28, 15, tzinfo=UTC), "midnight in Seoul"
    assert may_write(sora, "email", "news")
    assert index.find("customer", "5678", limit=2) == [sora.pk]
    assert set(Event.objects.values_list("name", "silent")) == {
        ("CustomerAdded", True), ("TagsChanged", True), ("ConsentRecorded", True),
    }  # fmt: skip


def test_again_is_the_same_as_once(tmp_path):
    path = a_file(tmp_path, SORA, "sora@example.com,,,Sora,,,,,,", "james@example.org,,,James,02-29,,,no,,")
    bring_in(path)
    before = everything()
    done = bring_in(path)
    assert (done.taken.new, done.taken.changed, done.taken.known) == (0, 0, 2)
    assert everything() == before


def test_what_is_known_stays_unless_the_file_shall_replace_it_and_a_blank_never_does(tmp_path):
    sora = person("Sora", "sora@example.com", company="Moon", birth_month=1, birth_day=2)
    header = "email,name,company,address,birthday"
    path = a_file(tmp_path, "SORA@example.com,Kim Sora,,1 Main Road,1990-03-04", header=header)
    bring_in(path)
    sora.refresh_from_db()
    assert (sora.name, sora.company, sora.address) == ("Sora", "Moon", "1 Main Road")
    assert (sora.birth_year, sora.birth_month, sora.birth_day) == (1990, 1, 2)
    bring_in(path, overwrites=True)
    sora.refresh_from_db()
    assert (sora.name, sora.company, sora.birth_month, sora.birth_day) == ("Kim Sora", "Moon", 3, 4)


@pytest.mark.parametrize(
    ("row", "wording", "is_kept"),
    [
        ("a@example.com,yes,2026-03-01,", "News by mail", True),
        ("a@example.com,예,2026. 3. 1.,", "News by mail", True),
        ("a@example.com,yes,2026-03-01,", "", False),
        ("a@example.com,yes,,I agree", "", False),
        ("a@example.com,yes,soon,I agree", "", False),
    ],
)
def test_a_yes_counts_only_with_its_day_and_its_words(tmp_path, row, wording, is_kept):
    done = bring_in(a_file(tmp_path, row, header="email,newsletter,consent date,wording"), wording=wording)
    assert (done.taken.consents, done.taken.unproved) == (int(is_kept), int(not is_kept))
    assert may_write(Customer.objects.get(), "email", "news") is is_kept


def test_a_day_that_is_none_proves_nothing_and_stops_no_file(tmp_path):
    header = "email,newsletter,consent date,wording"
    rows = ("a@example.com,yes,0001-01-01T00:00:00,News", "b@example.com,yes,2026-03-01,News")
    done = bring_in(a_file(tmp_path, *rows, header=header))
    assert (done.rows, done.taken.new, done.taken.consents, done.taken.unproved) == (2, 2, 1, 1)


def test_a_yes_of_a_day_to_come_does_not_overrule_the_no_of_today(tmp_path):
    header = "email,newsletter,consent date,wording"
    bring_in(a_file(tmp_path, "a@example.com,no,,", header=header))
    later = NOON + timedelta(days=1)
    done = bring_in(a_file(tmp_path, f"a@example.com,yes,{later:%Y-%m-%d},News", header=header))
    assert (done.taken.consents, done.taken.unproved) == (0, 1)
    assert not may_write(Customer.objects.get(), "email", "news")


def test_a_number_without_an_end_refuses_its_row_alone(tmp_path):
    rows = (f"a@example.com,{'9' * 5_000}", "b@example.com,1990")
    done = bring_in(a_file(tmp_path, *rows, header="email,birth year"))
    assert (done.refused, done.taken.new) == (Counter(too_long=1), 1)


def test_who_is_erased_while_a_row_is_waited_for_stays_erased(tmp_path, monkeypatch):
    sora = person("Sora", "sora@example.com")
    living_of, times = taking.living_of, []

    def erased_behind(ids):
        living = living_of(ids)
        if not times:
            empty_person(ids=[sora.pk], at=NOON)
        times.append(1)
        return living

    monkeypatch.setattr(taking, "living_of", erased_behind)
    done = bring_in(a_file(tmp_path, "sora@example.com,Moon", header="email,company"))
    assert (done.taken.new, done.refused) == (0, Counter(erased=1))
    sora.refresh_from_db()
    assert (sora.company, sora.identities.count()) == ("", 0)


def test_no_file_brings_back_who_was_erased_until_they_come_by_themselves(tmp_path, hana):
    sora = person("Sora", "sora@example.com")
    Identity.objects.create(kind="phone", address="01012345678", customer=sora, created_at=NOON)
    empty_person(ids=[sora.pk], at=NOON)
    path = a_file(tmp_path, "new@example.com,010-1234-5678,Sora", header="email,phone,name")
    refused: list = []
    done = bring_in(path, refused=refused)
    assert (done.taken.new, [each[:2] for each in refused]) == (0, [(2, "erased")])
    assert not bring_in(path, all_or_nothing=True).is_written
    assert not Identity.objects.exists()
    add_customer(actor=hana, addresses=[("phone", "010 1234 5678")], at=NOON)
    assert bring_in(path).taken.changed == 1
    kept = set(ErasedAddress.objects.values_list("digest", flat=True))
    assert len(kept) == 2
    assert all(len(each) == 64 and "sora" not in each for each in kept)


@pytest.mark.parametrize(
    ("cell", "country", "normal"),
    [
        ("1012345678", "KR", "01012345678"),
        ("1012345678.0", "KR", "01012345678"),
        ("10-1234-5678", "KR", "01012345678"),
        ("10.1234.5678", "KR", "01012345678"),
        ("2-312-3456", "KR", "023123456"),
        ("212-555-0100", "KR", "2125550100"),
        ("415-555-2671", "KR", "4155552671"),
        ("10-1234-5678", "US", "1012345678"),
        ("212345678", "KR", "0212345678"),
        ("311234567", "KR", "0311234567"),
        ("642123456", "KR", "0642123456"),
        ("70-1234-5678", "KR", "07012345678"),
        ("11 234 5678", "KR", "0112345678"),
        ("65 9123 4567", "KR", "6591234567"),
        ("6591234567", "KR", "6591234567"),
        ("64 212 3456", "KR", "642123456"),
        ("66 812 3456", "KR", "668123456"),
        ("668123456", "KR", "668123456"),
        ("49 171 2345", "KR", "491712345"),
        ("491712345", "KR", "491712345"),
        ("45 1234 5678", "KR", "4512345678"),
        ("31 612 3456", "KR", "316123456"),
        ("4155552671", "KR", "4155552671"),
        ("6491234567", "KR", "6491234567"),
        ("+82 10-1234-5678", "KR", "01012345678"),
        ("821012345678", "KR", "01012345678"),
        ("15881234", "KR", "15881234"),
        ("2123456", "KR", "2123456"),
        ("821012345678.0", "KR", "01012345678"),
        ("1012345678", "US", "1012345678"),
        ("12125550100.0", "US", "12125550100"),
    ],
)
def test_a_number_that_lost_its_first_0_in_a_spreadsheet_has_it_again(tmp_path, cell, country, normal):
    Business.objects.create(name="Moon Burger", country=country)
    bring_in(a_file(tmp_path, f"{cell},x", header="phone,name"))
    assert Identity.objects.get().address == normal


def test_who_is_known_by_a_number_is_known_by_it_without_its_0(tmp_path):
    Business.objects.create(name="Moon Burger", country="KR")
    bring_in(a_file(tmp_path, "010-1234-5678,Sora", header="phone,name"))
    book = Workbook()
    book.active.append(["phone", "company"])
    book.active.append([1012345678, "Moon"])
    book.save(tmp_path / "people.xlsx")
    bring_in(tmp_path / "people.xlsx")
    assert Customer.objects.get().company == "Moon"
    assert Identity.objects.get().shown == "010-1234-5678"


def test_a_no_from_before_a_yes_is_history_and_one_of_the_same_instant_counts(tmp_path):
    header = "email,newsletter,consent date,wording"
    bring_in(a_file(tmp_path, "a@example.com,yes,2026-03-01,News", header=header))
    earlier = a_file(tmp_path, "a@example.com,no,2026-01-01,", header=header)
    assert [bring_in(earlier).taken.consents for _time in range(2)] == [1, 0]
    said = Consent.objects.order_by("at").values_list("is_given", flat=True)
    assert list(said) == [False, True]
    assert may_write(Customer.objects.get(), "email", "news")
    bring_in(a_file(tmp_path, "a@example.com,no,2026-03-01,", header=header))
    assert not may_write(Customer.objects.get(), "email", "news")
    bring_in(a_file(tmp_path, "a@example.com,yes,2026-03-01,News", header=header))
    assert not may_write(Customer.objects.get(), "email", "news")


def test_all_that_one_person_says_in_one_file_is_kept(tmp_path):
    header = "email,newsletter,consent date,wording"
    rows = (
        "a@example.com,no,2026-01-01,",
        "a@example.com,yes,2026-02-01,News",
        "a@example.com,no,2026-03-01,",
    )
    path = a_file(tmp_path, *rows, header=header)
    assert [bring_in(path).taken.consents for _time in range(2)] == [3, 0]
    assert not may_write(Customer.objects.get(), "email", "news")


def test_a_no_counts_without_and_no_old_yes_overrules_what_was_said_since(tmp_path):
    header = "email,newsletter,consent date,wording"
    bring_in(a_file(tmp_path, "a@example.com,no,,", header=header))
    assert not may_write(Customer.objects.get(), "email", "news")
    bring_in(a_file(tmp_path, "a@example.com,yes,2026-01-01,News", header=header))
    assert not may_write(Customer.objects.get(), "email", "news")
    assert Consent.objects.count() == 1


def test_nobody_is_joined_by_a_file_and_a_row_that_names_two_is_refused(tmp_path):
    person("Sora", "sora@example.com")
    person("James", "james@example.org")
    refused: list = []
    path = a_file(
        tmp_path, "sora@example.com,james@example.org", "sora@example.com,", header="email,customer id"
    )
    Identity.objects.filter(address="james@example.org").update(kind="number")
    done = bring_in(path, refused=refused)
    assert refused == [(2, "two_people", ["sora@example.com", "james@example.org"])]
    assert (done.refused, done.taken.known) == (Counter({"two_people": 1}), 1)
    assert Customer.objects.count() == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",,,Nobody,,,,,,", "no_address"),
        ("sora,,,,,,,,,", "email_unclear"),
        (",12,,,,,,,,", "phone_unclear"),
        ("a@b.example,,,,soon,,,,,", "birthday_unclear"),
        ("a@b.example,,,,1990-02-30,,,,,", "not_a_birthday"),
        ("a@b.example,,,,,,,perhaps,,", "consent_unclear"),
        (f"a@b.example,,,{'x' * 201},,,,,,", "too_long"),
        ("a@b.example,,,,,,,,,,more", "too_many_cells"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(tmp_path, row, reason):
    refused: list = []
    done = bring_in(a_file(tmp_path, row, SORA), refused=refused)
    assert [each[:2] for each in refused] == [(2, reason)]
    assert done.taken.new == 1


def test_all_or_nothing_writes_nothing_and_a_dry_run_neither(tmp_path):
    path = a_file(tmp_path, SORA, "nobody,,,,,,,,,")
    before = everything()
    assert not bring_in(path, all_or_nothing=True).is_written
    person("Sora", "sora@example.com")
    person("James", "01012345678")
    Identity.objects.filter(address="01012345678").update(kind="phone")
    before = everything()
    assert bring_in(a_file(tmp_path, SORA), all_or_nothing=True).refused == Counter({"two_people": 1})
    looked = bring_in(a_file(tmp_path, "x@example.com,,,X,,,,,,", "X@example.com,,,X,,,,,,"), writes=False)
    assert (looked.taken.new, looked.is_written) == (1, False)
    assert everything() == before
    assert bring_in(a_file(tmp_path, "x@example.com,,,X,,,,,,"), all_or_nothing=True).is_written


def test_two_thousand_rows_take_as_many_queries_as_five_hundred_four_times(
    tmp_path, django_assert_max_num_queries
):
    lines = [f"c{n}@example.com,,{n},Customer {n},,gold,,,," for n in range(1_000)]
    with django_assert_max_num_queries(80):
        assert bring_in(a_file(tmp_path, *lines)).taken.new == 1_000


def test_a_workbook_is_read_like_a_table(tmp_path):
    book = Workbook()
    book.active.append(["이메일", "고객번호", "이름", "생년월일", "마케팅 수신동의", "동의일시", "동의문구"])
    said = NOON.replace(tzinfo=None)
    born = datetime(1990, 2, 13)
    book.active.append(["sora@example.com", 17850, "김소라", born, "동의", said, "소식을 받겠습니다"])
    book.active.append([])
    book.active.append(["james@example.org", 17851.0, "=1+1", None, None, None, None])
    book.save(tmp_path / "people.xlsx")
    done = bring_in(tmp_path / "people.xlsx")
    assert (done.rows, done.taken.new, done.refused) == (2, 2, Counter())
    sora = Customer.objects.get(name="김소라")
    assert (sora.birth_year, sora.birth_month, sora.birth_day) == (1990, 2, 13)
    assert sora.identities.filter(kind="number", address="17850").exists()
    assert sora.consents.get().is_given


def test_no_workbook_is_a_table_and_a_bomb_is_too_long(tmp_path):
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(NoTable), open_table(path):
        pass
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", "<x/>" + " " * 10_000_000)
    with pytest.raises(TooLong), open_table(path):
        pass


def test_columns_are_recognised_in_english_and_korean():
    assert propose_people(["First Name", "Last Name", "E-mail", "Accepts Email Marketing", "Zip"]) == {
        "given_name": 0, "family_name": 1, "email": 2, "consent": 3,
    }  # fmt: skip
    assert propose_people(["고객명", "휴대폰", "회원등급", "생일"]) == {
        "name": 0, "phone": 1, "tags": 2, "birthday": 3,
    }  # fmt: skip


@given(st.lists(st.text(max_size=30), min_size=10, max_size=11))
def test_no_row_breaks_the_reading(row):
    header = HEADER.split(",")
    reading = reading_of_people(header, {"columns": choose_people(header), "zone": "Asia/Seoul"})
    with contextlib.suppress(Unfit):
        read_person(row, reading, width=10, today=NOON.date())


def test_the_command_says_what_became_of_the_file_and_writes_refused_rows(tmp_path, capsys):
    path = a_file(tmp_path, SORA, "=cmd(),,,Bad,,,,,,")
    options = {
        "columns": ["note="], "wording": "", "timezone": "Asia/Seoul", "overwrites": False,
        "all_or_nothing": False, "dry_run": False, "as_json": True,
    }  # fmt: skip
    import_file(path, refused=tmp_path / "refused.csv", **options)
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["new"], report["refused"]) == (2, 1, {"email_unclear": 1})
    assert not CustomerNote.objects.exists()
    kept = (tmp_path / "refused.csv").read_text("utf-8-sig").splitlines()
    assert kept[1].startswith("'=cmd(),")
    assert kept[1].endswith("3,This is no e-mail address.")
    with pytest.raises(NothingTaken):
        import_file(tmp_path / "refused.csv", refused=None, **options)
