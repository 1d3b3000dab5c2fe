"""Files of orders, and the oddities that real ones have."""

from __future__ import annotations

import csv
import gzip
from zoneinfo import ZoneInfo

import pytest

from dangol.business.models import Business
from dangol.customers.models import NUMBER, Identity
from dangol.kernel import table_files as files
from dangol.kernel.models import Event
from dangol.kernel.table_files import NoTable, open_table
from dangol.orders import command_line, file_import
from dangol.orders.columns import ColumnsMissing, choose_columns
from dangol.orders.file_counts import Counted
from dangol.orders.file_import import RefusedFile, as_report, exact_text, import_orders, rounded_text
from dangol.orders.file_orders import Reading
from dangol.orders.file_reading import gathered_rows
from dangol.orders.models import Order, OrderLine, Refund
from dangol.orders.tests.shop import COLUMNS, a_file, bring_in

pytestmark = pytest.mark.django_db
ODD = (
    "701,B1,MOON BURGER,6,2010-03-01 08:26:00,2.55,9001.0,United Kingdom",
    "701,B1,MOON BURGER,6,2010-03-01 08:27:00,2.55,9001.0,United Kingdom",
    "C702,V,Voucher,-1,2010-03-01 09:41:00,27.5,9002.0,United Kingdom",
    "703,STRAW,PAPER STRAW,1,2011-06-15 09:27:00,0.001,9003.0,United Kingdom",
    "A704,B,A bill that was never paid,1,2011-07-12 14:51:00,-10062.06,,United Kingdom",
    "705,TRAY,,-10,2010-03-01 16:50:00,0.0,,United Kingdom",
    "701,M,By hand,1,2010-03-01 08:26:00,0.0,9001.0,United Kingdom",
)


def test_each_oddity_becomes_what_is_written_down(tmp_path):
    done, refused = bring_in(a_file(tmp_path, *ODD))
    counted = done.counted
    assert (counted.lines, counted.orders, counted.cancellations, refused) == (7, 4, 1, [])
    assert (len(counted.customers), counted.lines_without_customer) == (3, 2)
    assert (exact_text(counted, "GBP"), rounded_text(counted, "GBP")) == ("-10058.959", "-10058.96")
    amounts = dict(Order.objects.values_list("number", "amount"))
    assert amounts == {"701": 3060, "703": 0, "A704": -1_006_206, "705": 0}
    back = Refund.objects.get()
    assert (back.number, back.amount, back.order, back.lines.get().quantity_thousandths) == (
        "C702",
        2750,
        None,
        1000,
    )
    whole = Order.objects.get(number="701")
    assert whole.lines.count() == 3, "lines that repeat count, and those that lie apart belong together"
    assert Identity.objects.get(customer=whole.customer).address == "9001"
    assert whole.ordered_at.isoformat() == "2010-03-01T08:26:00+00:00"
    assert OrderLine.objects.get(sku="STRAW").unit_price_e4 == 10
    assert OrderLine.objects.get(sku="TRAY").quantity_thousandths == -10_000


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


def only(tmp_path, header, *lines, **reading):
    done, refused = bring_in(a_file(tmp_path, *lines, header=header), **reading)
    return done, [(each.row, each.reason) for each in refused]


def test_a_comma_behind_the_first_two_hundred_rows_is_seen(tmp_path):
    many = [f"{n};2026-01-05;5;2" for n in range(300)]
    _, refused = only(tmp_path, "Order;Date;Price;Quantity", *many, "x;2026-01-05;12,50;1.5")
    assert (Order.objects.get(number="x").amount, refused) == (1875, [])


def test_a_comma_that_is_no_group_of_thousands_is_refused_and_not_left_out(tmp_path):
    _, refused = only(
        tmp_path, "Order;Date;Total", "1;2026-01-05;1,250.00", "2;2026-01-05;12,50", "3;2026-01-05;12.50"
    )
    assert refused == [(3, "amount_unreadable")]
    assert Order.objects.get(number="3").amount == 1250


def test_an_amount_of_each_line_is_not_the_orders(tmp_path):
    header = "Order,Date,Quantity,Price,Amount"
    _, refused = only(
        tmp_path,
        header,
        "1,2026-01-05,2,5.00,10.00",
        "1,2026-01-05,1,3.00,3.00",
        "2,2026-01-05,1,5.00,5.00",
        "2,2026-01-05,1,5.00,5.00",
        "3,2026-01-05,1,5.00,4.00",
        "3,2026-01-05,1,3.00,2.00",
        "4,2026-01-05,1,7.00,12.00",
        "4,2026-01-05,1,5.00,12.00",
    )
    assert dict(Order.objects.values_list("number", "amount")) == {"1": 1300, "2": 1000, "4": 1200}
    assert refused == [(6, "totals_differ"), (7, "totals_differ")]


CHEAPER = ("1,2026-01-05,1,5.00,4.00", "1,2026-01-05,1,5.00,4.00")


def test_one_amount_in_all_rows_that_prices_do_not_explain_is_asked_and_not_guessed(tmp_path):
    header = "Order,Date,Quantity,Price,Amount"
    assert only(tmp_path, header, *CHEAPER)[1] == [(2, "total_unclear"), (3, "total_unclear")]
    for total_is, amount in (("order", 400), ("line", 800)):
        Order.objects.all().delete()
        assert only(tmp_path, header, *CHEAPER, total_is=total_is)[1] == []
        assert Order.objects.get().amount == amount
    assert (
        only(tmp_path, header.replace("Amount", "Amount,Discount"), *(f"{row},2.00" for row in CHEAPER))[1]
        == []
    )
    assert Order.objects.get().amount == 800, "with the discount, four is what each row came to"


@pytest.mark.parametrize(("said", "header"), [(["total=Amount"], "Amount"), ([], "Order total")])
def test_who_names_the_column_of_the_whole_orders_amount_is_not_asked(tmp_path, monkeypatch, said, header):
    monkeypatch.setattr(command_line, "relax_durability", lambda: None)  # a test is one transaction
    path = a_file(tmp_path, *CHEAPER, header=f"Order,Date,Quantity,Price,{header}")
    command_line.import_file(
        path,
        currency="GBP",
        timezone="Europe/London",
        source="",
        columns=said,
        cancelled_by="C",
        month_first=None,
        all_or_nothing=True,
        refused=None,
        dry_run=False,
        as_json=True,
    )
    assert Order.objects.get().amount == 400


@pytest.mark.parametrize(("country", "kept"), [("KR", "01012345678"), ("GB", "1012345678")])
def test_a_number_has_the_0_again_that_a_spreadsheet_took(tmp_path, country, kept):
    only(tmp_path, "Order,Date,Total,Phone", "1,2026-01-05,5,1012345678", country=country)
    assert Order.objects.get().contact_phone == kept


def test_what_was_paid_for_the_line_counts_more_than_quantity_times_price(tmp_path):
    only(tmp_path, "Order,Date,Quantity,Price,Line total", "1,2026-01-05,2,5.00,9.00", "1,2026-01-05,1,3.00,")
    order = Order.objects.get()
    assert (order.amount, [line.amount for line in order.lines.order_by("id")]) == (1200, [900, 300])


def test_of_what_is_taken_back_the_price_of_one_is_positive(tmp_path):
    only(tmp_path, "Order,Date,Quantity,Line total", "C1,2026-01-05,-2,-10.00")
    line = Refund.objects.get().lines.get()
    assert (line.quantity_thousandths, line.unit_price_e4, line.amount) == (2000, 50_000, 1000)


def test_dates_that_can_be_two_days_are_refused_until_somebody_says_which(tmp_path):
    header, lines = "Order,Date,Total", ["1,3/4/2026,5", "2,4/4/2026,5"]
    assert only(tmp_path, header, *lines)[1] == [(2, "time_ambiguous")]
    only(tmp_path, header, *lines, month_first=True)
    assert Order.objects.get(number="1").ordered_at.month == 3


def test_a_date_at_the_end_of_the_file_shows_which_comes_first(tmp_path):
    many = [f"{n},3/4/2026,5" for n in range(300)]
    assert only(tmp_path, "Order,Date,Total", *many, "x,25/4/2026,5")[1] == []
    assert set(Order.objects.values_list("ordered_at__month", flat=True)) == {4}


def test_a_file_whose_dates_contradict_each_other_is_taken_where_they_cannot_be_mistaken(tmp_path):
    _, refused = only(tmp_path, "Order,Date,Total", "1,3/4/2026,5", "2,25/4/2026,5", "3,4/25/2026,5")
    assert refused == [(2, "time_ambiguous")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,A,Burger,8801234567890,2026-01-05,120000000.00,7,UK", "amount_too_large"),
        ("1,A,Burger,1,0001-01-05,5.00,7,UK", "time_out_of_range"),
        ("1,A,Burger,1,2026-01-05,1e15,7,UK", "price_unreadable"),
        ("1,A,Bur\0ger,1,2026-01-05,5.00,7,UK", "letter_zero"),
        (f"1,A,Burger,1,2026-01-05,5.00,{'7' * 200},UK", "customer_too_long"),
    ],
)
def test_a_bad_cell_refuses_its_order_alone(tmp_path, monkeypatch, line, reason):
    monkeypatch.setattr(
        files, "_PIECE", 20
    )  # letters at the beginning are looked at for whether it is a text
    _, refused = only(tmp_path, COLUMNS, line, "2,A,Burger,1,2026-01-05,5.00,7,UK")
    assert (refused, Order.objects.get().number) == ([(2, reason)], "2")


def test_one_number_of_two_customers_or_of_two_months_is_refused(tmp_path):
    _, refused = only(
        tmp_path,
        "Order,Date,Total,Customer",
        "1,2026-01-05,5,7",
        "1,2026-01-05,5,8",
        "2,2026-01-05,5,7",
        "2,2026-02-05,5,7",
        "3,2026-01-05 23:59,5,7",
        "3,2026-01-06 00:01,5,7",
    )
    assert refused == [(2, "customers_differ"), (3, "customers_differ"), (4, "days_apart"), (5, "days_apart")]
    assert Order.objects.get().number == "3"


def test_a_number_that_is_known_of_another_day_is_refused_with_its_rows(tmp_path):
    header = "Order,Date,Total,Refunded,Customer"
    only(tmp_path, header, "1,2026-01-05,5,,7")
    done, refused = only(tmp_path, header, "1,2026-02-05,8,8,8", "2,2026-02-05,6,,8")
    assert refused == [(2, "other_day")]
    assert (done.counted.orders, done.counted.lines, Refund.objects.count()) == (1, 2, 0)
    assert (done.counted.refunds, len(done.counted.customers)) == (0, 1)
    assert rounded_text(done.counted, "GBP") == "6.00"
    assert dict(Order.objects.values_list("number", "amount")) == {"1": 500, "2": 600}


def test_all_or_nothing_is_one_transaction(tmp_path, monkeypatch):
    header = "Order,Date,Total"
    only(tmp_path, header, "9,2026-01-05,5")
    monkeypatch.setattr(file_import, "BATCH", 1)
    lines = ["1,2026-03-05,5", "9,2026-03-05,5"]
    done, refused = only(tmp_path, header, *lines, all_or_nothing=True)
    assert (done.is_written, refused, Order.objects.count()) == (False, [(3, "other_day")], 1)


def test_sums_are_of_one_currency_each(tmp_path):
    done, _ = only(tmp_path, "Order,Date,Total,Currency", "1,2026-01-05,5,GBP", "2,2026-01-05,7,USD")
    report = as_report(done, currency="GBP", seconds=0, cpu_seconds=0)
    assert (report["sum_exact"], report["other_sums"]) == (
        "5",
        {"USD": {"sum_exact": "7", "sum_rounded": "7.00"}},
    )


def test_refused_rows_hold_no_formula_and_come_back_as_they_were(tmp_path):
    path, target = a_file(tmp_path, "1,=A1,+Burger,one,2026-01-05,-5.00,7,UK"), tmp_path / "refused.csv"
    with (
        open_table(path) as table,
        gathered_rows(table, _reading(table)) as rows,
        RefusedFile(target, rows) as write,
    ):
        import_orders(actor=None, source=None, rows=rows, refuse=write)
    text = target.read_text(encoding="utf-8-sig")
    assert ",'=A1,'+Burger,one," in text
    assert "-5.00" in text
    assert "'-5.00" not in text
    target.write_text(text.replace(",one,", ",1,"), encoding="utf-8-sig")
    bring_in(target)
    line = OrderLine.objects.get()
    assert (line.sku, line.name) == ("=A1", "+Burger")


def test_a_piece_ends_after_so_many_lines_and_a_refund_stays_with_its_order(tmp_path, monkeypatch):
    monkeypatch.setattr(file_import, "_BATCH_LINES", 2)
    lines = [
        f"{order},B,2026-01-05,5,1,{back}" for order, back in (("1", ""), ("1", ""), ("2", "3"), ("3", ""))
    ]
    path = a_file(tmp_path, *lines, header="Order,Item,Date,Price,Quantity,Refunded")
    with open_table(path) as table, gathered_rows(table, _reading(table)) as rows:
        pieces = [[each.key for each in batch] for batch in file_import.batches(rows, Counted(), print)]
    assert pieces == [["1"], ["2", "2 refunded", "3"]]


def test_a_line_without_an_end_is_refused_before_it_is_read_whole(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("Order,Date,Total\n" + "1," * 600_000 + "\n", encoding="utf-8")
    with pytest.raises(NoTable, match="longer than a million"):
        bring_in(path)


def test_a_table_of_something_else_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(ColumnsMissing):
        bring_in(a_file(tmp_path, "Kafka,The Castle", header="Author,Title"))
