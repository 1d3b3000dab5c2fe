"""A private PostgreSQL for tests: in a folder of its own, on a socket in it, gone afterwards.

PostgreSQL refuses to run as root; then it runs as the user `postgres` that its package makes. Nothing of a
server that the machine may already run is read or changed.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

import dangol

_SECONDS_TO_START = 30
# Nothing here outlives the tests, so nothing needs to reach the disk.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}


def find_programs() -> Path | None:
    """The folder of the newest installed server's programs (Debian keeps them off the PATH), or None."""
    candidates = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    return next((path for path in candidates if (path / "initdb").exists()), None)


class PrivatePostgres:
    """A running server; `url` is its DATABASE_URL. Use as a context manager.

    With `data` its data are there and stay; `options` are settings of the server.
    """

    def __init__(
        self, programs: Path, *, data: Path | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self.programs = programs
        self._options = options or {}
        # Not below TMPDIR: a socket's path may have no more than 107 letters.
        self.folder = Path(tempfile.mkdtemp(prefix="dangol-pg-", dir="/tmp"))
        self.url = f"postgres://dangol@/postgres?host={quote(str(self.folder), safe='')}"
        self._data = data or self.folder / "data"
        self._server: subprocess.Popen[bytes] | None = None
        self._as_owner: list[str] = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            if data is not None:
                data.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.chown(data, owner.pw_uid, owner.pw_gid)
            self._as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]

    def __enter__(self) -> PrivatePostgres:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server at once and remove its folder."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # ends without waiting for who is still connected
            try:
                self._server.wait(10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def halt(self) -> None:
        """Stop the server as an administrator would in a hurry; `resume` may follow."""
        assert self._server is not None
        self._server.send_signal(signal.SIGINT)
        self._server.wait(_SECONDS_TO_START)

    def resume(self) -> None:
        """Start it again with all that was in it, at the same address."""
        self._start()

    def make_database(self, *, like: str = "template1") -> str:
        """A fresh database of this server, empty or `like` that of another DATABASE_URL; returns its DATABASE_URL."""
        import psycopg

        name = f"fresh{uuid4().hex}"
        with psycopg.connect(
            host=str(self.folder), user="dangol", dbname="postgres", autocommit=True
        ) as session:
            template = urlsplit(like).path.lstrip("/")
            session.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url.replace("/postgres?", f"/{name}?")

    def _start(self) -> None:
        if not (self._data / "PG_VERSION").exists():
            self._make()
        settings = {
            **_FAST,
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "timezone": "UTC",
            **self._options,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [*self._as_owner, self.programs / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
            )
        self._wait_until_it_answers()

    def _make(self) -> None:
        initdb = [
            str(self.programs / "initdb"),
            "--username=dangol",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
        ]
        # A fixed locale, so that order and upper case do not depend on the machine.
        made = subprocess.run(
            [*self._as_owner, *initdb, "--locale=C.UTF-8", str(self._data)],
            capture_output=True,
            text=True,
            cwd="/",
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")

    def _wait_until_it_answers(self) -> None:
        assert self._server is not None
        ask = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder), "-U", "dangol"]
        deadline = time.monotonic() + _SECONDS_TO_START
        while subprocess.run(ask).returncode:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL of this run's own, for what starts the whole program on it; skipped where none is installed."""
    programs = find_programs()
    if programs is None:
        pytest.skip("needs postgresql")
    with PrivatePostgres(programs) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_database(postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of a desk that nobody has set up yet; copied, never used itself."""
    url = postgres.make_database()
    environment = {
        "DATABASE_URL": url,
        "DANGOL_DATA": str(tmp_path_factory.mktemp("data")),
        "DJANGO_SETTINGS_MODULE": "dangol.settings",
        "PYTHONPATH": str(Path(dangol.__file__).parent.parent),
    }
    subprocess.run(
        [sys.executable, "-c", "from dangol.running import prepare; prepare(quiet=True)"],
        env={**os.environ, **environment},
        check=True,
    )
    return url


@pytest.fixture
def new_desk_database(postgres: PrivatePostgres, migrated_database: str) -> Callable[[], str]:
    """Makes databases such as `dangol` makes them at its first start, in a moment. They go with the server."""
    return lambda: postgres.make_database(like=migrated_database)


_numbers = itertools.count(1)


@pytest.fixture
def new_database(postgres: PrivatePostgres) -> Iterator[Callable[[], str]]:
    """Makes empty PostgreSQL databases."""
    import psycopg

    made = []

    def make() -> str:
        name = f"backup_{next(_numbers)}"
        with psycopg.connect(
            host=str(postgres.folder), user="dangol", dbname="postgres", autocommit=True
        ) as c:
            c.execute(f"CREATE DATABASE {name}")
        made.append(name)
        return postgres.url.replace("/postgres?", f"/{name}?")

    yield make
    with psycopg.connect(host=str(postgres.folder), user="dangol", dbname="postgres", autocommit=True) as c:
        for name in made:
            c.execute(f"DROP DATABASE {name} WITH (FORCE)")
