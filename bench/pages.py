"""Server time of pages, by number of conversations.

    python bench/pages.py --sizes 1000 20000
    python bench/pages.py --sizes 1000 20000 200000 1000000 --keep /tmp/desks     (filled once, measured again quickly)

Each desk has its own process, and they are asked in turn, so that what else the machine does slows all of them down
alike. Of several rounds the quickest is shown. Conversations, customers and places in lists are others each time.
"""

import argparse
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

WARM_UP = 5


@dataclass(frozen=True)
class Round:
    """So many requests for a page: milliseconds on the wall and of this process, and the queries of one."""

    wall: list[float]
    busy: list[float]
    queries: int


def main() -> None:
    """Fill what is not filled yet, ask for each page of each desk, and print a table."""
    wanted = _options()
    from desks import desks

    with desks(wanted.sizes, keep=wanted.keep, postgres=wanted.postgres, a_day=wanted.a_day) as found:
        workers = {size: _start(environment, wanted.seed) for size, environment in found.items()}
        names = {size: worker.recv() for size, worker in workers.items()}
        print(
            f"{'page':>20}{'conversations':>15}{'p50 ms':>9}{'p95 ms':>9}{'busy p50':>10}{'queries':>9}{'p50 ×':>8}"
        )
        for page in names[max(names)]:
            rounds: dict[int, list[Round]] = {size: [] for size in workers if page in names[size]}
            for _ in range(wanted.rounds):
                for size, done in rounds.items():
                    workers[size].send((page, wanted.requests))
                    done.append(workers[size].recv())
            _print(page, rounds)
        for worker in workers.values():
            worker.send(None)


def _print(page: str, rounds: dict[int, list[Round]]) -> None:
    smallest = None
    for size, done in rounds.items():
        middle = min(statistics.median(each.wall) for each in done)
        late = min(statistics.quantiles(each.wall, n=20)[18] for each in done)
        busy = min(statistics.median(each.busy) for each in done)
        smallest = smallest or busy
        queries = "–".join(map(str, sorted({each.queries for each in done})))
        print(
            f"{page:>20}{size:15,}{middle:9.1f}{late:9.1f}{busy:10.1f}{queries:>9}{busy / smallest:8.2f}",
            flush=True,
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 20000])
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--a-day", type=int, default=200, help="conversations that begin in a day (default 200)"
    )
    parser.add_argument("--keep", type=Path, help="a folder where the filled desks are, and stay")
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _start(environment: dict[str, str], seed: int) -> "Connection[Any, Any]":
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    context.Process(target=_work, args=(theirs, environment, seed), daemon=True).start()
    theirs.close()
    return ours


def _work(line: "Connection[Any, Any]", environment: dict[str, str], seed: int) -> None:
    os.environ.update(environment)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)  # a desk that was kept, without the backup that an upgrade makes
    pages = _pages(random.Random(seed))
    line.send(list(pages))
    while (asked := line.recv()) is not None:
        page, requests = asked
        line.send(_measure(pages[page], requests))


def _pages(chance: random.Random) -> dict[str, Iterator[str]]:
    """The addresses to ask for, without end."""
    from dangol.inbox.models import Conversation, Message
    from dangol.kernel.places import Place

    last = Conversation.objects.latest("id").pk

    def some() -> Conversation:
        return Conversation.objects.get(pk=chance.randint(1, last))

    def place() -> Place:
        begin = chance.randint(1, last // 2)
        near = Conversation.objects.filter(pk__gte=begin, pk__lt=begin + 200)
        row = next(row for row in near if row.state == "done")
        return Place(row.due_at, row.pk)

    def lasting(address: str) -> Iterator[str]:
        while True:
            yield address

    def message() -> int:
        said = Message.objects.filter(conversation=last)
        return chance.choice(list(said.values_list("pk", flat=True)))

    pages = {
        "inbox": lasting("/inbox/"),
        "inbox, done": lasting("/inbox/?tab=done"),
        "inbox, done, far": (f"/inbox/?tab=done&after={place()}" for _ in lasting("")),
        "conversation": (f"/inbox/{some().pk}/" for _ in lasting("")),
        "customer": (f"/customers/{some().customer_id}/" for _ in lasting("")),
        "today": lasting("/"),
        "answer times": lasting("/times/"),
        "answer times, list": lasting("/times/conversations/"),
    }
    if last > 100_000:
        pages |= {
            "customer with 10,000": lasting("/customers/1/"),
            "1,000 messages": lasting(f"/inbox/{last}/"),
            "1,000 messages, one": (f"/inbox/{last}/?message={message()}" for _ in lasting("")),
        }
    return pages


def _measure(addresses: Iterator[str], requests: int) -> Round:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from dangol.staff.models import Staff

    client = Client(SERVER_NAME="localhost")
    person = Staff.objects.first()
    assert person is not None
    client.force_login(person)
    for _, address in zip(range(WARM_UP), addresses, strict=False):
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
    address = next(addresses)
    with CaptureQueriesContext(connection) as seen:
        client.get(address)
    queries = len(seen)  # now: the next request empties the log
    wall, busy = [], []
    for _ in range(requests):
        address = next(addresses)
        began, worked = time.perf_counter(), time.process_time()
        client.get(address)
        wall.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - worked) * 1000)
    return Round(wall, busy, queries)


if __name__ == "__main__":
    main()
