"""Kill Dangol's processes at random instants while mail comes and goes, start them again, and count.

    python -m tests.parts.killing receiving '{"mails": 60, "kills": 20, …}'

It is a process of its own, over its own database: it loads the code once, as `dangol up` does, and forks what is to be
killed, so that two hundred kills do not cost two hundred imports. What it found is printed as one line of JSON; `wrong`
says in sentences what does not agree and is empty where all came to its end, nothing was lost and nothing doubled. The
same seed makes the same mails and the same pauses between the kills; where a kill meets the program, the machine
decides.

It goes on for as long as anything moves. What is still under way when nothing has moved for `settling` seconds is
`unfinished`, on which a slow machine may be to blame; `lost` is only what the program was done with and is not there.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
LONGEST_PAUSE: Final = 1.2  # seconds from a start to the next kill; most are much shorter
DUE_SOON: Final = 5  # times `settling`: what is tried again so soon is waited for
LONGEST_SECONDS: Final = 6 * 3600  # of one run, after which it is broken off
LARGE: Final = 330_000  # of noise: too large for the row, so that it becomes a file


@dataclass(frozen=True)
class Plan:
    """What is to happen. `inbox` is the account that is fetched, with the servers' ports and the LMTP socket."""

    seed: int
    mails: int
    kills: int
    folder: str
    inbox: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0  # over which the mails arrive, at least
    disk_mb: int = (
        0  # the data folder is on a disk of this size, which is filled up twice; 0: on that of the machine
    )
    settling: float = 240.0  # seconds without anything moving, after which no more is waited for
    forgets: int = 0  # so many mails the server that takes them forgets, to see that it is noticed
    puts_off: int = 0  # and so many it does not take now


@dataclass
class Report:
    """What came of it."""

    database: str
    seed: int
    kills: int
    mails: int
    lost: int = 0
    unfinished: int = 0
    doubled: int = 0
    set_aside: int = 0
    sent_again: int = 0
    marked: int = 0
    told: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def run(
    what: str, plan: Plan, *, database_url: str = "", environment: dict[str, str] | None = None
) -> Report:
    """Run it in a process of its own and return the report."""
    process = begin(what, plan, database_url=database_url, environment=environment)
    return finish(process)


def begin(
    what: str, plan: Plan, *, database_url: str = "", environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Begin it in a process of its own: `receiving`, `sending` or `many`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DANGOL_", "DATABASE_"))}
    own_disk = ["unshare", "--mount", *(["--user", "--map-root-user"] if os.geteuid() else [])]
    return subprocess.Popen(
        [
            *(own_disk if plan.disk_mb else []),
            sys.executable,
            "-m",
            "tests.parts.killing",
            what,
            json.dumps(asdict(plan)),
        ],
        env={
            **kept,
            "DANGOL_DATA": str(Path(plan.folder) / "data"),
            "DJANGO_SETTINGS_MODULE": "dangol.settings",
            "DANGOL_LOG": "CRITICAL",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            **({"DATABASE_URL": database_url} if database_url else {}),
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Report:
    """The report of what was begun; RuntimeError when it broke off."""
    try:
        printed, _ = process.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"the killing broke off with {process.returncode}: {printed}")
    return Report(**json.loads(printed.splitlines()[-1]))


# --- in that process ------------------------------------------------------------------------------


def _main() -> None:
    what, plan = sys.argv[1], Plan(**json.loads(sys.argv[2]))
    if plan.disk_mb:
        _mount_disk(Path(plan.folder) / "data", plan.disk_mb)
    from dangol.running import prepare

    prepare(quiet=True)
    from django.db import connection

    report = Report(connection.vendor, plan.seed, plan.kills, plan.mails)
    began = time.monotonic()
    {"receiving": _receive, "sending": _send, "many": _run_many}[what](plan, report)
    report.seconds = round(time.monotonic() - began, 1)
    print(json.dumps(asdict(report)))


def _fork(part: Callable[[], None]) -> int:
    from django.db import connections

    from dangol.processes import fork_part

    connections.close_all()
    return fork_part(part)


class Victims:
    """The processes that are killed and begun again."""

    def __init__(self, parts: dict[str, Callable[[], None]], chance: random.Random) -> None:
        self.parts, self.chance = parts, chance
        self.running = {name: _fork(part) for name, part in parts.items()}

    def kill(self, times: int) -> None:
        """Kill one or another so often, after pauses from a hundredth of a second to about one."""
        for _ in range(times):
            # Short pauses find the windows at a start, long ones those of a process at work.
            time.sleep(10 ** self.chance.uniform(-2, 0) * LONGEST_PAUSE)
            name = self.chance.choice(list(self.parts))
            self.end(name, signal.SIGKILL)
            self.running[name] = _fork(self.parts[name])

    def end(self, name: str, how: signal.Signals) -> None:
        pid = self.running.pop(name)
        os.kill(pid, how)
        os.waitpid(pid, 0)

    def stop(self) -> None:
        """End all in order."""
        for name in list(self.running):
            self.end(name, signal.SIGTERM)


def _fetch() -> None:
    from dangol.loops import fetch_loops
    from dangol.running import run_until_signal

    run_until_signal(fetch_loops())


def _work() -> None:
    from dangol.loops import work_loops
    from dangol.running import run_until_signal

    run_until_signal(work_loops())


def _until(is_done: Callable[[], bool], plan: Plan, report: Report, what: str) -> bool:
    """Wait for it as long as anything moves or is due soon; else say so in the report and return False."""
    from django.db import close_old_connections

    from dangol.kernel.troubles import DATABASE_AWAY

    deadline = time.monotonic() + plan.settling
    moved: tuple[object, ...] = ()
    while True:
        try:
            if is_done():
                return True
            if moved != (moved := _moved_so_far(plan)) or _is_due_soon(plan):
                deadline = time.monotonic() + plan.settling  # a busy machine takes its time
        except DATABASE_AWAY:
            pass
        if time.monotonic() > deadline:
            report.wrong.append(f"unfinished: {what} did not go on for {plan.settling:.0f} s")
            return False
        close_old_connections()
        time.sleep(0.2)


def _moved_so_far(plan: Plan) -> tuple[object, ...]:
    """Something that is another one as soon as anything was fetched, taken in, tried, handed over or reacted to."""
    from django.db.models import Count, Max, Sum

    from dangol.channels.models import Delivery, Mailbox, Raw
    from dangol.kernel.models import Event, Follower, Setback

    sink = Path(plan.folder) / "sink.jsonl"
    return (
        sink.stat().st_size if sink.exists() else 0,
        sorted(Raw.objects.values_list("state").annotate(Count("pk"), Sum("tries"))),
        sorted(Delivery.objects.values_list("state").annotate(Count("pk"), Sum("tries"))),
        sorted(Mailbox.objects.values_list("pk", "last_uid")),
        sorted(Follower.objects.values_list("name", "event_id")),
        sorted(Setback.objects.values_list("pk", "tries")),
        Event.objects.aggregate(Max("pk"))["pk__max"],
    )


def _is_due_soon(plan: Plan) -> bool:
    """Whether a time has been set at which something is tried again, not too far away."""
    from dangol.channels.models import Delivery
    from dangol.kernel import clock
    from dangol.kernel.models import Setback

    soon = (now := clock.now(), now + timedelta(seconds=DUE_SOON * plan.settling))
    return (
        Delivery.objects.filter(Delivery.IS_OPEN, due_at__range=soon).exists()
        or Setback.objects.filter(next_at__range=soon).exists()
    )


# --- mails that come ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A mail and what is to become of it."""

    number: int
    content: bytes
    sender: str
    thread: int
    named: int

    @property
    def word(self) -> str:
        """Stands in this mail and in no other."""
        return _word(self.number)


def write_mails(count: int, seed: int) -> list[Written]:
    """Mails of customers: a third are answers, a few carry a file, fewer one so large that it is kept as a file."""
    chance = random.Random(seed)
    threads: list[list[str]] = []
    mails = []
    for number in range(count):
        thread = chance.randrange(len(threads)) if threads and chance.random() < 0.35 else len(threads)
        if thread == len(threads):
            threads.append([])
        message_id = f"{number}.{seed}@customers.example"
        named = list(threads[thread][-3:])
        sender = f"customer{thread % max(3, count // 5)}@customers.example"
        mails.append(
            Written(number, _mail(chance, number, message_id, named, sender), sender, thread, len(named))
        )
        threads[thread].append(message_id)
    # They arrive out of order, as over several ways: an answer before what it answers.
    for at in range(0, count, 7):
        chance.shuffle(window := mails[at : at + 7])
        mails[at : at + 7] = window
    return mails


def _mail(chance: random.Random, number: int, message_id: str, named: Sequence[str], sender: str) -> bytes:
    from email.message import EmailMessage
    from email.utils import format_datetime

    from dangol.kernel import clock

    mail = EmailMessage()
    mail["From"] = f"Customer <{sender}>"
    mail["To"] = "hello@moonburger.test"
    mail["Subject"] = f"Matter {number}"
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{message_id}>"
    if named:
        mail["In-Reply-To"] = f"<{named[-1]}>"
        mail["References"] = " ".join(f"<{name}>" for name in named)
    mail.set_content(f"The burger was cold. {_word(number)}\n" * chance.randint(1, 5))
    if chance.random() < 0.1:
        size = LARGE if chance.random() < 0.2 else 2_000
        mail.add_attachment(chance.randbytes(size), maintype="image", subtype="png", filename="burger.png")
    return mail.as_bytes()


def _word(number: int) -> str:
    return "word" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:05d}")


def _receive(plan: Plan, report: Report) -> None:
    mails = write_mails(plan.mails, plan.seed)
    sink = Sink(plan)
    _make_mailbox(plan, sink)
    postman = _fork(lambda: _deliver(plan, mails))
    filler = _fork(lambda: _fill_disk(plan)) if plan.disk_mb else 0
    victims = Victims({"fetch": _fetch, "work": _work}, random.Random(plan.seed + 1))
    try:
        victims.kill(plan.kills)
        for child, name in ((postman, "postman"), (filler, "filler")):
            if child and os.waitpid(child, 0)[1]:
                report.wrong.append(f"the {name} broke off")
        _wait_until_all_is_in(plan, report)
    finally:
        victims.stop()
        sink.stop()
    _count_received(mails, report)
    _count_sent(sink, report)


def _make_mailbox(plan: Plan, sink: Sink) -> None:
    from dangol.channels.models import Channel, Mailbox
    from dangol.kernel import clock

    channel = Channel.objects.create(
        name="Moon Burger",
        created_at=clock.now() - timedelta(days=1),
        promised_first_seconds=1800,
        acknowledgement="We have your message.",
    )
    mailbox = Mailbox(
        channel=channel,
        address=plan.inbox["address"],
        imap_host="localhost",
        imap_port=plan.inbox["imaps"],
        imap_user=plan.inbox["address"],
        smtp_host="127.0.0.1",
        smtp_port=sink.port,
        smtp_security="none",
    )
    mailbox.imap_password = plan.inbox["password"]
    mailbox.save()
    _note_beginnings()


def _wait_until_all_is_in(plan: Plan, report: Report) -> None:
    from dangol.channels.commands import retry_raw
    from dangol.channels.models import Raw

    for _ in range(2):
        if not _until(
            lambda: Raw.objects.count() >= plan.mails and not Raw.objects.filter(state="new").exists(),
            plan,
            report,
            "taking in",
        ):
            return
        # Who was killed at one mail again and again cannot know that the mail was not the reason: a person says so.
        aside = list(Raw.objects.filter(state="quarantined", reason="filing: died"))
        report.set_aside += len(aside)
        for raw in aside:
            retry_raw(raw=raw)
    if not report.wrong:
        _until(_is_quiet, plan, report, "acknowledging")


def _deliver(plan: Plan, mails: Sequence[Written]) -> None:
    import smtplib

    pause = plan.seconds / max(1, len(mails))
    with smtplib.LMTP(plan.inbox["lmtp"]) as lmtp:
        for mail in mails:
            lmtp.sendmail(mail.sender, [plan.inbox["address"]], re.sub(rb"\r?\n", b"\r\n", mail.content))
            time.sleep(pause)


def _note_beginnings() -> None:
    """Each reaction notes where it begins; later ones would not react to what was before."""
    from dangol.kernel.reacting import react, stop_reacting
    from dangol.reactions import REACTIONS

    react(REACTIONS)
    stop_reacting()


def _is_quiet() -> bool:
    """Whether every event was reacted to and every delivery has come to its end."""
    from dangol.channels.models import Delivery
    from dangol.kernel import events
    from dangol.kernel.models import Follower, Setback
    from dangol.reactions import REACTIONS

    end = events.latest()
    followers = Follower.objects.filter(name__in=[each.name for each in REACTIONS])
    reached = [(row.transaction, row.event_id) for row in followers]
    under_way = Delivery.objects.filter(state__in=["queued", "sending", "retry"])
    return (
        len(reached) == len(REACTIONS)
        and all(place >= end for place in reached)
        and not Setback.objects.exists()
        and not under_way.exists()
    )


def _count_received(mails: Sequence[Written], report: Report) -> None:
    from django.conf import settings
    from django.db.models import Count, Q

    from dangol.channels.models import Raw
    from dangol.customers.models import Customer, Identity
    from dangol.inbox.models import Attachment, Conversation, Message, Reference, Wait
    from dangol.kernel.files import remove_broken_off
    from dangol.kernel.models import Event
    from dangol.search import index
    from dangol.search.models import CustomerText, MessageText

    arrived = Message.objects.filter(direction="in")
    by_number = Counter(
        int(message_id.partition(".")[0]) for message_id in arrived.values_list("message_id", flat=True)
    )
    missing = [at for at, mail in enumerate(mails) if mail.number not in by_number]
    under_way = _under_way(mails)
    report.unfinished += len(under_way.intersection(missing))
    if lost := sorted(set(missing) - under_way):
        report.lost += len(lost)
        report.wrong.append(f"mails {[mails[at].number for at in lost[:20]]} were fetched and are not there")
    report.doubled = sum(by_number.values()) - len(by_number)
    if report.wrong:
        return  # the sums below are those of the end
    count, threads = len(mails), len({mail.thread for mail in mails})
    agree = _agreement(report)
    agree("raw mails", Raw.objects.count(), count)
    agree("raw mails taken in", Raw.objects.filter(state="taken").count(), count)
    agree("conversations", Conversation.objects.filter(merged_into=None).count(), threads)
    odd = Conversation.objects.filter(merged_into=None).annotate(
        really=Count("messages", filter=Q(messages__automatic=""))
    )
    agree(
        "conversations that count their messages wrongly",
        sum(row.message_count != row.really for row in odd),
        0,
    )
    senders = len({mail.sender for mail in mails})
    agree("customers", Customer.objects.count(), senders)
    agree("identities", Identity.objects.count(), senders)
    arrivals = [row.data for row in Event.objects.filter(name="MessageArrived")]
    agree("arrivals told", len(arrivals), count)
    agree("messages told of", len({row["message_id"] for row in arrivals}), count)
    opened = sum(row["opens"] for row in arrivals)
    agree("conversations opened", opened, Conversation.objects.count())
    joined = Event.objects.filter(name="ConversationsJoined").count()
    agree("conversations joined", joined, Conversation.objects.exclude(merged_into=None).count())
    inward = Reference.objects.filter(message__direction="in")
    agree("ids borne", inward.filter(is_own_id=True).count(), count)
    agree("ids named", inward.filter(is_own_id=False).count(), sum(mail.named for mail in mails))
    agree("texts to search", MessageText.objects.filter(ref__in=arrived.values("pk")).count(), count)
    agree("people to search", CustomerText.objects.count(), senders)
    numbers = {
        int(message_id.partition(".")[0]): pk for message_id, pk in arrived.values_list("message_id", "pk")
    }
    missed = sum(index.find("message", mail.word, limit=5) != [numbers.get(mail.number)] for mail in mails)
    agree("mails that a search does not find once", missed, 0)
    agree("waits", Wait.objects.filter(answered_at=None, dropped_at=None).count(), threads)
    agree(
        "conversations waiting",
        Conversation.objects.filter(merged_into=None, state="waiting").count(),
        threads,
    )
    files = [row.content for row in Attachment.objects.all()]
    agree("files", len(files), sum(b"burger.png" in mail.content for mail in mails))
    whole = sum(
        Raw.objects.get(pk=pk).content.count(b"Message-ID") for pk in Raw.objects.values_list("pk", flat=True)
    )
    agree("raw mails that can be read", whole, count)
    remove_broken_off()  # as each start does
    writing = Path(settings.MEDIA_ROOT) / ".writing"
    agree("halves of files", len(list(writing.iterdir())) if writing.exists() else 0, 0)
    answers = Message.objects.filter(automatic="auto-reply")
    agree("acknowledgements of one matter", answers.count(), len({row.message_id for row in answers}))
    per_matter = Counter(answers.values_list("conversation_id", flat=True))
    agree(
        "matters acknowledged more often than opened",
        sum(n > _openings(pk) for pk, n in per_matter.items()),
        0,
    )


def _under_way(mails: Sequence[Written]) -> set[int]:
    """Of which mails, by their place in the order of arrival, taking in has not come to its end.

    Either it stands behind the cursor, or it is stored and has its turn before it. (The account is new: the first mail
    has the number 1.)
    """
    from dangol.channels.models import Mailbox, Raw

    places = {mail.number: at for at, mail in enumerate(mails)}
    not_fetched = set(range(Mailbox.objects.get().last_uid, len(mails)))
    new = [raw.content for raw in Raw.objects.filter(state="new")]
    named = [re.search(rb"^Message-ID: <(\d+)\.", content, re.MULTILINE) for content in new]
    return not_fetched | {places[int(match[1])] for match in named if match}


def _openings(conversation_id: int) -> int:
    """A conversation is opened once, and once more for each that was joined to it."""
    from dangol.inbox.models import Conversation

    return (
        1
        + Conversation.objects.filter(merged_into_id=conversation_id).count()
        + sum(
            _openings(pk) - 1
            for pk in Conversation.objects.filter(merged_into_id=conversation_id).values_list("pk", flat=True)
        )
    )


def _agreement(report: Report) -> Callable[[str, int, int], None]:
    def agree(what: str, found: int, wanted: int) -> None:
        if found != wanted:
            report.wrong.append(f"{what}: {found} instead of {wanted}")

    return agree


# --- a disk that is full -------------------------------------------------------------------------


def _mount_disk(folder: Path, megabytes: int) -> None:
    """A small disk of its own, seen by this process and its children alone: it goes with them."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "dangol", str(folder)], check=True)


def _fill_disk(plan: Plan) -> None:
    """Fill it to the last byte, twice, for a few seconds each."""
    import errno

    ballast = Path(plan.folder) / "data" / "ballast"
    for _ in range(2):
        time.sleep(plan.seconds / 6)
        try:
            with ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError as failure:
            if failure.errno != errno.ENOSPC:
                raise
        time.sleep(plan.seconds / 6)
        ballast.unlink()


# --- many processes ------------------------------------------------------------------------------


def _run_many(plan: Plan, report: Report) -> None:
    """Two each of fetch, work and web; one of each is killed midway, and nobody takes its place."""
    from dangol.channels.models import Raw
    from dangol.kernel import events
    from dangol.kernel.models import Lease
    from dangol.running import listen, serve

    mails = write_mails(plan.mails, plan.seed)
    sink = Sink(plan)
    _make_mailbox(plan, sink)
    key, begun = _sign_in(), events.latest()
    doors = [listen("127.0.0.1", 0) for _ in range(2)]
    ports = [door.getsockname()[1] for door in doors]
    parts: dict[str, Callable[[], None]] = {
        "fetch 1": _fetch, "fetch 2": _fetch, "work 1": _work, "work 2": _work,
        "web 1": lambda: serve(doors[0]), "web 2": lambda: serve(doors[1]),
    }  # fmt: skip
    victims = Victims(parts, random.Random(plan.seed + 1))
    for door in doors:
        door.close()
    pages = [Path(plan.folder) / f"page{number}" for number in range(2)]
    browsers = [
        _fork(lambda page=page, tried=tried: _browse(page, tried, key, str(begun)))  # type: ignore[misc]
        for page, tried in zip(pages, (ports, ports[::-1]), strict=True)
    ]
    postman = _fork(lambda: _deliver(plan, mails))
    watched = LeaseWatch(plan, report)
    try:
        _until(
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
        _until(watched.looking(lambda: Raw.objects.count() >= plan.mails), plan, report, "the other fetching")
        _wait_until_all_is_in(plan, report)
        _count_shown(pages, begun, plan, report)
    finally:
        for pid in browsers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        victims.stop()
        sink.stop()
    _count_received(mails, report)
    _count_sent(sink, report)


class LeaseWatch:
    """Looks from outside whether a mailbox is ever fetched by two: by the leases, and by who is signed in there."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan, self.report = plan, report
        self.holder = ""

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
        if said.stdout.count(address) > 1:
            self.report.wrong.append(f"{said.stdout.count(address)} were signed in to the mailbox at once")


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

    _until(lambda: all(shown(page)[-1:] == happened()[-1:] for page in pages), plan, report, "showing")
    for page in pages:
        if shown(page) != happened():
            report.wrong.append(
                f"a page showed {len(shown(page))} events of {len(happened())}, or not in order"
            )


# --- mails that go --------------------------------------------------------------------------------


class Sink:
    """A real SMTP server that writes down each mail when it has it, and answers a moment later."""

    def __init__(self, plan: Plan) -> None:
        self.path = Path(plan.folder) / "sink.jsonl"
        self.path.write_text("")
        reading, writing = os.pipe()
        self.pid = _fork(lambda: self._serve(writing, plan))
        os.close(writing)
        with os.fdopen(reading) as told:
            self.port = int(told.readline())

    def arrivals(self) -> dict[str, list[tuple[str, str]]]:
        """Of each Message-ID the arrivals, as (date, sum of the whole)."""
        found: dict[str, list[tuple[str, str]]] = {}
        for line in self.path.read_text().splitlines():
            mail = json.loads(line)
            found.setdefault(mail["message_id"], []).append((mail["date"], mail["sum"]))
        return found

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _serve(self, telling: int, plan: Plan) -> None:
        import asyncio
        import hashlib
        from email import message_from_bytes

        from aiosmtpd.smtp import SMTP

        chance = random.Random(plan.seed + 2)
        path = self.path
        met: list[str] = []

        class Counting:
            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
                mail = message_from_bytes(envelope.content)
                row = {
                    "message_id": mail["Message-ID"].strip("<> \r\n"),
                    "date": mail["Date"],
                    "sum": hashlib.sha256(envelope.content).hexdigest(),
                }
                if row["message_id"] not in met:
                    met.append(row["message_id"])
                turn = met.index(row["message_id"])
                if plan.forgets <= turn < plan.forgets + plan.puts_off:
                    return "451 not now"
                if turn >= plan.forgets:
                    with path.open("a") as file:
                        file.write(json.dumps(row) + "\n")
                # The window that SMTP leaves open, held open for as long as all the rest takes.
                await asyncio.sleep(chance.uniform(0, 0.06))
                return "250 taken"

        async def serve() -> None:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: SMTP(Counting(), enable_SMTPUTF8=True), "127.0.0.1", 0)
            os.write(telling, f"{server.sockets[0].getsockname()[1]}\n".encode())
            os.close(telling)
            await server.serve_forever()

        asyncio.run(serve())


def _send(plan: Plan, report: Report) -> None:
    sink = Sink(plan)
    _note_beginnings()
    _queue_replies(plan, sink.port)
    victims = Victims({"work": _work}, random.Random(plan.seed + 1))
    try:
        victims.kill(plan.kills)
        _until(_is_quiet, plan, report, "sending")
    finally:
        victims.stop()
        sink.stop()
    _count_sent(sink, report)
    _count_settled(plan, report)


def _queue_replies(plan: Plan, port: int) -> None:
    """Customers who wrote, each with an answer that a person has just sent."""
    from uuid import UUID

    from dangol.channels.commands import Arrival, store_raw
    from dangol.channels.models import Channel, Mailbox
    from dangol.inbox.commands.drafts import save_draft
    from dangol.inbox.commands.replies import UNDO_SECONDS, send_reply
    from dangol.inbox.intake import take_in_batch
    from dangol.inbox.models import Conversation
    from dangol.kernel import clock
    from dangol.staff.models import Staff

    chance = random.Random(plan.seed)
    at = clock.now() - timedelta(seconds=UNDO_SECONDS + 60)
    channel = Channel.objects.create(name="Moon Burger", created_at=at - timedelta(days=1))
    Mailbox.objects.create(
        channel=channel,
        address="hello@moonburger.test",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
    )
    hana = Staff.objects.create_user("hana@moonburger.test", "a long enough word", name="Hana", role="agent")
    for start in range(0, plan.mails, 40):
        mails = [
            _mail(chance, number, f"{number}@customers.example", (), f"customer{number}@customers.example")
            for number in range(start, min(start + 40, plan.mails))
        ]
        store_raw(channel=channel, arrivals=[Arrival(mail, at) for mail in mails], at=at)
        take_in_batch()
    for conversation in Conversation.objects.order_by("pk"):
        size = LARGE if chance.random() < 0.02 else 100
        text = "A fresh one is on its way.\n" * (size // 27)
        draft = save_draft(actor=hana, conversation=conversation, text=text, at=at)
        send_reply(actor=hana, draft=draft, key=UUID(int=chance.getrandbits(128)), at=at)


def _count_sent(sink: Sink, report: Report) -> None:
    """Each mail that was queued arrived; one that arrived more than once is the same mail and is marked."""
    from dangol.channels.models import Delivery

    arrivals = sink.arrivals()
    for delivery in Delivery.objects.all():
        came = arrivals.pop(delivery.message_id, [])
        is_told = delivery.state == "failed" and delivery.failure == "uncertain"
        report.told += is_told
        report.marked += delivery.may_have_arrived_twice
        report.sent_again += len(came) > 1
        if not came and delivery.state in ("queued", "sending", "retry"):
            report.unfinished += 1
        elif not came and not is_told:
            report.lost += 1
            report.wrong.append(f"delivery {delivery.pk} is {delivery.state} and never arrived")
        if len(came) > 1 and not delivery.may_have_arrived_twice:
            report.doubled += 1
            report.wrong.append(f"delivery {delivery.pk} arrived {len(came)} times and is not marked")
        if len(came) > 2:
            report.doubled += 1
            report.wrong.append(f"delivery {delivery.pk} arrived {len(came)} times")
        if len(set(came)) > 1:
            report.wrong.append(f"delivery {delivery.pk} did not arrive the same each time")
    for message_id in arrivals:
        report.wrong.append(f"{message_id} arrived and was never queued")


def _count_settled(plan: Plan, report: Report) -> None:
    """What was sent stopped each customer's clock, once; whom it may not have reached waits again."""
    from dangol.channels.models import Delivery
    from dangol.inbox.models import Conversation, Wait
    from dangol.kernel.models import Event

    agree = _agreement(report)
    sent = Delivery.objects.filter(state="sent").count()
    agree("answers", Delivery.objects.count(), plan.mails)
    if report.wrong:
        return  # the sums below are those of the end
    told = [row.data["message_id"] for row in Event.objects.filter(name="ReplySent")]
    agree("answers told of", len(told), sent)
    agree("answers told of once", len(set(told)), sent)
    agree("answers that left, told of", Event.objects.filter(name="DeliverySent").count(), sent)
    agree("clocks that stopped", Wait.objects.exclude(answered_at=None).count(), sent)
    agree("customers who still wait", Wait.objects.filter(answered_at=None).count(), plan.mails - sent)
    agree("conversations answered", Conversation.objects.filter(state="answered").count(), sent)
    agree("failures told of", Event.objects.filter(name="ReplyFailed").count(), plan.mails - sent)


if __name__ == "__main__":
    _main()
