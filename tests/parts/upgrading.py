"""Build an installation at every earlier state of its migrations, fill it, upgrade each in one step, look for the rows.

    python -m tests.parts.upgrading [6]        in the surroundings of an installation that does not exist yet

With a number only at the first state and at every so many from the last one back: each costs the longer, the more
there are, and every migration runs in any case. Prints a line of JSON a state.
In a process of its own, because it goes through many databases under one name.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django
from django.db import connection, connections


class Bases:
    """One database that goes through the states, and copies of it to be upgraded."""

    def __init__(self) -> None:
        self.name = connection.settings_dict["NAME"]

    def use(self, name: str) -> None:
        connection.close()
        connection.settings_dict["NAME"] = name

    def base(self) -> None:
        """Go on with the one."""
        self.use(self._base())

    def copy(self) -> None:
        """Turn to a fresh copy of it."""
        if connection.vendor == "sqlite":
            connection.close()
            Path(self.name).unlink(missing_ok=True)
            shutil.copy(self._base(), self.name)
        else:
            self.use("postgres")
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {self.name}")
                cursor.execute(f"CREATE DATABASE {self.name} TEMPLATE {self._base()}")
        self.use(self.name)

    def begin(self) -> None:
        """Make the one, empty."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {self._base()}")
        self.base()

    def _base(self) -> str:
        return f"{self.name}_base"


def main() -> None:
    """All of it."""
    django.setup()
    from django.conf import settings
    from django.db.migrations.executor import MigrationExecutor

    from dangol.kernel.keys import make_secret

    make_secret(settings.DANGOL_DATA)
    bases = Bases()
    bases.begin()
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    whole = others_first(executor.migration_plan(leaves), executor.loader.graph)
    ours = [place for place, (step, _) in enumerate(whole) if is_ours(step)]
    each = int(next(iter(sys.argv[1:]), "1"))
    ours = [ours[0], *ours[::-each]]
    done = 0
    became: dict[str, list[tuple[Any, ...]]] = {}
    for place in sorted({*ours, len(whole) - 1}):
        bases.base()
        MigrationExecutor(connection).migrate(None, plan=whole[done : place + 1])
        done = place + 1
        bases.copy()
        step = whole[place][0]
        name = f"{step.app_label}.{step.name}"
        state = {"state": name, **upgrade_from_here()}
        became[name] = schema()
        print(json.dumps(state), flush=True)
    bases.base()  # which is at this version by Django's own hand
    by_django = schema()
    unlike = [name for name, made in became.items() if made != by_django]
    print(json.dumps({"parts": len(by_django), "unlike": unlike}), flush=True)


def schema() -> list[tuple[Any, ...]]:
    """Every table, column, index, constraint, trigger and sequence that the database has, as it describes them."""
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for statement in _SCHEMA[connection.vendor]:
            cursor.execute(statement)
            found += cursor.fetchall()
    return found


_SCHEMA = {
    "sqlite": ("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2",),
    "postgresql": (
        """SELECT attrelid::regclass::text, attnum, attname, format_type(atttypid, atttypmod), attcollation, attnotnull,
        attidentity, pg_get_expr(adbin, adrelid)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2""",
        "SELECT sequencename, data_type::text, increment_by FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
        "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
        """SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2""",
    ),
}


def others_first(plan: list[Any], graph: Any) -> list[Any]:
    """The plan with what is not ours as early as it may be: it is the same for all and need not be done so often."""
    waiting, ordered = list(plan), []
    done: set[tuple[str, str]] = set()
    while waiting:
        ready = [each for each in waiting if {tuple(node.key) for node in _parents(each, graph)} <= done]
        step = next((each for each in ready if not is_ours(each[0])), ready[0])
        waiting.remove(step)
        ordered.append(step)
        done.add((step[0].app_label, step[0].name))
    return ordered


def is_ours(step: Any) -> bool:
    """Whether the migration is one of Dangol's."""
    return type(step).__module__.startswith("dangol.")


def _parents(step: Any, graph: Any) -> Any:
    return graph.node_map[step[0].app_label, step[0].name].parents


def upgrade_from_here() -> dict[str, Any]:
    """Fill the tables that there are, upgrade, and say which rows of before are not what they were."""
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    from dangol.transfer.shelf import shelf
    from dangol.transfer.states import models_at, state_of
    from dangol.transfer.tables import carried_tables
    from dangol.transfer.upgrade import bring_up_to_date
    from tests.parts.installation import fill_every_table

    loader = MigrationLoader(connection)
    tables = carried_tables(models_at(state_of(loader), loader))
    fill_every_table([table.model for table in tables], using="default")
    before = {table.label: rows_of(table.model) for table in tables}
    backups = set(shelf().iterdir())

    connection_class = type(connections["default"])
    with patch.object(
        connection_class, "check_constraints", autospec=True, side_effect=connection_class.check_constraints
    ) as followed:
        bring_up_to_date(say=lambda _: None)

    changed = []
    for label, rows in before.items():
        after = {row["pk"]: row for row in rows_of(apps.get_model(label))}
        changed += [
            f"{label} {row['pk']}"
            for row in rows
            if {name: after.get(row["pk"], {}).get(name, value) for name, value in row.items()} != row
            or row["pk"] not in after
        ]
    made = set(shelf().iterdir()) - backups
    return {
        "rows": sum(map(len, before.values())),
        "keys_followed": followed.call_count,
        "changed": changed,
        "backups": [str(path) for path in made],
    }


def rows_of(model: Any) -> list[dict[str, Any]]:
    """Every row, with its key as `pk`."""
    return [
        {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
        | {"pk": row[model._meta.pk.attname]}
        for row in model._base_manager.order_by("pk").values()
    ]


if __name__ == "__main__":
    main()
