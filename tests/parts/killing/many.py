"""Many processes: two each of fetch, work and web, of which one each is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.parts.killing import Plan, Report
from tests.parts.killing.count_received import count_received
from tests.parts.killing.count_sent import count_sent
from tests.parts.killing.mails import deliver, write_mails
from tests.parts.killing.receiving import make_mailbox, wait_until_all_is_in
from tests.parts.killing.settling import until
from tests.parts.killing.sink import Sink
from tests.parts.killing.victims import Victims, fetch, fork, work

_ESTABLISHED = "01"  # as the kernel writes it in its table of lines


def run_many(plan: Plan, report: Report) -> None:
    """Two each of fetch, work and web; one of each is killed midway, and nobody takes its place."""
    from dangol.channels.models import Raw
    from dangol.kernel import events
    from dangol.kernel.models import Lease
    from dangol.running import listen, serve

    mails = write_mails(plan.mails, plan.seed)
    sink = Sink(plan)
    make_mailbox(plan, sink)
    key, begun = _sign_in(), events.latest()
    doors = [listen("127.0.0.1", 0) for _ in range(2)]
    ports = [door.getsockname()[1] for door in doors]
    parts: dict[str, Callable[[], None]] = {
        "fetch 1": fetch, "fetch 2": fetch, "work 1": work, "work 2": work,
        "web 1": lambda: serve(doors[0]), "web 2": lambda: serve(doors[1]),
    }  # fmt: skip
    victims = Victims(parts, random.Random(plan.seed + 1))
    for door in doors:
        door.close()
    pages = [Path(plan.folder) / f"page{number}" for number in range(2)]
    browsers = [
        fork(lambda page=page, tried=tried: _browse(page, tried, key, str(begun)))  # type: ignore[misc]
        for page, tried in zip(pages, (ports, ports[::-1]), strict=True)
    ]
    postman = fork(lambda: deliver(plan, mails))
    watched = LeaseWatch(plan, report)
    try:
        until(
            watched.looking(lambda: Raw.objects.count() > plan.mails // 4), plan, report, "the first fetching"
        )
        holders = {
            name: int(holder.split(":")[1]) for name, holder in Lease.objects.values_list("name", "holder")
        }
        for kind, lease in (("fetch", "mailbox:"), ("work", "reactions")):
            at_it = {pid for name, pid in holders.items() if name.startswith(lease)}
            mine = [name for name, pid in victims.running.items() if name.startswith(kind) and pid in at_it]
            victims.end((mine or [f"{kind} 1"])[0], signal.SIGKILL)  # the one that has the lease
        victims.end("web 1", signal.SIGKILL)
        report.kills = 3
        _, status = os.waitpid(postman, 0)
        if status:
            report.wrong.append("the postman broke off")
        until(watched.looking(lambda: Raw.objects.count() >= plan.mails), plan, report, "the other fetching")
        wait_until_all_is_in(plan, report)
        _count_shown(pages, begun, plan, report)
    finally:
        for pid in browsers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        victims.stop()
        sink.stop()
    count_received(mails, report)
    count_sent(sink, report)


class LeaseWatch:
    """Looks from outside whether a mailbox is ever fetched by two: by the leases, and by who is signed in there."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan, self.report = plan, report
        self.holder = ""
        self.at_once_before = 0

    def looking(self, is_done: Callable[[], bool]) -> Callable[[], bool]:
        """The same question, with a look at each time."""

        def look_and_ask() -> bool:
            self._look()
            return is_done()

        return look_and_ask

    def _look(self) -> None:
        from dangol.kernel import clock
        from dangol.kernel.models import Lease
        from dangol.kernel.processes import is_gone

        lease = Lease.objects.filter(name__startswith="mailbox:", until__gt=clock.now()).first()
        if lease and lease.holder != self.holder:
            if self.holder and not is_gone(self.holder):
                self.report.wrong.append("the lease of the mailbox went over while its holder was alive")
            self.holder = lease.holder
        address = self.plan.inbox["address"]
        command = ["doveadm", "-c", self.plan.inbox["config"], "who", "-1", address]
        said = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PATH": "/usr/bin:/bin"}
        )
        # Of one that was killed the server may not know yet, while another is just opening its line: so twice in a row.
        at_once = min(said.stdout.count(address), lines_to(self.plan.inbox["imaps"]))
        if min(at_once, self.at_once_before) > 1:
            self.report.wrong.append(f"{at_once} were signed in to the mailbox at once")
        self.at_once_before = at_once


def lines_to(port: int) -> int:
    """How many programs of this machine have an open line to the port: who ends has none at that instant."""
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        if (path := Path("/proc/net", table)).exists()
        for row in path.read_text().splitlines()[1:]
    ]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == _ESTABLISHED for row in rows)


def _sign_in() -> str:
    from django.test import Client

    from dangol.staff.models import Staff

    hana = Staff.objects.create_user("hana@moonburger.test", "a long enough word", name="Hana", role="agent")
    browser = Client()
    browser.force_login(hana)
    return browser.cookies["sessionid"].value


def _browse(page: Path, ports: Sequence[int], key: str, cursor: str) -> None:
    """A page that follows what happens, as a browser does: who loses the line asks the next server for the rest."""
    import http.client
    from itertools import cycle

    for port in cycle(ports):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.request(
                "GET",
                f"/live/?since={cursor}",
                headers={"Cookie": f"sessionid={key}", "Last-Event-ID": cursor},
            )
            for row in line.getresponse():
                name, _, value = row.decode().strip().partition(": ")
                if name == "id":
                    cursor = value
                if name == "data":
                    with page.open("a") as file:
                        file.write(f"{cursor}\n")
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)


def _count_shown(pages: Sequence[Path], begun: Any, plan: Plan, report: Report) -> None:
    """Every page has shown each event once, in order, also the one whose server was killed."""
    from dangol.kernel import events
    from dangol.kernel.events import Cursor

    def happened() -> list[str]:
        return [str(Cursor.after(row)) for row in events.since(begun, limit=100_000) if not row.silent]

    def shown(page: Path) -> list[str]:
        return page.read_text().splitlines() if page.exists() else []

    until(lambda: all(shown(page)[-1:] == happened()[-1:] for page in pages), plan, report, "showing")
    for page in pages:
        if shown(page) != happened():
            report.wrong.append(
                f"a page showed {len(shown(page))} events of {len(happened())}, or not in order"
            )
