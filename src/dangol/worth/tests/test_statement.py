from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dangol.worth.statement import Cell, Ledger, Sales, Total, make_statement

CLASSES = ["prevention", "appraisal", "internal_failure", "external_failure", "goodwill"]
money = st.integers(-(10**9), 10**9)
totals = st.builds(Total, money, st.integers(1, 50), money, money, money, st.integers(0, 9))
cells = st.builds(
    Cell,
    st.sampled_from(CLASSES),
    st.sampled_from(["redo", "refund", "gift"]),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from(["KRW", "USD"]),
    totals,
)
ledgers = st.builds(
    Ledger, st.lists(cells, max_size=12).map(tuple), st.builds(Sales, money, st.integers(0, 99))
)


def booked(amount, *, kind="redo", cost_class="external_failure", cause=None, currency="KRW"):
    return Cell(cost_class, kind, cause, currency, Total(booked=amount, entries=1))


def estimated(low, middle, high, *, kind="staff_time"):
    return Cell("internal_failure", kind, None, "KRW", Total(low=low, middle=middle, high=high, estimates=1))


NOTHING_SOLD = Sales()


def statement(now, before=(), sales=NOTHING_SOLD, sales_before=NOTHING_SOLD):
    return make_statement(Ledger(tuple(now), sales), Ledger(tuple(before), sales_before), currency="KRW")


def test_poor_service_are_both_failures_and_goodwill_is_apart():
    made = statement(
        [
            booked(900),
            booked(100, cost_class="internal_failure"),
            booked(50, kind="gift", cost_class="goodwill"),
            booked(7, cost_class="prevention"),
            booked(3, cost_class="appraisal"),
        ]
    )
    assert made.poor_service.figure.now.booked == 1000
    assert made.goodwill.figure.now.booked == 50
    assert made.upkeep.figure.now.booked == 10


def test_estimates_are_in_no_booked_sum_and_no_share():
    made = statement([booked(300, kind="refund"), estimated(1000, 2000, 3000)])
    assert made.poor_service.figure.now == Total(300, 1, 1000, 2000, 3000, 1)
    refund, time = made.poor_service.by_kind
    assert (refund.key, refund.share, refund.cumulative) == ("refund", 1.0, 1.0)
    assert (time.key, time.share, time.cumulative) == ("staff_time", 0.0, 1.0)


def test_the_costliest_cause_comes_first_and_shares_add_up_to_all():
    made = statement([booked(10, cause=1), booked(70, cause=2), booked(20, cause=3)])
    assert [(line.key, line.share, line.cumulative) for line in made.poor_service.by_cause] == [
        (2, 0.7, 0.7),
        (3, 0.2, 0.9),
        (1, 0.1, 1.0),
    ]


def test_what_cost_before_and_no_longer_has_a_line():
    made = statement([booked(10, kind="redo")], [booked(40, kind="refund")])
    assert [
        (line.key, line.figure.now.booked, line.figure.before.booked) for line in made.poor_service.by_kind
    ] == [
        ("redo", 10, 0),
        ("refund", 0, 40),
    ]


def test_cost_is_held_against_what_was_sold():
    made = statement([booked(1000)], [booked(900)], Sales(50_000, 8), Sales(30_000, 0))
    assert (made.poor_service.ratio.per_order, made.poor_service.ratio.of_sales) == (125, 0.02)
    assert (made.poor_service.ratio_before.per_order, made.poor_service.ratio_before.of_sales) == (None, 0.03)
    nothing_sold = statement([booked(1000)])
    assert nothing_sold.poor_service.ratio.of_sales is None


def test_an_amount_for_each_order_is_rounded_half_to_even():
    assert statement([booked(5)], sales=Sales(100, 2)).poor_service.ratio.per_order == 2
    assert statement([booked(7)], sales=Sales(100, 2)).poor_service.ratio.per_order == 4


def test_another_currency_is_said_apart_and_never_added():
    made = statement(
        [booked(10), booked(99, currency="USD"), booked(1, currency="USD", cost_class="goodwill")]
    )
    assert made.poor_service.figure.now.booked == 10
    assert made.goodwill.figure.is_empty
    assert made.elsewhere == (("USD", Total(booked=100, entries=2)),)


def test_where_as_much_was_taken_back_as_given_there_is_no_share():
    made = statement([booked(10, cause=1), booked(-10, cause=2)])
    assert [line.share for line in made.poor_service.by_cause] == [None, None]


@given(ledgers, ledgers)
def test_every_entry_is_in_exactly_one_part_and_in_one_line_of_each_kind(now, before):
    made = make_statement(now, before, currency="KRW")
    parts = (made.poor_service, made.goodwill, made.upkeep)
    for name in ("booked", "entries", "low", "middle", "high", "estimates"):
        whole = sum(getattr(cell.total, name) for cell in now.cells)
        apart = sum(getattr(total, name) for _currency, total in made.elsewhere)
        assert sum(getattr(part.figure.now, name) for part in parts) + apart == whole
        for part in parts:
            for lines in (part.by_kind, part.by_cause):
                assert sum(getattr(line.figure.now, name) for line in lines) == getattr(part.figure.now, name)
                assert sum(getattr(line.figure.before, name) for line in lines) == getattr(
                    part.figure.before, name
                )


@given(ledgers)
def test_lines_go_from_the_costliest_down_and_their_shares_come_together(now):
    for part in (
        (made := make_statement(now, Ledger((), Sales()), currency="KRW")).poor_service,
        made.goodwill,
    ):
        for lines in (part.by_kind, part.by_cause):
            amounts = [line.figure.now.booked for line in lines]
            assert amounts == sorted(amounts, reverse=True)
            whole, so_far = sum(amounts), 0
            for line in lines:
                so_far += line.figure.now.booked
                assert (line.share is None) == (whole <= 0)
                if line.cumulative is not None:
                    assert line.cumulative == float(Fraction(so_far, whole))
