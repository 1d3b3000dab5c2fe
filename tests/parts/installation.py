"""Installations that do not run: a data folder with its database, filled and looked at from the tests' own process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps as today
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

import dangol

ALIAS = "installation"
# Where a constraint wants values to agree with each other.
AGREEING: dict[str, dict[str, Any]] = {
    "goodwill.Entry": {"booked": 1140, "estimated": None, "estimated_low": None, "estimated_high": None},
    "customers.Customer": {"birth_month": 2, "birth_day": 29},
}
HARD = "한글 \U0001f354 \u2028 \\ \" ' \t\n\x01 é"  # what a file of lines and quotes could trip over


@dataclass(frozen=True)
class Installation:
    """A data folder, and the URL of its database where that is not in the folder."""

    folder: Path
    url: str = ""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `dangol` command to its end."""
        command = [sys.executable, "-m", "dangol", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)

    def do(self, *arguments: str) -> str:
        """The same, for a command that has to succeed; returns what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """What its processes see."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("DANGOL_", "DATABASE_"))
        }
        return {
            **kept,
            **({"DATABASE_URL": self.url} if self.url else {}),
            "DANGOL_DATA": str(self.folder),
            "DANGOL_LOG": "ERROR",
            "DJANGO_SETTINGS_MODULE": "dangol.settings",
            "PYTHONPATH": str(Path(dangol.__file__).parent.parent),
        }

    @contextmanager
    def opened(self) -> Iterator[BaseDatabaseWrapper]:
        """Its database, for queries `using(ALIAS)`."""
        wanted = self._database()
        connection: BaseDatabaseWrapper = load_backend(str(wanted["ENGINE"])).DatabaseWrapper(wanted, ALIAS)
        connections[ALIAS] = connection
        try:
            yield connection
        finally:
            connection.close()
            del connections[ALIAS]

    def rows(self, *, but: frozenset[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        with self.opened():
            return {
                model._meta.label: [
                    {name: _plain(value) for name, value in row.items()}
                    for row in model._base_manager.using(ALIAS).order_by("pk").values()
                ]
                for model in today.get_models(include_auto_created=True)
                if model._meta.label not in but
            }

    def files(self) -> dict[str, bytes]:
        """Every file beside the database."""
        found = (self.folder / "files").rglob("*")
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found if path.is_file()}

    def _database(self) -> dict[str, Any]:
        from dangol.settings import _database

        defaults: dict[str, Any] = {
            "ATOMIC_REQUESTS": False,
            "AUTOCOMMIT": True,
            "TIME_ZONE": None,
            "TEST": {},
            "HOST": "",
        }
        if self.url:
            return {**defaults, **_database(self.url), "CONN_MAX_AGE": 0}
        return {
            **defaults,
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": self.folder / "dangol.sqlite3",
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": False,
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
        }


def fill_every_table(
    tables: list[type[models.Model]], *, rows: int = 3, using: str = ALIAS
) -> dict[str, list[Any]]:
    """Put rows into each table that is empty, with values that are hard to carry; the keys of all that is there."""
    made: dict[str, list[Any]] = {}
    waiting = list(tables)
    while waiting:
        ready = [model for model in waiting if not _needs(model) - made.keys() - {model._meta.label}]
        assert ready, f"these need each other: {waiting}"
        for model in ready:
            there = list(model._base_manager.using(using).order_by("pk").values_list("pk", flat=True)[:rows])
            made[model._meta.label] = there or _fill(model, rows, made, using)
        waiting = [model for model in waiting if model not in ready]
    return made


def _needs(model: type[models.Model]) -> set[str]:
    return {
        field.related_model._meta.label
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and not field.null
    }


def _fill(model: type[models.Model], rows: int, made: dict[str, list[Any]], using: str) -> list[Any]:
    keys: list[Any] = []
    used: set[tuple[Any, ...]] = set()
    there_are = {field.name for field in model._meta.concrete_fields}  # in an older state fewer than today
    agreeing = {
        name: value for name, value in AGREEING.get(model._meta.label, {}).items() if name in there_are
    }
    only_one = not agreeing and any(
        isinstance(each, models.CheckConstraint) for each in model._meta.constraints
    )
    for number in range(1, 2 if only_one else rows + 1):
        values = {}
        linked: Counter[str] = Counter()
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey):
                label = field.related_model._meta.label
                there = made.get(label, [])
                # A second link to the same table is to another row: nobody brings themselves.
                values[field.attname] = there[(number - 1 + linked[label]) % len(there)] if there else None
                linked[label] += 1
            elif not isinstance(field, models.AutoField) and not (field.primary_key and field.has_default()):
                values[field.attname] = None if field.null and number == rows else _sample(field, number)
        row = model(**{**values, **agreeing})
        once = {(links, *(getattr(row, name) for name in links)) for links in _links_once(model)}
        if used & once:  # there are too few others to link another one to
            continue
        used |= once
        row.save_base(using=using, force_insert=True)
        keys.append(row.pk)
    return keys


def _links_once(model: type[models.Model]) -> list[tuple[str, ...]]:
    """The columns of foreign keys, or groups of them, that no two rows may have the same."""
    links = {
        field.name: field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)
    }
    single = [(name,) for name, field in links.items() if field.unique]
    groups = [
        tuple(each.fields) for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)
    ]
    together = [tuple(each) for each in model._meta.unique_together]
    found = single + [each for each in groups + together if each and links.keys() >= set(each)]
    return [tuple(links[name].attname for name in each) for each in found]


def _sample(field: models.Field[Any, Any], number: int) -> Any:
    kind = type(field).__name__
    if kind == "ContentField":  # a text of the search index, in the form of one database
        return b"1"
    if isinstance(field, models.BooleanField):
        return number % 2 == 0
    if isinstance(field, models.UUIDField):
        return UUID(int=number)
    if isinstance(field, models.JSONField):
        return {"a": [number, None, True, 1.5, HARD], "": {}}
    if isinstance(field, models.BinaryField):
        return bytes(range(256)) * number
    if isinstance(field, models.DateTimeField):
        return datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC) + timedelta(days=number)
    if isinstance(field, models.DateField):
        return date(2024, 2, 29)
    if isinstance(field, models.TimeField):
        return time(23, 59, 59, 999999)
    if isinstance(field, models.DurationField):
        return timedelta(days=number, microseconds=1)
    if isinstance(field, models.DecimalField):
        return Decimal("1.5")
    if isinstance(field, models.FloatField):
        return 0.1 + number
    if isinstance(field, models.IntegerField):
        return {"BigIntegerField": 2**62}.get(kind, 0) + number
    limit = field.max_length or 200
    text = f"{number}{HARD}"
    return text if limit >= len(text) else str(number)[:limit]


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
