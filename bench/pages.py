"""Server time of pages, by number of conversations.

python bench/pages.py --sizes 1000 20000
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> None:
    """Fill a desk to each size in turn, ask for each page, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 20000])
    parser.add_argument("--requests", type=int, default=100)
    wanted = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="dangol-bench-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
    os.environ["DANGOL_DATA"] = str(work / "data")
    os.environ["DANGOL_LOG"] = "ERROR"
    try:
        from dangol.running import prepare

        prepare(quiet=True)
        _set_up()
        from fill import fill

        print(f"{'conversations':>14}{'page':>16}{'p50 ms':>9}{'p95 ms':>9}{'queries':>9}")
        have = 0
        for size in wanted.sizes:
            fill(size - have, seed=size)
            have = size
            for page, address in _pages().items():
                times, queries = _measure(address, wanted.requests)
                cut = statistics.quantiles(times, n=20)
                print(f"{size:14,}{page:>16}{statistics.median(times):9.1f}{cut[18]:9.1f}{queries:9}")
    finally:
        shutil.rmtree(work)


def _set_up() -> None:
    from dangol.business.models import Business
    from dangol.kernel import clock

    Business.objects.create(
        name="Bench", time_zone="Asia/Seoul", set_up_step="", set_up_at=clock.now(), country="KR"
    )


def _pages() -> dict[str, str]:
    from dangol.inbox.models import Conversation

    middle = Conversation.objects.filter(state="waiting").order_by("due_at")[3]
    return {
        "inbox": "/inbox/",
        "inbox done": "/inbox/?tab=done",
        "conversation": f"/inbox/{middle.pk}/",
        "customer": f"/customers/{middle.customer_id}/",
        "today": "/",
        "answer times": "/times/",
    }


def _measure(address: str, requests: int) -> tuple[list[float], int]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from dangol.staff.models import Staff

    client = Client(SERVER_NAME="localhost")
    person = Staff.objects.first()
    assert person is not None
    client.force_login(person)
    for _ in range(5):
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
    with CaptureQueriesContext(connection) as seen:
        client.get(address)
    queries = len(seen)  # now: the next request empties the log
    times = []
    for _ in range(requests):
        began = time.perf_counter()
        client.get(address)
        times.append((time.perf_counter() - began) * 1000)
    return times, queries


if __name__ == "__main__":
    main()
