"""The page Statement: every amount with its words and with the address of exactly the entries behind it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from dangol.worth.entries import NO_CAUSE, Entries, Money, Where, period_said, where_said
from dangol.worth.periods import Period, month_of, month_period
from dangol.worth.pictures import Picture, pareto_picture
from dangol.worth.queries import BELOW, Asked, last_day_with_anything
from dangol.worth.statement import Figure, Key, Line, Part, Sales, Total
from dangol.worth.words import cause_words, kind_words, money_words, period_words, range_words, share_words

MOST_OF_IT = 0.6  # from here on causes are worth a sentence


@dataclass(frozen=True)
class Amount:
    """Words and the page of the entries; without entries there is no page."""

    text: str
    url: str


@dataclass(frozen=True)
class Amounts:
    """What was booked and, apart, between what the estimates lie."""

    booked: Amount
    estimated: Amount | None


@dataclass(frozen=True)
class Row:
    """A line of a table."""

    name: str
    now: Amounts
    before: Amounts
    share: str
    cumulative: str


@dataclass(frozen=True)
class Section:
    """Classes of cost that belong together."""

    key: str
    now: Amounts
    before: Amounts
    kinds: tuple[Row, ...]
    causes: tuple[Row, ...]
    kinds_picture: Picture | None
    causes_picture: Picture | None
    per_order: str
    per_order_before: str
    of_sales: str
    of_sales_before: str
    is_empty: bool
    has_estimates: bool
    main_causes: tuple[str, ...]
    main_share: str


@dataclass(frozen=True)
class Group:
    """The lines of a part by kind or by cause, as a table and a picture."""

    key: str
    title: str
    first: str
    named_by: str
    rows: tuple[Row, ...]
    picture: Picture | None


@dataclass(frozen=True)
class Titled:
    """A section under its heading."""

    title: str
    section: Section

    @property
    def groups(self) -> tuple[Group, ...]:
        """By kind and by cause."""
        section = self.section
        return (
            Group(
                "kinds", _("By kind"), _("Kind"), f"{section.key}-kinds", section.kinds, section.kinds_picture
            ),
            Group(
                "causes",
                _("By cause"),
                _("Cause"),
                f"{section.key}-causes",
                section.causes,
                section.causes_picture,
            ),
        )


@dataclass(frozen=True)
class Step:
    """A period one may go to."""

    label: str
    url: str


@dataclass(frozen=True)
class StatementPage:
    """The whole page."""

    asked: Asked
    title: str
    before_words: str
    poor_service: Section
    goodwill: Section
    upkeep: Section
    sales: Amount
    sales_before: Amount
    elsewhere: tuple[tuple[str, Amounts], ...]
    sales_elsewhere: tuple[tuple[str, int], ...]
    csv_url: str
    earlier: Step
    later: Step | None
    newest: Step | None
    orders_url: str
    today: date

    @property
    def parts(self) -> tuple[Titled, ...]:
        """The sections with their headings."""
        return (
            Titled(_("What poor service cost"), self.poor_service),
            Titled(_("What was given as goodwill"), self.goodwill),
            Titled(_("What preventing and checking cost"), self.upkeep),
        )


def statement_page(asked: Asked, *, today: date) -> StatementPage:
    """The page of a statement."""
    statement = asked.statement
    return StatementPage(
        asked=asked,
        title=period_words(asked.period),
        before_words=period_words(asked.before),
        poor_service=_Linked(asked, "poor_service").section(statement.poor_service),
        goodwill=_Linked(asked, "goodwill").section(statement.goodwill),
        upkeep=_Linked(asked, "upkeep").section(statement.upkeep),
        sales=_sold(statement.sales, asked.period, asked),
        sales_before=_sold(statement.sales_before, asked.before, asked),
        elsewhere=tuple(
            (each, _Linked(asked, "", each).amounts(total, asked.period))
            for each, total in statement.elsewhere
        ),
        sales_elsewhere=tuple(
            (money_words(amount, each), orders) for each, amount, orders in statement.sales.elsewhere
        ),
        csv_url=reverse("worth_statement_csv") + choice_query(asked.period, asked.where),
        earlier=_step(asked.period.before, asked.where),
        later=_later(asked.period, asked.where, today),
        newest=_newest(asked, today),
        orders_url=reverse("orders_import"),
        today=today,
    )


def _sold(sales: Sales, period: Period, asked: Asked) -> Amount:
    """What was sold, and the list of exactly these orders."""
    here = reverse("orders") + choice_query(period, asked.where) + "&state=kept"
    return Amount(money_words(sales.amount, asked.statement.currency), here if sales.orders else "")


def choice_query(period: Period, where: Where) -> str:
    """The period and the part of the business as the query of an address."""
    said = {**period_said(period), **where_said(where)}
    return "?" + "&".join(f"{name}={value}" for name, value in said.items())


@dataclass(frozen=True)
class _Linked:
    """Makes words and addresses of one group of classes."""

    asked: Asked
    classes: str
    other_currency: str = ""

    @property
    def currency(self) -> str:
        return self.other_currency or self.asked.statement.currency

    def section(self, part: Part) -> Section:
        kinds = [(kind_words(line.key), line) for line in part.by_kind]
        causes = [(cause_words(line.key, self.asked.causes), line) for line in part.by_cause]
        main = _main_causes(causes)
        return Section(
            key=self.classes,
            now=self.amounts(part.figure.now, self.asked.period),
            before=self.amounts(part.figure.before, self.asked.before),
            kinds=tuple(self._row(name, line, kind=str(line.key)) for name, line in kinds),
            causes=tuple(self._row(name, line, cause=_cause_said(line.key)) for name, line in causes),
            kinds_picture=pareto_picture(kinds, self.currency),
            causes_picture=pareto_picture([(_leaf(name), line) for name, line in causes], self.currency),
            per_order=self._per_order(part.ratio.per_order),
            per_order_before=self._per_order(part.ratio_before.per_order),
            of_sales=share_words(part.ratio.of_sales) if part.ratio.of_sales is not None else "",
            of_sales_before=share_words(part.ratio_before.of_sales)
            if part.ratio_before.of_sales is not None
            else "",
            is_empty=part.figure.is_empty,
            has_estimates=_has_estimates([part.figure, *(line.figure for line in part.by_kind)]),
            main_causes=tuple(_leaf(name) for name, _line in main),
            main_share=share_words(main[-1][1].cumulative) if main else "",
        )

    def amounts(self, total: Total, period: Period, *, kind: str = "", cause: str = "") -> Amounts:
        which = Entries(
            period, self.asked.where, classes=self.classes, kind=kind, cause=cause, currency=self.currency
        )
        booked = Amount(
            money_words(total.booked, self.currency), _url(which, "booked") if total.entries else ""
        )
        if not total.estimates:
            return Amounts(booked, None)
        return Amounts(booked, Amount(range_words(total, self.currency), _url(which, "estimated")))

    def _row(self, name: str, line: Line, *, kind: str = "", cause: str = "") -> Row:
        return Row(
            name=name,
            now=self.amounts(line.figure.now, self.asked.period, kind=kind, cause=cause),
            before=self.amounts(line.figure.before, self.asked.before, kind=kind, cause=cause),
            share=share_words(line.share),
            cumulative=share_words(line.cumulative),
        )

    def _per_order(self, amount: int | None) -> str:
        return "" if amount is None else money_words(amount, self.currency)


def _main_causes(causes: list[tuple[str, Line]]) -> list[tuple[str, Line]]:
    """One or two causes that make most of what was booked, where there are more of them; else none."""
    booked = [(name, line) for name, line in causes if line.figure.now.booked > 0]
    for count in (1, 2):
        main = booked[:count]
        enough = len(booked) > count and (main[-1][1].cumulative or 0) >= MOST_OF_IT
        if enough and all(line.key is not None for _name, line in main):
            return main
    return []


def _leaf(name: str) -> str:
    return name.rpartition(BELOW)[2]


def _has_estimates(figures: Iterable[Figure]) -> bool:
    return any(figure.now.estimates or figure.before.estimates for figure in figures)


def _cause_said(key: Key) -> str:
    return NO_CAUSE if key is None else str(key)


def _url(which: Entries, money: Money) -> str:
    return reverse("worth_entries") + replace(which, money=money).query


def _step(period: Period, where: Where) -> Step:
    return Step(period_words(period), reverse("worth_statement") + choice_query(period, where))


def _later(period: Period, where: Where, today: date) -> Step | None:
    """The month after a month, where it has begun."""
    if not period.is_month or period.end.date() > today:
        return None
    year, month = month_of(period.end.date())
    return _step(month_period(year, month, period.zone, today=today), where)


def _newest(asked: Asked, today: date) -> Step | None:
    """The last month in which there is anything, for a period in which there is nothing."""
    statement = asked.statement
    if not statement.is_empty or statement.sales.orders:
        return None
    day = last_day_with_anything(asked.period.zone)
    if day is None:
        return None
    period = month_period(*month_of(min(day, today)), asked.period.zone, today=today)
    return None if period == asked.period else _step(period, asked.where)


def title_of(page: StatementPage) -> str:
    """What the page is called."""
    return _("What service cost: %(period)s") % {"period": page.title}
