"""Pages that were further than the database is now: it was put back from a backup, or lost its last moment."""

import asyncio
from typing import Any

import pytest
from django.db import transaction

from dangol.kernel import events, live
from dangol.kernel.events import Cursor
from dangol.staff.events import StaffRoleChanged
from tests.parts.cast import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def first_words(cookie: str, last_id: str) -> str:
    """What the stream says first to a browser that comes back with this id."""

    async def listen() -> str:
        said: list[str] = []
        enough = asyncio.Event()

        async def send(message: Any) -> None:
            said.append(message.get("body", b"").decode())
            if "event:" in said[-1]:
                enough.set()

        headers = [(b"cookie", f"sessionid={cookie}".encode()), (b"last-event-id", last_id.encode())]
        scope = {"type": "http", "headers": headers, "query_string": b""}
        stream = asyncio.create_task(live.stream(scope, asyncio.Event().wait, send))  # type: ignore[arg-type]
        await asyncio.wait_for(enough.wait(), 20)
        stream.cancel()
        return "".join(said)

    return asyncio.run(listen())


@pytest.fixture
def cookie(client, hana) -> str:
    client.force_login(hana)
    return client.cookies["sessionid"].value


def happen(hana) -> Cursor:
    with transaction.atomic():
        events.emit(StaffRoleChanged(happened_at=NOON, staff_id=hana.pk))
    return events.latest()


def test_a_page_that_is_further_than_the_database_loads_again(cookie, hana):
    now = happen(hana)
    said = first_words(cookie, str(Cursor(now.transaction, now.event_id + 1000)))
    assert "event: reload" in said
    assert f"id: {now}\n" in said, "and goes on from where the database is"


def test_a_page_that_is_behind_gets_the_rest_and_nothing_else(cookie, hana):
    before = events.latest()
    happen(hana)
    assert "event: happened" in first_words(cookie, str(before))


def test_after_a_failure_the_feed_lets_go_of_who_is_further_than_the_database(hana):
    async def begin_anew(cursor: Cursor) -> tuple[Cursor, int]:
        feed = live.Feed()
        feed.cursor = cursor
        feed.queues.add(asyncio.Queue())
        await feed._begin_anew()
        return feed.cursor, len(feed.queues)

    now = happen(hana)
    assert asyncio.run(begin_anew(Cursor(now.transaction, now.event_id + 5))) == (now, 0)
    assert asyncio.run(begin_anew(now)) == (now, 1)
