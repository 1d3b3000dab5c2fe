"""./dangol on a bare machine: what it says when something is missing, and that it starts from anywhere."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHELLS = [name for name in ("dash", "bash", "busybox", "zsh") if shutil.which(name)]
TOOLS = (
    "dirname",
    "readlink",
    "cat",
    "cksum",
    "find",
    "date",
    "mktemp",
    "rm",
    "mkdir",
    "touch",
    "grep",
    "sleep",
    "tail",
)

# Stands for Python, pip and the installed command: it answers what ./dangol asks and notes what pip was asked.
PYTHON = """#!/bin/sh
case "$*" in
    *"import sys; print("*) echo {version} ;;
    *"sys.version_info < (3, 11)"*) exit {is_too_old} ;;
    *"import venv, ensurepip"*) exit {lacks_venv} ;;
    *"import fcntl"*) exit 0 ;;
    *"-IS -c"*) exit 0 ;;
    "-m venv "*)
        mkdir -p "$3/bin" "$3/lib"; cp "$0" "$3/bin/python"; touch "$3/pyvenv.cfg"
        printf '#!/bin/sh\\necho "dangol got: $*"\\n' >"$3/bin/dangol"; chmod 755 "$3/bin/dangol" ;;
    *"pip"*"install"*)
        echo "$*" >>"$PIP_CALLS"; sleep "${{PIP_SECONDS:-0}}"
        [ -z "${{PIP_SAYS:-}}" ] || {{ echo "$PIP_SAYS"; exit 1; }} ;;
    *) exit 0 ;;
esac
"""


class Machine:
    """A machine with the usual tools, and of Python only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.programs.mkdir()
        for tool in (*TOOLS, "cp", "chmod", "sh"):
            found = shutil.which(tool)
            assert found, tool
            (self.programs / tool).symlink_to(found)
        self.checkout = folder / "a shop's folder"
        self.checkout.mkdir()
        for name in (
            "dangol",
            "pyproject.toml",
            "requirements.lock",
            "requirements-test.lock",
            "hatch_build.py",
        ):
            shutil.copy(ROOT / name, self.checkout)
        (self.checkout / "src").mkdir()
        self.asked_of_pip = folder / "pip.log"
        self.environment = {
            "PATH": str(self.programs),
            "HOME": str(folder),
            "PIP_CALLS": str(self.asked_of_pip),
        }

    def add_python(
        self,
        name: str = "python3",
        version: str = "3.11.2",
        *,
        is_too_old: bool = False,
        lacks_venv: bool = False,
    ) -> None:
        text = PYTHON.format(version=version, is_too_old=int(is_too_old), lacks_venv=int(lacks_venv))
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def command(self, *arguments: str, shell: str = "sh", script: Path | None = None) -> list[str]:
        found = shutil.which(shell)
        assert found
        applet = ["sh"] if shell == "busybox" else []
        return [found, *applet, str(script or self.checkout / "dangol"), *arguments]

    def run(
        self,
        *arguments: str,
        shell: str = "sh",
        script: Path | None = None,
        cwd: Path | None = None,
        **more: str,
    ):
        return subprocess.run(
            self.command(*arguments, shell=shell, script=script),
            env=self.environment | more,
            cwd=cwd or self.checkout,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    @property
    def pip_calls(self) -> list[str]:
        return self.asked_of_pip.read_text().splitlines() if self.asked_of_pip.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_python_it_says_what_to_add_on_each_system(machine: Machine) -> None:
    done = machine.run("demo")

    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr
    for word in ("apt install python3 python3-venv", "macOS", "Windows", "wsl"):
        assert word in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_an_old_python_is_named(machine: Machine) -> None:
    machine.add_python(version="3.9.18", is_too_old=True)
    done = machine.run("demo")

    assert done.returncode == 1
    assert "found Python 3.9.18, which is too old" in done.stderr


def test_python_without_venv_is_told_which_package_brings_it(machine: Machine) -> None:
    machine.add_python(version="3.11.2", lacks_venv=True)
    done = machine.run("demo")

    assert done.returncode == 1
    assert "apt install python3.11-venv" in done.stderr


def test_a_python_that_lacks_venv_or_is_broken_is_passed_over_for_one_that_works(machine: Machine) -> None:
    (machine.programs / "python3.13").write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    (machine.programs / "python3.13").chmod(0o755)
    machine.add_python("python3.12", "3.12.1", lacks_venv=True)
    machine.add_python("python3", "3.11.2")
    done = machine.run("up")

    assert done.returncode == 0, done.stderr
    assert "Python 3.11.2 (python3)" in done.stderr


def test_a_named_python_that_does_not_run_is_not_replaced_by_another(machine: Machine) -> None:
    machine.add_python()
    done = machine.run("up", DANGOL_PYTHON="/nowhere/python")

    assert done.returncode == 1
    assert "/nowhere/python does not run" in done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_it_installs_once_with_hashes_and_hands_over_what_it_was_given(machine: Machine, shell: str) -> None:
    machine.add_python()
    first = machine.run("mail", "read", "two words.eml", shell=shell)
    second = machine.run("--version", shell=shell)

    assert first.stdout == "dangol got: mail read two words.eml\n", first.stderr
    assert second.stdout == "dangol got: --version\n"
    assert second.stderr == ""
    packages, itself = machine.pip_calls
    assert "--require-hashes" in packages
    assert "requirements.lock" in packages
    assert "--no-build-isolation" in itself
    assert "Ready after" in first.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_it_starts_from_any_folder_and_through_links(machine: Machine, tmp_path: Path, shell: str) -> None:
    machine.add_python()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "first").symlink_to("../a shop's folder/dangol")
    (tmp_path / "second link").symlink_to(tmp_path / "elsewhere" / "first")
    done = machine.run("up", shell=shell, script=tmp_path / "second link", cwd=tmp_path / "elsewhere")

    assert done.stdout == "dangol got: up\n", done.stderr
    assert (machine.checkout / ".venv").is_dir()


def test_a_changed_lock_is_installed_on_top(machine: Machine) -> None:
    machine.add_python()
    machine.run("up")
    with (machine.checkout / "requirements.lock").open("a") as lock:
        lock.write("another==1.0\n")
    done = machine.run("up")

    assert "updates what it needs" in done.stderr
    assert len(machine.pip_calls) == 4


def test_the_tests_lock_is_installed_only_for_the_tests(machine: Machine) -> None:
    machine.add_python()
    machine.run("up")
    assert not any("requirements-test.lock" in call for call in machine.pip_calls)

    machine.run("test")
    assert any("requirements-test.lock" in call for call in machine.pip_calls)
    before = len(machine.pip_calls)
    machine.run("test")
    assert len(machine.pip_calls) == before


def test_a_folder_that_was_moved_is_set_up_anew(machine: Machine) -> None:
    machine.add_python()
    machine.run("up")
    (machine.checkout / ".venv" / "of before").touch()
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("moved"))
    done = machine.run("up")

    assert "sets itself up" in done.stderr
    assert not (machine.checkout / ".venv" / "of before").exists()


def test_an_interrupted_installation_is_done_again(machine: Machine) -> None:
    machine.add_python()
    running = subprocess.Popen(
        machine.command("up"),
        env=machine.environment | {"PIP_SECONDS": "30"},
        cwd=machine.checkout,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: bool(machine.pip_calls))
    running.terminate()
    _, said = running.communicate(timeout=20)

    assert running.returncode == 130
    assert "The same command starts it again" in said
    again = machine.run("up")
    assert "sets itself up" in again.stderr
    assert again.stdout == "dangol got: up\n"


def test_two_at_once_install_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    # The lock is a real one, so it takes a real Python: this one, with pip and the rest still played.
    machine.add_python()
    text = (machine.programs / "python3").read_text()
    real = text.replace('*"import fcntl"*) exit 0 ;;', f'*"import fcntl"*) exec "{sys.executable}" "$@" ;;')
    (machine.programs / "python3").write_text(real)
    both = [
        subprocess.Popen(
            machine.command("up"),
            env=machine.environment | {"PIP_SECONDS": "1"},
            cwd=machine.checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60) for one in both]

    assert [out for out, _ in said] == ["dangol got: up\n"] * 2
    assert len(machine.pip_calls) == 2
    assert sum("Another ./dangol is setting up" in errors for _, errors in said) == 1


@pytest.mark.parametrize(
    ("pip_says", "told"),
    [
        ("ERROR: No matching distribution found for django==5.2.19", "connected to the internet"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one that"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
    ],
)
def test_what_went_wrong_while_installing_is_said_in_words(
    machine: Machine, pip_says: str, told: str
) -> None:
    machine.add_python()
    done = machine.run("up", PIP_SAYS=pip_says)

    assert done.returncode == 1
    assert told in done.stderr
    assert pip_says in done.stderr


def test_an_environment_that_somebody_else_made_is_never_removed(machine: Machine) -> None:
    machine.add_python()
    subprocess.run(
        [machine.programs / "python3", "-m", "venv", machine.checkout / ".venv"], env=machine.environment
    )
    (machine.checkout / ".venv" / "mine").touch()
    done = machine.run("up")

    assert done.stdout == "dangol got: up\n", done.stderr
    assert (machine.checkout / ".venv" / "mine").exists()


def test_the_second_start_costs_little(machine: Machine) -> None:
    machine.add_python()
    machine.run("up")
    began = time.monotonic()
    for _ in range(5):
        machine.run("up")
    # 50 ms is what a start may cost; the machine that runs the tests may be busy.
    assert (time.monotonic() - began) / 5 < 0.5


def test_it_keeps_to_what_every_shell_has() -> None:
    script = (ROOT / "dangol").read_text()
    assert script.startswith("#!/bin/sh\n")
    assert not re.search(r"\[\[|\blocal\b|\bfunction\b|pipefail|readlink -f|\$'", script)
    assert os.access(ROOT / "dangol", os.X_OK)


def wait_until(is_true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.05)
