"""Which state a database is in: that of its migrations."""

from typing import cast

from django.apps.registry import Apps
from django.db.migrations.loader import MigrationLoader

from dangol.kernel.errors import Refused

State = list[tuple[str, str]]
"""The migrations that were applied, each as (app, name), sorted."""


class Newer(Refused):
    """What is there was made by a version that knows more than this one."""


def state_of(loader: MigrationLoader) -> State:
    """The state of the loader's database; empty for one that nothing was made in."""
    return sorted((app, name) for app, name in loader.applied_migrations or ())


def unknown_to_us(state: State, loader: MigrationLoader) -> State:
    """The migrations of the state that this version does not know."""
    replaced = {old for migration in loader.disk_migrations.values() for old in migration.replaces}
    return [each for each in state if each not in loader.disk_migrations and each not in replaced]


def models_at(state: State, loader: MigrationLoader) -> Apps:
    """Django's models as they were in this state."""
    nodes = [each for each in state if each in loader.graph.nodes]
    return cast(Apps, loader.project_state(nodes).apps)
