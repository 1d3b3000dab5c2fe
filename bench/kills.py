"""Kill the processes at random instants while mail comes and goes, and fill the disk, and count what is lost.

python bench/kills.py
python bench/kills.py --kills 20 --mails 200 --seed 12345 --only receiving
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.parts import killing, mailserver
from tests.parts.killing import Plan, Report
from tests.parts.postgres import PrivatePostgres, find_programs

DISK_MB = 24
COLUMNS = (
    "kills",
    "mails",
    "lost",
    "unfinished",
    "doubled",
    "sent_again",
    "marked",
    "told",
    "set_aside",
    "seconds",
)


def main() -> None:
    """Run each on both databases and print a table; exit 1 when something was lost, doubled or did not end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", choices=["receiving", "sending", "full disk"])
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}")
    print(f"{'':12}{'':12}" + "".join(f"{column.replace('_', ' '):>12}" for column in COLUMNS))
    troubles = []
    for what in ["receiving", "sending", "full disk"]:
        if wanted.only in {None, what}:
            for report in _on_both(what, wanted.seed, wanted.mails, wanted.kills):
                figures = "".join(f"{getattr(report, column):12}" for column in COLUMNS)
                print(f"{what:12}{report.database:12}{figures}", flush=True)
                troubles += [f"{what}, {report.database}: {wrong}" for wrong in report.wrong]
    print("\n".join(troubles))
    sys.exit(bool(troubles))


def _on_both(what: str, seed: int, mails: int, kills: int) -> Iterator[Report]:
    yield _run(what, seed, mails, kills, "")
    programs = find_programs()
    if programs:
        # As a server that keeps things is set up: with what it promises to have written, written.
        with PrivatePostgres(programs) as server:
            yield _run(what, seed, mails, kills, server.make_database())


def _run(what: str, seed: int, mails: int, kills: int, url: str) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="dangol-bench-"))
    try:
        if what == "sending":
            return killing.run("sending", Plan(seed, mails, kills, str(folder)), database_url=url)
        with _mail_server() as server:
            user = server.user("hello@moonburger.test")
            inbox = {
                "address": user.address,
                "password": user.password,
                "imaps": server.ports.imaps,
                "lmtp": str(server.folder / "lmtp"),
            }
            trusting = {"SSL_CERT_FILE": str(server.folder / "cert.pem")}
            if what == "receiving":
                plan = Plan(seed, mails, kills, str(folder), inbox)
            else:
                plan = Plan(seed, min(mails, 300), 0, str(folder), inbox, seconds=20, disk_mb=DISK_MB)
            return killing.run("receiving", plan, database_url=url, environment=trusting)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _mail_server() -> Iterator[mailserver.MailServer]:
    server = mailserver.start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    main()
