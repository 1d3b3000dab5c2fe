"""A child that is told to end at its first breath ends, and never by its parent's handler."""

import os
import signal
import threading
import time

from dangol.kernel.forks import endings_held_back, fork


def test_a_child_told_to_end_at_birth_ends_by_the_signal_and_not_by_its_parents_handler():
    before = signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    try:
        for _ in range(50):
            pid = fork()
            if pid == 0:
                time.sleep(10)
                os._exit(0)
            os.kill(pid, signal.SIGTERM)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_child_born_while_endings_are_held_back_can_be_ended():
    with endings_held_back():
        pid = fork()
        if pid == 0:
            time.sleep(10)
            os._exit(0)
        os.kill(pid, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM


def test_what_comes_while_endings_are_held_back_is_handled_afterwards():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("end"))
    try:
        with endings_held_back():
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)  # the runner of tests has threads
            assert heard == []
        assert heard == ["end"]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_child_that_ignores_the_interrupt_ends_on_the_other():
    pid = fork(ignores_interrupt=True)
    if pid == 0:
        time.sleep(10)
        os._exit(0)
    os.kill(pid, signal.SIGINT)
    time.sleep(0.05)
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
