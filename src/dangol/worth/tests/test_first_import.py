"""A file of orders brought in before anybody set up the desk: its money and its clock are the business's then."""

import json
import re

import pytest
from click.testing import CliRunner
from django.urls import reverse

from dangol import running
from dangol.business.models import Business
from dangol.cli import main
from dangol.kernel import clock
from dangol.orders import command_line
from dangol.orders.models import Order
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
FILE = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
701,B1,MOON BURGER,2,2011-11-01 08:26:00,2.5,9001,United Kingdom
702,B1,MOON BURGER,1,2011-11-30 23:30:00,3.0,9002,United Kingdom
"""


@pytest.fixture
def run(monkeypatch, tmp_path):
    """`dangol …` in this database, with a file of orders at hand."""
    monkeypatch.setattr(running, "prepare", lambda **_how: None)
    monkeypatch.setattr(running, "set_up_without_changes", lambda: None)
    monkeypatch.setattr(command_line, "relax_durability", lambda: None)  # a test is one transaction
    monkeypatch.setattr(clock, "now", lambda: NOON)
    file = tmp_path / "orders.csv"
    file.write_text(FILE)
    return lambda *said: CliRunner().invoke(main, [str(file) if word == "FILE" else word for word in said])


def test_sales_are_right_at_once_and_the_first_visit_proposes_both(run, client):
    assert (
        run(
            "orders", "import", "FILE", "--currency", "GBP", "--timezone", "Europe/London", "--dry-run"
        ).exit_code
        == 0
    )
    assert not Order.objects.exists()
    assert not Business.objects.filter(currency="GBP").exists()
    done = run("orders", "import", "FILE", "--currency", "GBP", "--timezone", "Europe/London")
    assert (
        "Nobody has set up this desk yet: it counts in GBP and lives in Europe/London from now on."
        in done.output
    )
    said = json.loads(run("worth", "statement", "--month", "2011-11", "--json").output)
    assert (said["currency"], said["period"]["time_zone"]) == ("GBP", "Europe/London")
    assert (said["sales"]["amount"], said["sales"]["orders"]) == (800, 2)

    page = client.get(reverse("set_up_business"), headers={"host": "localhost"}).content.decode()
    assert re.search(r'value="GBP" selected', page)
    assert re.search(r'value="Europe/London"', page)

    again = run(
        "orders", "import", "FILE", "--currency", "EUR", "--timezone", "Europe/Paris", "--source", "Paris"
    )
    assert "Nobody has set up" not in again.output  # what was counted stays counted
    assert Business.objects.get().currency == "GBP"


def test_what_a_desk_that_nobody_has_set_up_counts_in_is_not_guessed(run):
    for more in ((), ("--dry-run",), ("--timezone", "Asia/Seoul")):
        refused = run("orders", "import", "FILE", *more)
        assert refused.exit_code != 0
        assert "Say with --currency which currency it is" in refused.output
    assert not Order.objects.exists()


def test_who_has_set_it_up_keeps_their_own_and_hears_of_orders_without_a_rate(run, moon_burger):
    run("orders", "import", "FILE", "--currency", "GBP", "--timezone", "Europe/London")
    business = Business.objects.get()
    assert (business.currency, business.time_zone) == ("KRW", "Asia/Seoul")
    said = json.loads(run("worth", "statement", "--month", "2011-11", "--json").output)
    assert (said["sales"]["amount"], said["sales"]["orders_without_rate"]) == (
        0,
        1,
    )  # one is of December in Seoul
