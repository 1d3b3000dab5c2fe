"""Django's migrations, in half the time: a new desk opens the sooner, and so does one after an upgrade.

Whenever a migration changes a model, Django makes the classes of all models anew that can be reached from it over any
number of links: nearly all, for each of some hundred changes, which was most of the time. For the statements the class
that changed is enough; and code in a migration, which may use any model, gets all of them anew, when it first asks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState, StateApps
from django.utils.functional import SimpleLazyObject


class LeanState(ProjectState):
    """Where the models stand between two changes."""

    def _find_reload_model(
        self, app_label: str, model_name: str, delay: bool = False
    ) -> set[tuple[str, str]]:
        # `delay` is Django's own word for a change that the classes of others need not know of before they are asked
        # for; a model that is new is known to none.
        if delay or model_name not in self.apps.all_models[app_label]:
            self.is_delayed = True
            return {(app_label, model_name)}
        found: set[tuple[str, str]] = super()._find_reload_model(app_label, model_name, delay)  # type: ignore[misc]
        return found

    def clone(self) -> LeanState:
        copy = LeanState({key: model.clone() for key, model in self.models.items()}, self.real_apps)
        if "apps" in self.__dict__:
            copy.apps = self.apps.clone()
        copy.is_delayed = self.is_delayed
        return copy

    def clear_delayed_apps_cache(self) -> None:
        """For code that may ask for any model. Most asks for none: it makes triggers, or has no rows to look at."""
        if self.is_delayed and "apps" in self.__dict__:
            self.__dict__["apps"] = SimpleLazyObject(partial(StateApps, list(self.real_apps), self.models))


class LeanExecutor(MigrationExecutor):
    """Runs migrations over such states."""

    def _create_project_state(self, with_applied_migrations: bool = False) -> ProjectState:
        state: ProjectState = super()._create_project_state(with_applied_migrations)  # type: ignore[misc]
        return LeanState(state.models, state.real_apps)


def migrate() -> None:
    """Bring the database to this version, as Django's command of this name does."""
    executor = LeanExecutor(connection)
    executor.loader.check_consistent_history(connection)
    targets = executor.loader.graph.leaf_nodes()
    plan = executor.migration_plan(targets)
    state = executor._create_project_state(with_applied_migrations=True)
    told: dict[str, Any] = {"verbosity": 0, "interactive": False, "db": connection.alias, "plan": plan}
    emit_pre_migrate_signal(apps=state.apps, **told)
    executor.migrate(targets, plan=plan, state=state.clone())
    emit_post_migrate_signal(**told)
