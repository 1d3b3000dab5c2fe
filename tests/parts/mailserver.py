"""A real mail server for tests: Dovecot (IMAP, LMTP) and exim (SMTP) on free ports in a folder of their own.

Both run as an ordinary user: as the one who runs the tests, or as `nobody` where that is root, since
neither server likes to be root. Nothing of the machine's own mail set-up is read or changed.

    def test_mail_arrives(mailserver):
        minji = mailserver.user("minji@moonburger.test")
        mailserver.deliver(minji.address, raw)

Addresses whose local part begins with `refused` are turned down for good by the server at RCPT, those with
`later` for now; any other address without an account is accepted and bounced.
"""

import grp
import imaplib
import os
import pwd
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.parts.certificate import write_certificate
from tests.parts.mailconfig import dovecot_config, exim_config, oauth2_config
from tests.parts.oauth_provider import OAuthServer, running_provider

PASSWORD = "correct-horse"
_SECONDS_TO_START = 20


@dataclass(frozen=True)
class MailUser:
    """An account on the test server."""

    address: str
    password: str


@dataclass(frozen=True)
class Ports:
    """Where the server listens on 127.0.0.1: `imaps` and `smtps` begin with TLS, the others offer STARTTLS.

    `submission` is Dovecot's, which knows tokens and gives the mail to exim.
    """

    imap: int
    imaps: int
    smtp: int
    smtps: int
    submission: int


@dataclass
class MailServer:
    """A running Dovecot and exim. Made by `start`, ended by `stop`."""

    folder: Path
    owner: str
    group: str
    ports: Ports
    provider: OAuthServer
    host: str = "localhost"
    _stack: ExitStack = field(default_factory=ExitStack)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _users: dict[str, MailUser] = field(default_factory=dict)

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """A context that trusts this server's certificate and checks it like any other."""
        return ssl.create_default_context(cafile=str(self.folder / "cert.pem"))

    def user(self, address: str) -> MailUser:
        """The account of this address, made now if it is new. Its mailbox begins empty."""
        if address not in self._users:
            self._users[address] = MailUser(address, PASSWORD)
            replacement = self.folder / "users.new"
            replacement.write_text("".join(f"{known}:\n" for known in self._users))
            replacement.chmod(0o644)
            replacement.replace(self.folder / "users")
        return self._users[address]

    def deliver(self, address: str, raw: bytes, *, sender: str = "") -> None:
        """Put the raw message into the inbox of `address`, past SMTP. It is there when this returns."""
        with smtplib.LMTP(str(self.folder / "lmtp")) as lmtp:
            lmtp.sendmail(sender, [address], re.sub(rb"\r?\n", b"\r\n", raw))

    def imap(self, address: str) -> imaplib.IMAP4:
        """A signed-in connection that is not the code under test."""
        user = self._users[address]
        client = imaplib.IMAP4(self.host, self.ports.imap, timeout=10)
        client.login(user.address, user.password)
        return client

    def mail(self, address: str, folder: str = "INBOX") -> list[bytes]:
        """Every message in the folder, oldest first, without touching flags."""
        with self.imap(address) as client:
            client.select(folder, readonly=True)
            _, found = client.search(None, "ALL")
            numbers = found[0].decode().replace(" ", ",")
            if not numbers:
                return []
            _, parts = client.fetch(numbers, "(BODY.PEEK[])")
            return [part[1] for part in parts if isinstance(part, tuple)]

    def wait_for_mail(self, address: str, count: int = 1, *, seconds: float = 15) -> list[bytes]:
        """The mail of `address` as soon as there are `count` messages; AssertionError after `seconds`."""
        found: list[bytes] = []

        def enough() -> bool:
            found[:] = self.mail(address)
            return len(found) >= count

        wait_until(enough, seconds, f"{count} messages for {address}")
        return found

    def new_user(self, name: str, domain: str = "moonburger.test") -> MailUser:
        """An account that no other test has, so that nothing of theirs arrives late."""
        return self.user(f"{name}{len(self._users)}@{domain}")

    def flags(self, address: str) -> dict[int, set[str]]:
        """The flags of each message in the inbox by UID, without \\Recent."""
        with self.imap(address) as client:
            client.select("INBOX", readonly=True)
            _, lines = client.uid("FETCH", "1:*", "(FLAGS)")
            rows = (line.decode() for line in lines if line)
            pairs = (
                re.search(r"UID (\d+).*FLAGS \(([^)]*)\)|FLAGS \(([^)]*)\).*UID (\d+)", row) for row in rows
            )
            return {
                int(match[1] or match[4]): set((match[2] or match[3] or "").split()) - {"\\Recent"}
                for match in pairs
                if match
            }

    def renumber(self, address: str) -> None:
        """Give the inbox another UIDVALIDITY, as after a restore. The mail stays."""
        config = str(self.folder / "dovecot.conf")
        number = str(int(time.time()) + 1000)
        command = ["/usr/bin/doveadm", "-c", config, "mailbox", "update", "-u", address]
        subprocess.run([*command, "--uid-validity", number, "INBOX"], check=True, cwd="/", **_as_owner(self))

    def stop_imap(self) -> None:
        """End Dovecot: nothing answers on its ports until `start_imap`. SMTP goes on, and keeps what it accepts."""
        dovecot = self._processes.pop(0)
        assert dovecot.stdin
        dovecot.stdin.close()
        dovecot.wait(10)

    def start_imap(self) -> None:
        """Start Dovecot on the ports and with the mail that it had. It answers when this returns."""
        _run(self, ["/usr/sbin/dovecot", "-F", "-c", str(self.folder / "dovecot.conf")])
        self._processes.insert(0, self._processes.pop())
        for port in (self.ports.imap, self.ports.imaps):
            wait_until(partial(_listens, port), _SECONDS_TO_START, f"port {port}")

    def log(self) -> str:
        """What both servers wrote, for the message of a failing test."""
        paths = [self.folder / "dovecot.log", *sorted((self.folder / "exim").glob("log/*"))]
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-4000:]}" for path in paths if path.exists()
        )

    def stop(self) -> None:
        """End both servers and remove their folder."""
        for process in self._processes:
            if process.stdin:
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self._stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def why_absent() -> str | None:
    """What the machine lacks to run the server, as a reason to skip; None when nothing."""
    missing = [
        package
        for package, path in (
            ("dovecot-imapd", "/usr/lib/dovecot/imap"),
            ("dovecot-lmtpd", "/usr/lib/dovecot/lmtp"),
            ("dovecot-submissiond", "/usr/lib/dovecot/submission"),
            ("exim4-daemon-light", "/usr/sbin/exim4"),
        )
        if not Path(path).exists()
    ]
    return f"needs a mail server: apt-get install {' '.join(missing)}" if missing else None


def start() -> MailServer:
    """A fresh server, ready to take mail. RuntimeError with its logs if it does not come up."""
    owner, group = _ordinary_user()
    folder = Path(tempfile.mkdtemp(prefix="dangol-mail-", dir="/tmp"))  # short: a socket's path has 108 bytes
    stack = ExitStack()
    provider = stack.enter_context(running_provider())
    server = MailServer(folder, owner, group, Ports(*_free_ports(5)), provider, _stack=stack)
    try:
        _lay_out(server)
        _run(server, ["/usr/sbin/dovecot", "-F", "-c", str(folder / "dovecot.conf")])
        _run(server, ["/usr/sbin/exim4", "-C", str(folder / "exim.conf"), "-bdf", "-q1s"])
        for port in vars(server.ports).values():
            wait_until(partial(_listens, port), _SECONDS_TO_START, f"port {port}")
        wait_until((folder / "lmtp").exists, _SECONDS_TO_START, "the LMTP socket")
    except BaseException as error:
        log = server.log()
        server.stop()
        raise RuntimeError(f"The mail server did not start ({error}).\n{log}") from error
    return server


def wait_until(is_true: Callable[[], bool], seconds: float, what: str) -> None:
    """Return as soon as `is_true` holds; AssertionError naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def mailserver() -> Iterator[MailServer]:
    """The mail server of this test run (one for each process of pytest-xdist)."""
    reason = why_absent()
    if reason:
        pytest.skip(reason)
    server = start()
    yield server
    server.stop()


def _ordinary_user() -> tuple[str, str]:
    user = pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")
    return user.pw_name, grp.getgrgid(user.pw_gid).gr_name


def _free_ports(count: int) -> list[int]:
    # All are held open until all are known, so that no two are the same.
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def _lay_out(server: MailServer) -> None:
    folder = server.folder
    write_certificate(folder / "cert.pem", folder / "key.pem")
    (folder / "users").write_text("")
    for name in ("mail", "run", "exim", "exim/log", "exim/spool"):
        (folder / name).mkdir()
    names = {
        "folder": str(folder),
        "password": PASSWORD,
        "owner": server.owner,
        "group": server.group,
        "provider": server.provider.url,
        **{name: str(port) for name, port in vars(server.ports).items()},
    }
    (folder / "dovecot.conf").write_text(dovecot_config(names))
    (folder / "oauth2.conf").write_text(oauth2_config(names))
    (folder / "exim.conf").write_text(exim_config(names))
    if not os.getuid():
        for path in [folder, *folder.rglob("*")]:
            shutil.chown(path, server.owner, server.group)


# Ends the server when the test run ends its line, also where that was killed and could not say so.
_WHILE_THE_LINE_IS_OPEN = '"$@" & server=$!; read -r _; kill $server; wait $server'


def _run(server: MailServer, command: list[str]) -> None:
    output = (server.folder / "run" / f"{Path(command[0]).name}.out").open("wb")
    server._processes.append(
        subprocess.Popen(
            ["/bin/sh", "-c", _WHILE_THE_LINE_IS_OPEN, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            **_as_owner(server),
        )
    )


def _as_owner(server: MailServer) -> dict[str, Any]:
    return {} if os.getuid() else {"user": server.owner, "group": server.group, "extra_groups": []}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
