"""What every test may ask for: the real parts in tests/parts, each skipped with "needs …" where it is absent."""

import shutil

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "pytester",
    "tests.parts.selection",
    "tests.parts.postgres",
    "tests.parts.mailserver",
    "tests.parts.browser",
    "tests.parts.desk",
    "tests.parts.cast",
    "tests.parts.clearing",
    "tests.parts.components",
    "tests.parts.static_files",
]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the data folder of this run (an exit handler would not be called in pytest-xdist's workers)."""
    from django.conf import settings

    shutil.rmtree(settings.DANGOL_DATA, ignore_errors=True)


# A busy machine is slow for reasons that no test can mend.
settings.register_profile("dangol", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dangol")
