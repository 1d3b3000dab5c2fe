"""How fast mail is taken in.

python bench/intake.py --mails 2000
"""

import argparse
import contextlib
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from desks import postgres_server
from mailmaker import write_maildir


def main() -> None:
    """Write a Maildir, take it in as live mail and as an import, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--postgres", action="store_true", help="on a private server")
    wanted = parser.parse_args()
    with postgres_server(None) if wanted.postgres else contextlib.nullcontext() as url:
        if url:
            os.environ["DATABASE_URL"] = url
        _measure(wanted.mails)


def _measure(mails: int) -> None:
    work = Path(tempfile.mkdtemp(prefix="dangol-bench-"))
    try:
        expected = write_maildir(work / "maildir", mails)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
        os.environ["DANGOL_DATA"] = str(work / "data")
        from dangol.running import prepare

        prepare(quiet=True)
        from django.db import connection

        print(f"{mails} mails, {expected} conversations, {connection.vendor}")
        print(
            f"{'':12}{'mails/s':>10}{'seconds':>10}{'CPU s':>8}{'conversations':>16}{'right':>8}{'peak MB':>10}"
        )
        for way in (_live, _import):
            (seconds, cpu), found = way(work / "maildir")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{way.__name__.strip('_'):12}{mails / seconds:10.0f}{seconds:10.1f}{cpu:8.1f}{found:16d}"
                f"{'yes' if found == expected else 'NO':>8}{peak:10.0f}"
            )
    finally:
        shutil.rmtree(work)


def _live(maildir: Path) -> tuple[tuple[float, float], int]:
    """Stored in batches as the fetcher does, then taken in by the intake loop: both are in the time."""
    from dangol.channels.commands import Arrival, store_raw
    from dangol.channels.email.files import messages_in
    from dangol.channels.fetching import BATCH
    from dangol.inbox.intake import take_in_batch
    from dangol.kernel import clock
    from dangol.kernel.db import relax_durability

    channel = _mailbox("live@moonburger.test")
    relax_durability()
    began = _now()
    batch: list[Arrival] = []
    for _name, content in messages_in(maildir):
        batch.append(Arrival(content, clock.now()))
        if len(batch) == BATCH:
            store_raw(channel=channel, arrivals=batch, at=clock.now())
            batch = []
    if batch:
        store_raw(channel=channel, arrivals=batch, at=clock.now())
    while take_in_batch():
        pass
    return _since(began), _conversations(channel)


def _import(maildir: Path) -> tuple[tuple[float, float], int]:
    from dangol.channels.email.files import messages_in
    from dangol.inbox.mail_import import import_mail

    channel = _mailbox("import@moonburger.test")
    began = _now()
    import_mail(channel=channel, messages=messages_in(maildir))
    return _since(began), _conversations(channel)


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    return time.perf_counter() - began[0], time.process_time() - began[1]


def _mailbox(address: str):  # type: ignore[no-untyped-def]
    from dangol.channels.models import Channel, Mailbox
    from dangol.kernel import clock

    channel = Channel.objects.create(name=address, created_at=clock.now())
    Mailbox.objects.create(channel=channel, address=address)
    return Channel.objects.select_related("mailbox").get(pk=channel.pk)


def _conversations(channel: object) -> int:
    from dangol.inbox.models import Conversation

    return Conversation.objects.filter(channel=channel, merged_into=None).count()


if __name__ == "__main__":
    main()
