"""Files of orders, and the oddities that real ones have."""

from __future__ import annotations

import csv
import gzip
from zoneinfo import ZoneInfo

import pytest

from dangol.business.models import Business
from dangol.customers.models import NUMBER, Identity
from dangol.kernel.models import Event
from dangol.orders.columns import ColumnsMissing, choose_columns
from dangol.orders.file_import import RefusedFile, exact_text, import_orders, rounded_text
from dangol.orders.file_orders import Reading
from dangol.orders.file_reading import gathered_rows
from dangol.orders.files import NoTable, open_table
from dangol.orders.models import Order, OrderLine, Refund
from dangol.orders.tests.shop import a_file, bring_in

pytestmark = pytest.mark.django_db
ODD = (
    "536365,85123A,HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
    "536365,85123A,HANGING HEART,6,2010-12-01 08:27:00,2.55,17850.0,United Kingdom",
    "C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,United Kingdom",
    "550193,PADS,PADS TO MATCH,1,2011-04-15 09:27:00,0.001,13952.0,United Kingdom",
    "A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom",
    "536589,21777,,-10,2010-12-01 16:50:00,0.0,,United Kingdom",
    "536365,M,Manual,1,2010-12-01 08:26:00,0.0,17850.0,United Kingdom",
)


def test_each_oddity_becomes_what_is_written_down(tmp_path):
    done, refused = bring_in(a_file(tmp_path, *ODD))
    counted = done.counted
    assert (counted.lines, counted.orders, counted.cancellations, refused) == (7, 4, 1, [])
    assert (len(counted.customers), counted.lines_without_customer) == (3, 2)
    assert (exact_text(counted), rounded_text(counted, "GBP")) == ("-11058.959", "-11058.96")
    amounts = dict(Order.objects.values_list("number", "amount"))
    assert amounts == {"536365": 3060, "550193": 0, "A563186": -1_106_206, "536589": 0}
    back = Refund.objects.get()
    assert (back.number, back.amount, back.order, back.lines.get().quantity_thousandths) == (
        "C536379",
        2750,
        None,
        1000,
    )
    whole = Order.objects.get(number="536365")
    assert whole.lines.count() == 3, "lines that repeat count, and those that lie apart belong together"
    assert Identity.objects.get(customer=whole.customer).address == "17850"
    assert whole.ordered_at.isoformat() == "2010-12-01T08:26:00+00:00"
    assert OrderLine.objects.get(sku="PADS").unit_price_e4 == 10
    assert OrderLine.objects.get(sku="21777").quantity_thousandths == -10_000


def test_again_is_the_same_as_once_and_nobody_hears_of_history(tmp_path):
    path = a_file(tmp_path, *ODD)
    bring_in(path)
    before = Order.objects.count(), OrderLine.objects.count(), Refund.objects.count(), Event.objects.count()
    done, _ = bring_in(path)
    assert done.taken.known == 5
    assert (
        Order.objects.count(),
        OrderLine.objects.count(),
        Refund.objects.count(),
        Event.objects.count(),
    ) == before
    assert not Event.objects.filter(silent=False).exists()


def test_a_dry_run_counts_and_writes_nothing(tmp_path):
    done, _ = bring_in(a_file(tmp_path, *ODD), writes=False)
    assert (done.counted.lines, done.is_written) == (7, False)
    assert not Order.objects.exists()
    assert not Identity.objects.filter(kind=NUMBER).exists()


BROKEN = (
    "1,A,Burger,1,2026-01-05 10:00,5.00,7,UK",
    "2,A,Burger,one,2026-01-05 10:00,5.00,7,UK",
    "2,B,Cola,1,2026-01-05 10:00,1.00,7,UK",
    "3,A,Burger,1,2026-13-05 10:00,5.00,7,UK",
    ",A,Burger,1,2026-01-05 10:00,5.00,7,UK",
    "4,A,Burger,1,2026-01-05 10:00,5.00001,7,UK",
    "5,A,Burger, hot,1,2026-01-05 10:00,5.00,7,UK",
    "C6,A,Burger,1,2026-01-05 10:00,5.00,7,UK",
)


def test_what_cannot_be_read_is_refused_with_its_reason_and_an_order_comes_whole_or_not(tmp_path):
    done, refused = bring_in(a_file(tmp_path, *BROKEN))
    assert {(each.row, each.reason) for each in refused} == {
        (3, "quantity_unreadable"),
        (4, "other_line_refused"),
        (5, "time_unreadable"),
        (6, "number_missing"),
        (7, "price_unreadable"),
        (8, "too_many_cells"),
    }
    assert set(Order.objects.values_list("number", flat=True)) == {"1", "C6"}, (
        "a C that takes nothing back is a name"
    )
    assert done.counted.refused.total() == 6


def test_all_or_nothing_writes_nothing_when_a_row_is_refused(tmp_path):
    done, refused = bring_in(a_file(tmp_path, *BROKEN), all_or_nothing=True)
    assert (done.is_written, len(refused), Order.objects.exists()) == (False, 6, False)
    good, _ = bring_in(a_file(tmp_path, *ODD, name="good.csv"), all_or_nothing=True)
    assert (good.is_written, Order.objects.count()) == (True, 4)


def test_refused_rows_are_a_file_that_can_be_corrected_and_imported(tmp_path):
    path, target = a_file(tmp_path, *BROKEN[:3]), tmp_path / "refused.csv"
    with (
        open_table(path) as table,
        gathered_rows(table, _reading(table)) as rows,
        RefusedFile(target, rows) as write,
    ):
        import_orders(actor=None, source=None, rows=rows, refuse=write)
    text = target.read_text(encoding="utf-8-sig")
    assert next(csv.DictReader(text.splitlines()))["reason"].startswith("The quantity")
    target.write_text(text.replace(",one,", ",3,"), encoding="utf-8-sig")
    done, refused = bring_in(target)
    assert (done.counted.orders, refused, Order.objects.get().amount) == (1, [], 1600)


def _reading(table):
    return Reading(choose_columns(table.header), "GBP", ZoneInfo("Europe/London"))


def test_an_amount_of_the_whole_order_counts_and_what_was_given_back_is_a_refund(tmp_path):
    header = (
        "Name,Email,Created at,Total,Shipping,Currency,"
        "Lineitem quantity,Lineitem price,Lineitem name,Refunded Amount"
    )
    path = a_file(
        tmp_path,
        "#1001,sora@example.com,2026-01-05 10:00:00 +0900,27.50,3.00,USD,1,20.00,Burger,5.00",
        "#1001,sora@example.com,,,,,1,4.50,Cola,",
        header=header,
    )
    bring_in(path)
    order, back = Order.objects.get(), Refund.objects.get()
    assert (order.amount, order.shipping, order.currency, order.lines.count()) == (2750, 300, "USD", 2)
    assert (back.amount, back.order, back.customer) == (500, order, order.customer)
    assert Identity.objects.get().address == "sora@example.com"


def test_korean_files_in_the_letters_of_old_windows_are_read(tmp_path):
    Business.objects.create(currency="KRW", time_zone="Asia/Seoul")
    path = tmp_path / "주문.csv"
    path.write_bytes(
        "주문번호;주문일시;상품명;수량;판매가;주문자명\n1;2026-01-05 10:00;똠얌버거;2;12,000;펲시\n".encode(
            "cp949"
        )
    )
    bring_in(path, currency="KRW")
    assert (Order.objects.get().amount, OrderLine.objects.get().name) == (24_000, "똠얌버거")
    assert Order.objects.get().contact_name == "펲시"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_other_letters_and_packed_files_are_read(tmp_path, encoding):
    path = tmp_path / "orders.csv.gz"
    text = "Order\tDate\tTotal\tCustomer Name\n1\t2026-01-05\t£5.00\tZoë\n"
    path.write_bytes(gzip.compress(text.encode(encoding)))
    bring_in(path)
    assert (Order.objects.get().amount, Order.objects.get().contact_name) == (500, "Zoë")


@pytest.mark.parametrize(
    "content",
    [b"", b"   \n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"one word", gzip.compress(b"a,b\n" * 9999)[:40]],
    ids=["empty", "blank", "picture", "word", "half of a .gz"],
)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(NoTable):
        bring_in(path)


def test_a_table_of_something_else_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(ColumnsMissing):
        bring_in(a_file(tmp_path, "Kafka,The Castle", header="Author,Title"))
