import os
import subprocess
import sys
import time

from dangol.kernel.processes import LONGEST_NAME, gone_among, is_gone, this_process

_SAY_NAME = "from dangol.kernel.processes import this_process; print(this_process(), flush=True)"


def name_of_a_dead_process() -> str:
    """As a process of this machine called itself that has ended since."""
    return subprocess.run(
        [sys.executable, "-c", _SAY_NAME], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_process_that_ended_is_gone_and_one_that_runs_is_not():
    assert is_gone(name_of_a_dead_process())
    assert not is_gone(this_process())
    assert not is_gone(f"{this_process()}:140737")


def test_another_process_under_the_same_number_is_not_taken_for_it():
    place, pid, start = this_process().split(":")
    assert is_gone(f"{place}:{pid}:{int(start) - 1}")
    assert is_gone(f"{place}:{pid}:{int(start) - 1}:140737")


def test_one_that_ended_and_is_not_buried_is_gone():
    child = subprocess.Popen([sys.executable, "-c", _SAY_NAME], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    name = child.stdout.readline().strip()
    deadline = time.monotonic() + 20
    while not is_gone(name):  # nobody has waited for it: its number still answers
        os.kill(child.pid, 0)
        assert time.monotonic() < deadline
    child.wait()


def test_of_another_machine_or_container_nothing_is_known():
    place = this_process().partition(":")[0]
    dead = name_of_a_dead_process().split(":", 1)[1]
    assert not is_gone(f"elsewhere/{place.partition('/')[2]}:{dead}")
    assert not is_gone(f"{place.partition('/')[0]}/1:{dead}")
    assert not is_gone("")
    assert not is_gone("nonsense")


def test_only_names_are_asked_about():
    assert gone_among([None, "", this_process(), dead := name_of_a_dead_process()]) == [dead]


def test_a_name_fits_where_it_is_kept():
    assert len(f"{this_process()}:{2**47}") <= LONGEST_NAME
