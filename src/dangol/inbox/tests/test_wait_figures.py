"""The quick figures are those of `measures`, and each figure's list holds exactly its waits."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from dangol.channels.models import Channel, Mailbox
from dangol.customers.models import Customer
from dangol.inbox import measures
from dangol.inbox.models import Conversation, Message, Wait
from dangol.inbox.wait_figures import by_day, by_mailbox, figures_of, read_cells, read_glances
from dangol.inbox.waits import OUTCOMES, Waits, wait_page, waits_in
from tests.parts.cast import NOON, mail

pytestmark = pytest.mark.django_db
SEOUL = ZoneInfo("Asia/Seoul")
NEW_YORK = ZoneInfo("America/New_York")  # its clocks went back on 1 November 2026
DAYS = Waits(date(2026, 10, 20), date(2026, 11, 18), NEW_YORK)


@pytest.fixture
def second_mailbox(db) -> Channel:
    channel = Channel.objects.create(name="Parties", created_at=NOON - timedelta(days=90))
    Mailbox.objects.create(channel=channel, address="party@moonburger.test", outgoing="kept")
    return channel


@pytest.fixture
def waits(mailbox, second_mailbox, hana) -> list[Wait]:
    """Forty days of waits of every fate, some on the very edge of a day."""
    chance = Random(7)
    sora = Customer.objects.create(name="Sora", created_at=NOON)
    midnight = datetime(2026, 11, 1, tzinfo=NEW_YORK).astimezone(UTC)
    edges = [
        midnight,
        midnight - timedelta(seconds=1),
        midnight + timedelta(hours=25),
        midnight + timedelta(hours=24, minutes=30),
    ]
    begun = edges + [NOON - timedelta(seconds=chance.randrange(40 * 86400)) for _ in range(200)]
    made = []
    for number, start in enumerate(begun):
        made.append(_wait(chance, sora, chance.choice([mailbox, second_mailbox]), start, hana, number))
    return made


def _wait(chance, customer, channel, start, staff, number) -> Wait:
    talk = Conversation.objects.create(
        channel=channel, customer=customer, subject=f"Matter {number}", state="answered", due_at=start,
        last_message_at=start, created_at=start,
    )  # fmt: skip
    message = Message.objects.create(conversation=talk, channel=channel, direction="in", happened_at=start)
    wait = Wait(
        conversation=talk, channel=channel, kind=chance.choice(["first", "next"]), message=message,
        started_at=start, due_at=start + timedelta(minutes=30),
        promised_seconds=chance.choice([1800, 1800, None]),
    )  # fmt: skip
    fate = chance.random()
    if fate < 0.8:
        wait.opening_seconds = chance.randrange(4000)
        wait.wall_seconds = wait.opening_seconds + chance.randrange(50_000)
        wait.answered_at = start + timedelta(seconds=wait.wall_seconds)
        wait.is_kept = wait.opening_seconds <= 1800
        wait.answered_by = staff
    elif fate < 0.9:
        wait.dropped_at = start + timedelta(hours=2)
    elif fate < 0.95:
        wait.due_at = NOON + timedelta(days=9)
    wait.save()
    return wait


def oracle(rows) -> measures.Measures:
    return measures.measure([row_of(row) for row in rows if row.dropped_at is None], at=NOON)


def row_of(row: Wait) -> measures.WaitRow:
    return measures.WaitRow(
        row.conversation_id, row.channel_id, row.started_at, row.due_at, row.answered_at,
        row.wall_seconds, row.opening_seconds, row.is_kept,
    )  # fmt: skip


def same(figures, wanted: measures.Measures) -> bool:
    return (
        figures.answered, figures.median, figures.ninetieth, figures.median_wall, figures.ninetieth_wall,
        figures.within, figures.kept, figures.late, figures.undecided,
    ) == (
        wanted.answered, wanted.median, wanted.ninetieth, wanted.median_wall, wanted.ninetieth_wall,
        wanted.within, len(wanted.kept), len(wanted.late), len(wanted.undecided),
    )  # fmt: skip


def in_days(waits, which: Waits) -> list[Wait]:
    return [row for row in waits if which.begin <= row.started_at < which.end]


def test_the_quick_figures_are_those_of_the_measures(waits, django_assert_num_queries):
    with django_assert_num_queries(1):
        cells = read_cells(DAYS, at=NOON)
    assert same(figures_of(cells), oracle(in_days(waits, DAYS)))


@pytest.mark.parametrize("zone", [SEOUL, NEW_YORK])
def test_a_wait_belongs_to_the_local_day_on_which_it_began_also_when_the_clocks_change(waits, zone):
    which = Waits(DAYS.first_day, DAYS.last_day, zone)
    rows = [row_of(row) for row in in_days(waits, which) if row.dropped_at is None]
    wanted = measures.by_day(rows, zone.key, at=NOON)
    found = by_day(read_cells(which, at=NOON))
    found = {day: one for day, one in found.items() if one.kept or one.late or one.undecided}
    assert list(found) == list(wanted)
    assert all(same(found[day], wanted[day]) for day in wanted)


def test_each_mailbox_has_its_own_figures(waits, mailbox, second_mailbox):
    found = by_mailbox(read_cells(DAYS, at=NOON))
    assert list(found) == sorted([mailbox.pk, second_mailbox.pk])
    for channel in (mailbox, second_mailbox):
        rows = [row for row in in_days(waits, DAYS) if row.channel_id == channel.pk]
        assert same(found[channel.pk], oracle(rows))


def test_dropped_waits_are_counted_apart(waits):
    dropped = [row for row in in_days(waits, DAYS) if row.dropped_at]
    figures = figures_of(read_cells(DAYS, at=NOON))
    assert dropped
    assert figures.dropped == len(dropped)
    assert figures.kept + figures.late + figures.undecided == len(in_days(waits, DAYS)) - len(dropped)


def test_whoever_still_waits_past_the_time_is_a_broken_promise(waits):
    rows = in_days(waits, DAYS)
    overdue = [row for row in rows if not row.answered_at and not row.dropped_at and row.due_at < NOON]
    figures = figures_of(read_cells(DAYS, at=NOON))
    assert overdue
    assert figures.overdue == len(overdue)
    assert figures.late == len(overdue) + sum(row.is_kept is False for row in rows)


@pytest.mark.parametrize("kind", ["first", "next"])
def test_the_list_behind_a_figure_holds_exactly_its_waits(waits, mailbox, kind):
    which = Waits(DAYS.first_day, DAYS.last_day, NEW_YORK, kind=kind, mailbox_id=mailbox.pk)
    figures = figures_of(read_cells(which, at=NOON))
    counts = {
        outcome: waits_in(Waits(**{**vars(which), "outcome": outcome}), at=NOON).count()
        for outcome in OUTCOMES
    }
    assert counts == {
        "": figures.kept + figures.late + figures.undecided,
        "answered": figures.answered,
        "kept": figures.kept,
        "late": figures.late,
        "decided": figures.kept + figures.late,
        "open": figures.overdue + figures.undecided,
        "undecided": figures.undecided,
        "dropped": figures.dropped,
    }


def test_the_pages_of_the_list_hold_every_wait_once_newest_first(waits, monkeypatch):
    monkeypatch.setattr("dangol.inbox.waits.PAGE", 7)
    seen, after = [], ""
    while True:
        page = wait_page(DAYS, after=after, at=NOON)
        seen += [(row.began_at, row.url) for row in page.rows]
        after = page.next
        if not after:
            break
    assert len(set(seen)) == len(seen) == waits_in(DAYS, at=NOON).count()
    assert [began for began, _url in seen] == sorted((began for began, _url in seen), reverse=True)


def test_the_list_says_how_long_it_took_and_who_answered(receive, hana):
    talk = receive(mail(), at=NOON - timedelta(hours=1)).conversation
    wait = Wait.objects.get(conversation=talk)
    which = Waits(NOON.date(), NOON.date(), SEOUL)
    (row,) = wait_page(which, after="", at=NOON).rows
    assert (row.name, row.outcome, row.wall_seconds, row.answered_by) == ("Sora Kim", "overdue", 3600, "")

    Wait.objects.filter(pk=wait.pk).update(
        answered_at=NOON, answered_by=hana, wall_seconds=3600, opening_seconds=1200, is_kept=True
    )
    (row,) = wait_page(which, after="", at=NOON).rows
    assert (row.outcome, row.opening_seconds, row.wall_seconds) == ("kept", 1200, 3600)
    assert row.answered_by == "Hana"
    assert row.url.endswith(f"/inbox/{talk.pk}/?message={wait.message_id}#message-{wait.message_id}")


def test_waits_can_be_asked_for_by_the_day_of_their_answer(receive, hana):
    wait = Wait.objects.get(conversation=receive(mail(), at=NOON - timedelta(days=1)).conversation)
    Wait.objects.filter(pk=wait.pk).update(
        answered_at=NOON, answered_by=hana, wall_seconds=86400, opening_seconds=9000, is_kept=False
    )
    today = Waits(NOON.date(), NOON.date(), SEOUL, by_answer=True)
    assert figures_of(read_cells(today, at=NOON)).median == 9000
    assert figures_of(read_cells(Waits(NOON.date(), NOON.date(), SEOUL), at=NOON)).is_empty


def test_a_glance_says_the_same(waits, mailbox, django_assert_num_queries):
    stretches = [
        DAYS,
        replace(DAYS, last_day=DAYS.first_day),
        replace(DAYS, kind="next"),
        replace(DAYS, kind="first", by_answer=True, mailbox_id=mailbox.pk),
    ]
    with django_assert_num_queries(1):
        glances = read_glances(stretches, at=NOON)
    for which, glance in zip(stretches, glances, strict=True):
        cells = read_cells(which, at=NOON)
        whole, first = figures_of(cells), figures_of(cell for cell in cells if cell.kind == "first")
        assert whole.kept
        assert (glance.first_median, glance.first_middle) == (first.median, first.middle)
        assert (glance.answered, glance.within) == (whole.answered, whole.within)
        assert (glance.kept, glance.unpromised) == (whole.kept, whole.unpromised)
        assert glance.is_empty == whole.is_empty


def test_a_glance_at_nothing_is_empty(mailbox):
    assert [glance.is_empty for glance in read_glances([DAYS, DAYS], at=NOON)] == [True, True]
