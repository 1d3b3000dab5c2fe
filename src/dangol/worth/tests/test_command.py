import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from dangol import running
from dangol.business.models import Place
from dangol.cli import main
from dangol.goodwill.models import Cause
from tests.parts.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

LAST_MONTH = NOON - timedelta(days=30)


@pytest.fixture
def run(monkeypatch):
    """`dangol worth statement …` in this database."""
    monkeypatch.setattr(running, "set_up_without_changes", lambda: None)
    return lambda *said: CliRunner().invoke(main, ["worth", "statement", *said])


@pytest.fixture(autouse=True)
def _ledger(enter, sell):
    phone = Cause.objects.create(name="The phone")
    hongdae = Place.objects.create(name="Hongdae")
    enter("redo", 9000, place=hongdae, at=LAST_MONTH)
    enter("refund", 3000, cause=phone, at=LAST_MONTH)
    enter("staff_time", low=1000, middle=2000, high=4000, cost_class="internal_failure", at=LAST_MONTH)
    enter("refund", 5, currency="USD", at=LAST_MONTH)
    enter("redo", 100, at=LAST_MONTH - timedelta(days=30))
    sell(600_000, at=LAST_MONTH)
    sell(None, at=LAST_MONTH)


def test_the_object_of_json_is_the_documented_one(run):
    said = json.loads(run("--month", "2026-10", "--json").output)
    nothing = {"booked": 0, "entries": 0, "estimated": None}
    assert said["period"] == {"first_day": "2026-10-01", "last_day": "2026-10-31", "time_zone": "Asia/Seoul"}
    assert said["before"]["first_day"] == "2026-09-01"
    assert (said["currency"], said["minor_digits"], said["place"], said["segment"]) == ("KRW", 0, None, None)
    assert said["sales"] == {
        "amount": 600_000, "orders": 2, "orders_without_rate": 1, "orders_cancelled": 0, "other_currencies": [],
        "before": {
            "amount": 0, "orders": 0, "orders_without_rate": 0, "orders_cancelled": 0, "other_currencies": [],
        },
    }  # fmt: skip
    poor = said["poor_service"]
    estimate = {"low": 1000, "middle": 2000, "high": 4000, "entries": 1}
    assert (poor["booked"], poor["entries"], poor["estimated"]) == (12_000, 2, estimate)
    assert (poor["booked_per_order"], poor["booked_share_of_sales"]) == (6000, 0.02)
    assert poor["before"] == {
        "booked": 100, "entries": 1, "estimated": None, "booked_per_order": None, "booked_share_of_sales": None,
    }  # fmt: skip
    assert [
        (line["kind"], line["booked"], line["share"], line["cumulative_share"]) for line in poor["by_kind"]
    ] == [
        ("redo", 9000, 0.75, 0.75),
        ("refund", 3000, 0.25, 1.0),
        ("staff_time", 0, 0.0, 1.0),
    ]
    assert [(line["name"], line["booked"]) for line in poor["by_cause"]] == [
        (None, 9000),
        ("The phone", 3000),
    ]
    assert {name: said["goodwill"][name] for name in nothing} == nothing
    assert said["other_currencies"] == [{"currency": "USD", "booked": 5, "entries": 1, "estimated": None}]


def test_for_people_it_is_a_table(run):
    said = run("--month", "2026-10").output
    assert "₩12,000, and ₩1,000–₩4,000 estimated (before ₩100)" in said
    assert "2.0\u00a0% of sales, ₩6,000 an order" in said
    assert "The phone" in said
    assert "Estimates stand in no booked sum." in said


def test_a_place_narrows_it_and_an_unknown_one_is_refused(run):
    assert (
        json.loads(run("--month", "2026-10", "--place", "Hongdae", "--json").output)["poor_service"]["booked"]
        == 9000
    )
    refused = run("--place", "Gangnam")
    assert refused.exit_code == 1
    assert "There is no place called Gangnam. There is: Hongdae." in refused.output


@pytest.mark.parametrize("said", [["--month", "2026-13"], ["--month", "2027-01"], ["--from", "yesterday"]])
def test_what_is_no_day_is_refused(run, said):
    refused = run(*said)
    assert refused.exit_code == 1
    assert "Write it like 2026-10" in refused.output
