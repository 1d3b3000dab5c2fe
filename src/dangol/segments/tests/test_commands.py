from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dangol.customers.commands.merging import merge_customers
from dangol.customers.models import Customer, Segment
from dangol.inbox.commands import clock as due_times
from dangol.inbox.models import Conversation, Wait
from dangol.kernel.errors import NotAllowed
from dangol.kernel.models import AuditEntry
from dangol.kernel.models import Event as Told
from dangol.segments import following
from dangol.segments.commands import (
    Playbook,
    change_segment,
    make_segment,
    order_segments,
    playbook_of,
    put_on_list,
    put_segment_back,
    remove_segment,
    take_off_list,
)
from dangol.segments.counting import count_people
from dangol.segments.errors import (
    NotAList,
    NothingBelow,
    PutBackAlready,
    SegmentNameMissing,
    SegmentNameTaken,
)
from dangol.segments.queries import all_segments, first_members
from dangol.segments.renewing import renew_further, renewal_left
from dangol.segments.rules import Flag, Number, OneOf
from dangol.segments.tests.people import a_shop, members, settle, somebody
from tests.parts.cast import JAMES, NOON, SORA, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db):
    return a_shop()


def due() -> dict[str, int | None]:
    """Promised minutes of each open wait, by the customer's name."""
    rows = Wait.objects.filter(answered_at=None).values_list(
        "conversation__customer__name", "promised_seconds"
    )
    return {name: seconds and seconds // 60 for name, seconds in rows}


def test_a_segment_is_made_counted_and_told(minji, shop):
    sora = somebody(birth_year=1990)
    somebody("James")
    settle()

    segment = make_segment(
        actor=minji, name=" Millennials ", rule=OneOf("generation", ("millennial",)), at=NOON
    )

    assert (segment.name, segment.counted_at, members(segment)) == ("Millennials", NOON, {sora.pk})
    assert Told.objects.get(name="SegmentMade").data == {"segment_id": segment.pk}
    assert AuditEntry.objects.get(act="make_segment").after["name"] == "Millennials"


def test_what_cannot_be_is_refused(minji, hana, shop):
    with pytest.raises(NotAllowed):
        make_segment(actor=hana, name="Mine", rule=None, at=NOON)
    with pytest.raises(SegmentNameMissing):
        make_segment(actor=minji, name="  ", rule=None, at=NOON)
    make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    with pytest.raises(SegmentNameTaken):
        make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    with pytest.raises(NothingBelow):
        make_segment(actor=minji, name="Cheap", rule=None, playbook=Playbook(limit_an_act=-1), at=NOON)
    assert Segment.objects.count() == 1


def test_nobody_has_more_of_anything_than_a_database_counts(minji, shop):
    sora = somebody()
    settle()
    more, less = (
        make_segment(actor=minji, name=bound, rule=Number("orders", bound, 3_000_000_000), at=NOON)
        for bound in ("at_least", "at_most")
    )
    assert (members(more), members(less)) == (set(), {sora.pk})


@pytest.mark.only_postgres
@pytest.mark.django_db(transaction=True)
def test_who_is_counted_while_a_segment_is_made_is_in_it(minji):
    a_shop()
    sora = somebody()
    settle()
    is_counted, is_made = Event(), Event()

    def count() -> None:
        with transaction.atomic():
            Customer.objects.filter(pk=sora.pk).update(company="Moon")
            count_people([sora.pk], at=NOON)
            is_counted.set()
            while not (is_made.is_set() or somebody_waits()):
                pass
        connection.close()

    def make() -> None:
        is_counted.wait()
        make_segment(actor=minji, name="Offices", rule=Flag("company"), at=NOON)
        is_made.set()
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(count), pool.submit(make)]:
            each.result()

    assert members(Segment.objects.get()) == {sora.pk}


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return bool(cursor.fetchone()[0])


def test_a_segment_that_promises_nothing_leaves_the_waits_alone(minji, shop):
    quiet = make_segment(actor=minji, name="Quiet", rule=Flag("company"), at=NOON)
    with CaptureQueriesContext(connection) as asked:
        change_segment(
            actor=minji,
            segment=quiet,
            name="Quiet",
            rule=Flag("birth_year_known"),
            playbook=Playbook(),
            at=NOON,
        )
        put_segment_back(actor=minji, removal=remove_segment(actor=minji, segment=quiet, at=NOON), at=NOON)
    assert not [each for each in asked if "inbox_wait" in each["sql"]]


def test_a_removed_segment_comes_back_as_it_was_under_its_old_address(minji, shop):
    sora, james = somebody(), somebody("James", company="Moon")
    settle()
    playbook = Playbook(greeting="Dear friend", limit_an_act=5_000, first_promise_minutes=15)
    regulars = make_segment(actor=minji, name="Regulars", rule=None, playbook=playbook, at=NOON)
    offices = make_segment(actor=minji, name="Offices", rule=Flag("company"), at=NOON)
    put_on_list(actor=minji, segment=regulars, customers=[sora.pk], at=NOON)

    gone = [remove_segment(actor=minji, segment=each, at=NOON) for each in (regulars, offices)]
    assert not Segment.objects.exists()
    for removal in gone:
        put_segment_back(actor=minji, removal=removal, at=NOON + timedelta(hours=1))

    assert members(regulars) == {sora.pk}
    assert members(offices) == {james.pk}
    assert playbook_of(Segment.objects.get(pk=regulars.pk)) == playbook
    assert list(Segment.objects.order_by("position").values_list("pk", "created_at")) == [
        (regulars.pk, NOON),
        (offices.pk, NOON),
    ]
    with pytest.raises(PutBackAlready):
        put_segment_back(actor=minji, removal=gone[0], at=NOON)


def test_a_list_holds_people_whichever_row_was_put_on_it(minji, shop):
    sora, second = somebody(), somebody("Sora K")
    settle()
    vip = make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    assert put_on_list(actor=minji, segment=vip, customers=[second.pk], at=NOON) == 1
    merge_customers(actor=minji, kept=sora, gone=second, take=[], at=NOON)
    settle()

    assert put_on_list(actor=minji, segment=vip, customers=[sora.pk], at=NOON) == 0
    assert take_off_list(actor=minji, segment=vip, customer=sora, at=NOON)
    assert members(vip) == set()
    assert not take_off_list(actor=minji, segment=vip, customer=sora, at=NOON)
    rule = make_segment(actor=minji, name="Offices", rule=Flag("company"), at=NOON)
    with pytest.raises(NotAList):
        put_on_list(actor=minji, segment=rule, customers=[sora.pk], at=NOON)


def test_who_is_on_a_list_by_two_rows_is_one(minji, shop):
    people = [somebody(name) for name in ("Sora", "Sora K", "S. Kim", "James")]
    vip = make_segment(actor=minji, name="VIP", rule=None, at=NOON)
    put_on_list(actor=minji, segment=vip, customers=[person.pk for person in people], at=NOON)
    for gone in people[1:3]:
        merge_customers(actor=minji, kept=people[0], gone=gone, take=[], at=NOON)

    assert [row.count for row in all_segments()] == [len(first_members(vip))] == [2]


def test_the_strictest_playbook_goes_before_the_mailbox_and_the_clock_follows_every_change(
    minji, shop, receive
):
    """The mailbox promises thirty minutes; who waits is due by what their segments promise."""
    receive(mail(SORA))
    receive(mail(JAMES, "Opening hours?"))
    settle()
    assert due() == {"Sora Kim": 30, "James Lee": 30}
    by_name = {row.customer.name: row.customer_id for row in Conversation.objects.select_related("customer")}

    relaxed = make_segment(
        actor=minji, name="Wrote", rule=Number("conversations", "at_least", 1),
        playbook=Playbook(first_promise_minutes=120), at=NOON,
    )  # fmt: skip
    settle()
    assert due() == {"Sora Kim": 120, "James Lee": 120}
    vip = make_segment(
        actor=minji, name="VIP", rule=None, playbook=Playbook(first_promise_minutes=10), at=NOON
    )
    put_on_list(actor=minji, segment=vip, customers=[by_name["Sora Kim"]], at=NOON)
    settle()
    assert due() == {"Sora Kim": 10, "James Lee": 120}
    assert Conversation.objects.get(customer=by_name["Sora Kim"]).due_at == NOON + timedelta(minutes=10)

    receive(mail("Mira <mira@example.com>", "First time here"))  # whom nobody has counted yet
    assert due()["Mira"] == 30
    settle()
    assert due()["Mira"] == 120
    receive(mail(SORA, "Another matter"))
    assert set(
        Wait.objects.filter(conversation__customer=by_name["Sora Kim"]).values_list(
            "promised_seconds", flat=True
        )
    ) == {600}

    change_segment(
        actor=minji,
        segment=relaxed,
        name="Wrote",
        rule=Flag("company"),
        playbook=Playbook(first_promise_minutes=120),
        at=NOON,
    )
    settle()
    assert due() == {"Sora Kim": 10, "James Lee": 30, "Mira": 30}
    remove_segment(actor=minji, segment=vip, at=NOON)
    settle()
    assert due()["Sora Kim"] == 30


def test_a_changed_promise_is_kept_in_pieces_also_after_a_kill_and_a_second_change(
    minji, shop, receive, monkeypatch
):
    """Three wait, and the worker looks at one at a time."""
    monkeypatch.setattr(due_times, "BATCH", 1)
    monkeypatch.setattr(following.time, "sleep", lambda _: None)
    for who in (SORA, JAMES, "Mira <mira@example.com>"):
        receive(mail(who))
    settle()
    wrote = Number("conversations", "at_least", 1)
    segment = make_segment(
        actor=minji, name="Wrote", rule=wrote, playbook=Playbook(first_promise_minutes=120), at=NOON
    )
    assert (renewal_left(), sorted(due().values())) == (3, [30, 30, 30])

    assert renew_further(at=NOON)
    assert (renewal_left(), sorted(due().values())) == (2, [30, 30, 120])
    with monkeypatch.context() as killed:
        killed.setattr(due_times.Wait.objects, "bulk_update", fail)
        with pytest.raises(Killed):
            renew_further(at=NOON)
    assert (renewal_left(), sorted(due().values())) == (2, [30, 30, 120])

    change_segment(
        actor=minji, segment=segment, name="Wrote", rule=wrote, at=NOON,
        playbook=Playbook(first_promise_minutes=60),
    )  # fmt: skip
    assert renewal_left() == 3
    settle()
    assert (renewal_left(), sorted(due().values())) == (0, [60, 60, 60])
    assert not renew_further(at=NOON)


class Killed(Exception):
    """As if the process ended here."""


def fail(*_: object, **__: object) -> None:
    raise Killed


def test_the_owner_says_which_playbook_comes_first(minji, shop):
    ids = [make_segment(actor=minji, name=name, rule=None, at=NOON).pk for name in "ABC"]

    order_segments(actor=minji, ids=[ids[2], ids[0]], at=NOON)

    assert list(Segment.objects.order_by("position").values_list("name", flat=True)) == ["C", "A", "B"]
