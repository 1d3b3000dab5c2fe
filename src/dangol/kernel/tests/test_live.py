import asyncio

from dangol.kernel import live
from dangol.kernel.events import Cursor


def test_a_database_that_came_back_older_ends_the_streams_at_once(monkeypatch) -> None:
    monkeypatch.setattr(live.events, "latest", lambda: Cursor(0, 3))
    feed = live.Feed()
    feed.cursor = Cursor(0, 8)
    monkeypatch.setattr(live, "feed", feed)
    sent: list[object] = []

    async def send(message) -> None:
        sent.append(message)

    async def scenario() -> None:
        queue: asyncio.Queue[object] = asyncio.Queue(10)
        feed.queues.add(queue)  # type: ignore[arg-type]
        gone = asyncio.create_task(asyncio.Event().wait())
        scope = {"headers": [], "query_string": b""}
        stream = asyncio.create_task(live._follow(scope, send, queue, gone, None))  # type: ignore[arg-type]
        while not sent:
            await asyncio.sleep(0)
        await feed._begin_anew()
        await asyncio.wait_for(stream, live.QUIET_SECONDS / 3)
        gone.cancel()

    asyncio.run(scenario())
    assert feed.cursor == Cursor(0, 3)
    assert not feed.queues
