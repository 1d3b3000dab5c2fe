"""Dangol installs as a package: a wheel carries all that runs and nothing else, `pip install .` gives the command."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dangol import __version__

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "dangol"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy as git would hand it out: no compiled translations, a space in its path."""
    copy = tmp_path_factory.mktemp("a checkout") / "dangol"
    copy.mkdir()
    for name in (
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
        ".gitignore",
        "requirements.lock",
    ):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(PACKAGE, copy / "src/dangol", ignore=shutil.ignore_patterns("*.mo", "__pycache__"))
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    """The wheel, built by what is installed here, with nothing fetched."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)
    return next((checkout / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def in_wheel(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def sources(*patterns: str) -> set[str]:
    """The checkout's files of these kinds, as they are called in a wheel; tests left out."""
    found = {path for pattern in patterns for path in PACKAGE.glob(pattern) if path.is_file()}
    return {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in found
        if not {"tests", "__pycache__"} & set(path.relative_to(PACKAGE).parts)
    }


@pytest.mark.parametrize(
    "patterns",
    [
        ("**/*.py",),
        ("*/templates/**/*",),
        ("*/static/**/*",),
        ("*/migrations/*.py",),
        ("**/*.json", "**/*.typed"),
    ],
)
def test_the_wheel_carries_all_that_runs(in_wheel: set[str], patterns: tuple[str, ...]) -> None:
    assert sources(*patterns) <= in_wheel


def test_the_wheel_carries_every_translation_compiled(in_wheel: set[str]) -> None:
    catalogues = {name.removesuffix(".po") + ".mo" for name in sources("**/LC_MESSAGES/*.po")}
    assert catalogues
    assert catalogues <= in_wheel


def test_the_wheel_carries_no_tests_and_nothing_that_only_the_checkout_needs(in_wheel: set[str]) -> None:
    unwanted = [
        name for name in in_wheel if "/tests/" in name or name.endswith((".po", ".lock", "hatch_build.py"))
    ]
    assert unwanted == []
    assert {name.partition("/")[0] for name in in_wheel} == {"dangol", f"dangol-{__version__}.dist-info"}


def test_the_installed_wheel_gives_the_command_and_speaks_korean(wheel: Path, tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "--without-pip")  # ours installs there as well, and is here already
    install = ["install", "-q", "--no-compile", "--no-deps", "--no-index", wheel]
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, *install], check=True, capture_output=True
    )
    # What Dangol needs is borrowed from here, so that nothing is fetched; Dangol itself is not.
    borrowed = sysconfig.get_paths()["purelib"]
    site = next((tmp_path / "venv").glob("lib/python3*/site-packages"))
    # As data and not as a .pth file: .pth files of the borrowed folder, Dangol's own among them, stay unread.
    environment = clean_environment(tmp_path) | {"PYTHONPATH": os.pathsep.join([str(site), borrowed])}

    said = run([tmp_path / "venv/bin/dangol", "--version"], environment)
    where = run([python, "-c", "import dangol; print(dangol.__file__)"], environment)
    korean = run(
        [python, "-c", "import django; django.setup()\n" + TRANSLATES],
        environment | {"DANGOL_DATA": str(tmp_path)},
    )

    assert __version__ in said
    assert Path(where.strip()).is_relative_to(site)
    assert re.search("[가-힣]", korean)


TRANSLATES = """
from django.utils import translation
from dangol.staff.models import Staff
translation.activate("ko")
print(Staff._meta.get_field("role").choices[0][1])
"""


def test_pip_install_in_a_fresh_environment_gives_the_same_command(checkout: Path, tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv")
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check", checkout],
        capture_output=True,
        text=True,
        env=clean_environment(tmp_path, keep_home=True),
    )
    if done.returncode and re.search(
        "No matching distribution|NewConnectionError|ConnectTimeout", done.stderr
    ):
        pytest.skip("needs a package index")
    assert done.returncode == 0, done.stderr

    said = run([tmp_path / "venv/bin/dangol", "--version"], clean_environment(tmp_path))

    assert __version__ in said


def test_the_locks_name_everything_that_pyproject_asks_for_and_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {
        "requirements.lock": [*project["project"]["dependencies"], *groups["build"]],
        "requirements-test.lock": [line for line in groups["test"] if isinstance(line, str)],
    }
    for name, requirements in wanted.items():
        text = (ROOT / name).read_text()
        locked = {
            plain(found): version for found, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.M)
        }
        for requirement in map(Requirement, requirements):
            assert requirement.specifier.contains(locked[plain(requirement.name)]), f"{requirement} in {name}"
        assert "://" not in text
        assert text.count("--hash=sha256:") >= len(locked)


def test_the_two_locks_agree() -> None:
    pairs = [
        dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.M))
        for name in ("requirements.lock", "requirements-test.lock")
    ]
    shared = pairs[0].keys() & pairs[1].keys()
    assert {name: pairs[0][name] for name in shared} == {name: pairs[1][name] for name in shared}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def make_venv(folder: Path, *options: str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", *options, folder], check=True, capture_output=True)
    return folder / "bin" / "python"


def clean_environment(folder: Path, *, keep_home: bool = False) -> dict[str, str]:
    """Nothing of Django, Dangol or Python that the tests run under; a home of its own unless pip's cache is wanted."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DANGOL_", "DJANGO_", "PYTHON", "DATABASE_"))
    }
    return kept | {"DJANGO_SETTINGS_MODULE": "dangol.settings"} | ({} if keep_home else {"HOME": str(folder)})


def run(command: list[str | Path], environment: dict[str, str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
