"""Which state a database is in: that of its migrations."""

from importlib import import_module
from pkgutil import iter_modules
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


def state_of_this_version() -> State:
    """The state of a database in which all migrations of this version were applied.

    Told from the names of their files: to load the hundred of them takes a tenth of a second.
    """
    labels = [app.label for app in models_of_today.get_app_configs()]
    modules = [(label, MigrationLoader.migrations_module(label)[0]) for label in labels]
    return sorted((label, name) for label, module in modules if module for name in _migrations_in(module))


def _migrations_in(module: str) -> list[str]:
    try:
        folder = import_module(module).__path__
    except ModuleNotFoundError as absent:
        if absent.name != module:
            raise
        return []  # an app without tables
    return [each.name for each in iter_modules(folder) if not each.ispkg and each.name[0] not in "_~"]


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
