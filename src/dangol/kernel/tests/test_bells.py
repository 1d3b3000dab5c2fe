import os
import subprocess
import sys
import threading

import pytest
from django.db import transaction

from dangol.kernel import bells
from dangol.kernel.bells import Bell, listen, ring, ring_after_commit


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    """A data folder whose name alone is longer than that of a socket may be."""
    settings.DANGOL_DATA = tmp_path / ("long-" * 30)
    settings.DANGOL_DATA.mkdir()
    return settings.DANGOL_DATA / "bells"


def is_ringing(bell: Bell) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bells, "ENOUGH", 1)
        try:
            return bool(bell._socket.recv(16))
        except BlockingIOError:
            return False


def test_everybody_who_waits_for_it_hears_a_bell_and_nobody_another():
    with Bell("mail") as one, Bell("mail") as two, Bell("events") as other:
        ring("mail")

        assert is_ringing(one)
        assert is_ringing(two)
        assert not is_ringing(other)


def test_a_ring_that_nobody_waits_for_is_none(folder):
    ring("mail")
    with Bell("mail"):
        pass
    ring("mail")
    assert list(folder.iterdir()) == []


def test_a_bell_that_is_not_looked_after_holds_nobody_up_and_is_silent_when_it_was_heard():
    with Bell("mail") as bell:
        for _ in range(2000):
            ring("mail")
        assert is_ringing(bell)
        while is_ringing(bell):
            bell.silence()
        ring("mail")
        assert is_ringing(bell)


def test_it_rings_from_another_process_and_what_a_killed_one_left_is_taken_away(folder):
    hang = (
        "import os; from dangol.kernel.bells import Bell; Bell('mail').__enter__(); os.kill(os.getpid(), 9)"
    )
    far = "from dangol.kernel.bells import ring; ring('mail')"
    environment = {
        **os.environ,
        "DANGOL_DATA": str(folder.parent),
        "DJANGO_SETTINGS_MODULE": "dangol.settings",
    }

    subprocess.run([sys.executable, "-c", hang], env=environment, check=False)
    assert len(list(folder.iterdir())) == 1
    with Bell("mail") as bell:
        subprocess.run([sys.executable, "-c", far], env=environment, check=True)
        assert is_ringing(bell)
        assert len(list(folder.iterdir())) == 1


@pytest.mark.django_db(transaction=True)
def test_it_rings_when_what_was_written_can_be_read_and_not_for_what_was_taken_back():
    with Bell("events") as bell:
        with transaction.atomic():
            ring_after_commit("events")
            assert not is_ringing(bell)
        assert is_ringing(bell)
        with transaction.atomic():
            ring_after_commit("events")
            transaction.set_rollback(True)
        assert not is_ringing(bell)


def test_whoever_listens_is_called_until_the_end():
    stop, heard = threading.Event(), threading.Event()
    listener = threading.Thread(target=listen, args=({"mail": heard.set}, stop))
    listener.start()
    for _ in range(2):
        while not heard.wait(0.05):
            ring("mail")
        heard.clear()
    stop.set()
    listener.join(timeout=30)
    assert not listener.is_alive()


def test_where_no_socket_can_be_had_nothing_breaks(settings, tmp_path):
    settings.DANGOL_DATA = tmp_path / "absent" / "too"
    with Bell("mail") as bell:
        assert not bell.is_hung
        ring("mail")
