"""Sessions as Django keeps them in the database, read by a statement that is put together once."""

from typing import Any, Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from dangol.kernel.prepared import Prepared

_SESSION: Final = Prepared(lambda key: Session.objects.filter(session_key=key))


class SessionStore(db.SessionStore):
    """Every request asks for one."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Django's own table."""
        return Session

    def _get_session_from_db(self) -> Any:
        for session in _SESSION(key=self.session_key or ""):
            if session.expire_date > timezone.now():
                return session
        self._session_key = None
        return None
