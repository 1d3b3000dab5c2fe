"""The statement as rows: for a spreadsheet, and for a terminal."""

from collections.abc import Iterator, Sequence
from typing import Final

from dangol.kernel.spreadsheets import harmless
from dangol.worth.lists import in_major_units
from dangol.worth.queries import Asked
from dangol.worth.statement import Line, Part, Total
from dangol.worth.words import cause_words, kind_words, money_words, period_words, range_words, share_words

STATEMENT_COLUMNS: Final = (
    "part", "by", "key", "name", "currency", "booked", "entries", "share", "cumulative_share", "estimated_low",
    "estimated", "estimated_high", "estimates", "before_booked", "before_entries", "before_estimated_low",
    "before_estimated", "before_estimated_high", "before_estimates",
)  # fmt: skip
WIDTH: Final = 44


def statement_rows(asked: Asked) -> Iterator[list[object]]:
    """A row a figure, money in major units of the business's currency; the sales last."""
    statement = asked.statement
    for name, part in _parts(asked):
        figure = part.figure
        yield [name, "all", "", "", *_cells(figure.now, figure.before, asked)]
        for line in part.by_kind:
            yield [name, "kind", line.key, kind_words(line.key), *_line(line, asked)]
        for line in part.by_cause:
            said = harmless(cause_words(line.key, asked.causes))
            yield [name, "cause", line.key or "", said, *_line(line, asked)]
    sales, before = statement.sales, statement.sales_before
    now_total, before_total = Total(sales.amount, sales.orders), Total(before.amount, before.orders)
    yield ["sales", "all", "", "", *_cells(now_total, before_total, asked)]


def statement_text(asked: Asked) -> str:
    """The statement to read at a terminal."""
    statement = asked.statement
    currency = statement.currency
    about = [period_words(asked.period), asked.place, asked.segment]
    lines = [f"What service cost: {', '.join(filter(None, about))}", ""]
    sales = f"{money_words(statement.sales.amount, currency)}, {statement.sales.orders} orders"
    lines.append(_said("Sales", sales, money_words(statement.sales_before.amount, currency)))
    if statement.sales.without_rate:
        lines.append(f"  {statement.sales.without_rate} orders without a known rate are in no sum")
    for title, (_name, part) in zip(
        ("Poor service", "Goodwill", "Preventing and checking"), _parts(asked), strict=True
    ):
        lines += ["", *_part_text(title, part, asked)]
    for other, total in statement.elsewhere:
        lines += ["", f"In {other}, added to nothing above: {_both(total, other)}"]
    return "\n".join(
        [*lines, "", f"Before is {period_words(asked.before)}. Estimates stand in no booked sum."]
    )


def _part_text(title: str, part: Part, asked: Asked) -> Iterator[str]:
    currency = asked.statement.currency
    figure = part.figure
    yield _said(title, _both(figure.now, currency), _both(figure.before, currency))
    if part.ratio.of_sales is not None and part.ratio.per_order is not None:
        yield (
            f"  {share_words(part.ratio.of_sales)} of sales, "
            f"{money_words(part.ratio.per_order, currency)} an order"
        )
    groups: Sequence[tuple[str, Sequence[Line]]] = (("kind", part.by_kind), ("cause", part.by_cause))
    for by, lines in groups:
        if lines:
            yield f"  by {by}"
        for line in lines:
            name = kind_words(line.key) if by == "kind" else cause_words(line.key, asked.causes)
            share = (
                f"{share_words(line.share)}, together {share_words(line.cumulative)}; "
                if line.figure.now.entries
                else ""
            )
            yield _said(
                f"    {name}",
                f"{_both(line.figure.now, currency)}",
                f"{_both(line.figure.before, currency)}",
                share,
            )


def _said(name: str, now: str, before: str, share: str = "") -> str:
    return f"{name:<{WIDTH}} {now} ({share}before {before})"


def _both(total: Total, currency: str) -> str:
    booked = money_words(total.booked, currency)
    return f"{booked}, and {range_words(total, currency)} estimated" if total.estimates else booked


def _parts(asked: Asked) -> tuple[tuple[str, Part], ...]:
    statement = asked.statement
    return (
        ("poor_service", statement.poor_service),
        ("goodwill", statement.goodwill),
        ("upkeep", statement.upkeep),
    )


def _line(line: Line, asked: Asked) -> list[object]:
    shares = [f"{share:.6f}" if share is not None else "" for share in (line.share, line.cumulative)]
    return _cells(line.figure.now, line.figure.before, asked, shares)


def _cells(now: Total, before: Total, asked: Asked, shares: Sequence[str] = ("", "")) -> list[object]:
    currency = asked.statement.currency

    def amounts(total: Total) -> tuple[list[object], list[object]]:
        estimates = [in_major_units(each, currency) for each in (total.low, total.middle, total.high)]
        return [in_major_units(total.booked, currency), total.entries], (
            [*estimates, total.estimates] if total.estimates else ["", "", "", 0]
        )

    (booked, estimated), (booked_before, estimated_before) = amounts(now), amounts(before)
    return [currency, *booked, *shares, *estimated, *booked_before, *estimated_before]
