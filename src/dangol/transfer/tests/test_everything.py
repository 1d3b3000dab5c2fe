import csv
import io
import zipfile

import pytest

from dangol.goodwill.models import Entry
from dangol.transfer.everything import SHEETS, everything
from tests.parts.planted import ADDRESS, NAME, WORDS, plant

pytestmark = pytest.mark.django_db


def test_all_of_it_comes_as_tables_that_no_spreadsheet_runs():
    person = plant()
    person.notes.update(text="=HYPERLINK(1)")
    found = zipfile.ZipFile(io.BytesIO(b"".join(everything())))
    assert found.testzip() is None
    assert found.namelist() == [f"{sheet.name}.csv" for sheet in SHEETS]

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(found.read(f"{name}.csv").decode("utf-8-sig"))))

    assert NAME in {row["name"] for row in rows("customers")}
    assert ADDRESS in {row["address"] for row in rows("addresses")}
    assert rows("notes")[0]["text"] == "'=HYPERLINK(1)"
    (order,), (line,) = rows("orders"), rows("order_lines")
    assert (order["amount"], order["currency"], order["source"]) == ("12000", "KRW", "Files")
    assert (line["quantity"], line["unit_price"], line["amount"]) == ("1", "12000", "12000")
    assert any(WORDS in row["text"] for row in rows("messages"))
    assert "bcc" in rows("messages")[0]
    assert sum(int(row["booked"] or 0) for row in rows("ledger")) == sum(
        Entry.objects.exclude(booked=None).values_list("booked", flat=True)
    )
