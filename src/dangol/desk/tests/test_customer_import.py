from io import BytesIO

import pytest
from django.urls import reverse

from dangol.customers.models import Customer
from dangol.kernel import clock
from dangol.orders.import_jobs import Imports
from dangol.orders.models import FileImport
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db
FILE = "이메일,이름,수신동의\nsora@example.com,김소라,동의\nbad,Nobody,\n".encode("cp949")


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, request):
    monkeypatch.setattr(clock, "now", lambda: NOON)
    request.getfixturevalue("moon_burger")


def test_a_file_is_looked_through_read_and_its_refused_rows_can_be_had(client, dongsuk):
    client.force_login(dongsuk)
    file = BytesIO(FILE)
    file.name = "people.csv"
    page = client.post(reverse("customers_import"), {"file": file}, follow=True).content.decode()
    job = FileImport.objects.get()
    for words in ("김소라", "sora@example.com", "1 × This is no e-mail address."):
        assert words in page, words
    assert not Customer.objects.exists()
    url = reverse("customer_import", args=[job.pk])
    chosen = {"zone": "Asia/Seoul", "column_email": "0", "column_name": "1", "column_consent": "2"}
    imports = Imports()

    client.post(url, {**chosen, "do": "dry-run"})
    while imports.turn():
        pass
    assert not Customer.objects.exists()
    client.post(url, {"do": "for-real"})
    while imports.turn():
        pass

    assert Customer.objects.get().name == "김소라"
    page = client.get(url).content.decode()
    assert 'New customers</dt><dd class="num">1' in page
    assert 'Yes without its day or its words, not kept</dt><dd class="num">1' in page
    table = b"".join(client.get(reverse("customer_import_refused", args=[job.pk]))).decode("utf-8-sig")
    assert "bad,Nobody,,3,This is no e-mail address." in table
    assert client.get(reverse("order_import", args=[job.pk])).status_code == 404, "it is no file of orders"


def test_a_file_without_addresses_says_so(client, dongsuk):
    client.force_login(dongsuk)
    file = BytesIO(b"Name,Company\nSora,Moon\n")
    file.name = "people.csv"
    page = client.post(reverse("customers_import"), {"file": file}, follow=True).content.decode()
    assert "No column was found for: E-mail address / Phone number / Customer number" in page


def test_numbers_that_lost_their_0_are_put_right_and_it_is_said_before_anything_is_written(client, dongsuk):
    client.force_login(dongsuk)
    file = BytesIO(b"Phone,Name\n1012345678,Sora\n010-2222-3333,James\n1044445555,Jihoon\n")
    file.name = "people.csv"
    page = client.post(reverse("customers_import"), {"file": file}, follow=True).content.decode()
    assert "2 telephone numbers among the first rows had lost their first 0" in page
    assert "01012345678" in page
