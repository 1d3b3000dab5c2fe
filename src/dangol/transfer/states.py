"""Which state a database is in: that of its migrations."""

from typing import cast

from django.apps import apps as models_of_today
from django.apps.registry import Apps
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

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


def history_of(state: State, loader: MigrationLoader) -> ProjectState:
    """What the migrations of the state have made, in words: models are made of it only when they are asked for."""
    return loader.project_state(_known(state, loader))


def models_at(state: State, loader: MigrationLoader) -> Apps:
    """Django's models as they were in this state; today's own where it is that of this version, which costs nothing."""
    if set(_known(state, loader)) == loader.graph.nodes.keys():
        return models_of_today
    return cast(Apps, history_of(state, loader).apps)


def _known(state: State, loader: MigrationLoader) -> State:
    return [each for each in state if each in loader.graph.nodes]
