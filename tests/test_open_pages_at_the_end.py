"""A desk that is ended while pages follow it: they are let go in order, and nobody sees a traceback."""

import http.client
import signal

import pytest

from tests.parts.desk import LiveDesk

SIGN_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from dangol.staff.models import Staff
hana = Staff.objects.create_user("hana@moonburger.test", "a long enough word", name="Hana", role="agent")
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(hana.pk), hana.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
session.create()
print(session.session_key)
"""


@pytest.mark.only_sqlite
def test_the_end_of_a_desk_ends_its_streams_in_order(live_desk: LiveDesk) -> None:
    session = live_desk.run_python(SIGN_IN).strip()
    streams = []
    for _ in range(3):
        line = http.client.HTTPConnection("127.0.0.1", live_desk.port, timeout=20)
        line.request("GET", "/live/", headers={"Cookie": f"sessionid={session}"})
        stream = line.getresponse()
        assert (stream.status, stream.readline()) == (200, b"retry: 1000\n")
        streams.append(stream)

    live_desk.stop(how=signal.SIGINT)

    assert [stream.read().strip() for stream in streams] == [b"", b"", b""]  # ended, not broken off
    assert "Traceback" not in live_desk.log
    assert "ERROR" not in live_desk.log
