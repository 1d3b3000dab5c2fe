import asyncio

from dangol.kernel import bells, live
from dangol.kernel.events import Cursor
from dangol.kernel.models import Event


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


def test_what_happens_is_heard_when_the_bell_rings_and_without_one_a_little_later(
    monkeypatch, tmp_path, settings
) -> None:
    settings.DANGOL_DATA = tmp_path
    waiting: list[Event] = []

    def since(_cursor: Cursor, *, limit: int) -> list[Event]:
        return [waiting.pop(0)] if waiting else []

    def happen(number: int) -> None:
        waiting.append(Event(pk=number, name="MessageArrived", data={}))

    monkeypatch.setattr(live.events, "latest", Cursor)
    monkeypatch.setattr(live.events, "since", since)
    feed = live.Feed()

    async def heard(queue: live.Queue) -> str:
        news = await asyncio.wait_for(queue.get(), 30)
        assert news is not None
        return str(news.cursor)

    async def scenario() -> None:
        monkeypatch.setattr(live, "POLL_SECONDS", 3600)
        queue = await feed.join()
        while not list(tmp_path.glob("bells/events.*")):
            await asyncio.sleep(0.01)
        happen(1)
        bells.ring("events")
        assert await heard(queue) == "0.1"
        feed.leave(queue)

        monkeypatch.setattr(live, "POLL_SECONDS", 0.01)
        queue = await feed.join()
        happen(2)
        assert await heard(queue) == "0.2"
        feed.leave(queue)

    asyncio.run(scenario())


def test_a_browser_hears_all_that_waits_for_it_and_nothing_when_it_is_gone(monkeypatch) -> None:
    sent: list[str] = []

    async def send(message) -> None:
        sent.append(message["body"].decode())

    async def scenario() -> None:
        queue: live.Queue = asyncio.Queue()
        monkeypatch.setattr(live.feed, "queues", {queue})
        gone = asyncio.Event()
        until_gone = asyncio.create_task(gone.wait())
        scope = {"headers": [], "query_string": b""}
        stream = asyncio.create_task(live._follow(scope, send, queue, until_gone, None))  # type: ignore[arg-type]
        for number in (1, 2, 2, 3):
            queue.put_nowait(live.News(Cursor(0, number), f"<{number}>"))
        while not "".join(sent).endswith("<3>"):
            await asyncio.sleep(0.01)
        assert "".join(sent).endswith("<1><2><3>")
        gone.set()
        await until_gone
        queue.put_nowait(live.News(Cursor(0, 4), "<4>"))
        await asyncio.wait_for(stream, live.QUIET_SECONDS / 3)
        assert "<4>" not in "".join(sent)

    asyncio.run(scenario())
