"""Filled desks of several sizes, each made once: a data folder on SQLite, a database of one server on PostgreSQL."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILLED = "filled"  # a file that is there when the desk is complete


@contextlib.contextmanager
def desks(
    sizes: list[int], *, keep: Path | None, postgres: bool, a_day: int, search: bool = False
) -> Iterator[dict[int, dict[str, str]]]:
    """The environment of a process that works on the desk of each size. What is not kept is gone afterwards."""
    with contextlib.ExitStack() as stack:
        place = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dangol-bench-")))
        url = stack.enter_context(postgres_server(place if keep else None)) if postgres else ""
        found = {}
        for size in sizes:
            name = f"{'postgres' if postgres else 'sqlite'}-{size}"
            found[size] = _environment(place / name, url and url.replace("/postgres?", f"/bench_{size}?"))
            if not (place / name / FILLED).exists():
                _fill(place / name, url, found[size], size, a_day, search)
        yield found


@contextlib.contextmanager
def postgres_server(keep: Path | None) -> Iterator[str]:
    """A private server and its DATABASE_URL; with `keep` its data stay there."""
    sys.path.insert(0, str(ROOT))
    from tests.parts.postgres import PrivatePostgres, find_programs

    programs = find_programs()
    if programs is None:
        sys.exit("PostgreSQL's programs are not installed here.")
    options = {"shared_buffers": "1GB", "max_wal_size": "8GB"}
    with PrivatePostgres(programs, data=keep / "postgres" if keep else None, options=options) as server:
        yield server.url


def _environment(folder: Path, url: str) -> dict[str, str]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "dangol.settings",
        "DANGOL_DATA": str(folder),
        "DANGOL_LOG": "ERROR",
    }
    return {**environment, "DATABASE_URL": url}


def _fill(
    folder: Path, server: str, environment: dict[str, str], size: int, a_day: int, search: bool
) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if server:
        import psycopg

        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS bench_{size}")
            connection.execute(f"CREATE DATABASE bench_{size}")
    command = [sys.executable, str(ROOT / "bench/fill.py"), str(folder), "--conversations", str(size)]
    options = ["--a-day", str(a_day), *(["--search"] if search else [])]
    subprocess.run([*command, *options], check=True, env={**os.environ, **environment})
    (folder / FILLED).touch()
