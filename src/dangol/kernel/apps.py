from django.apps import AppConfig
from django.db.backends.signals import connection_created


class KernelConfig(AppConfig):
    name = "dangol.kernel"

    def ready(self) -> None:
        """Each new connection is made ready for short statements."""
        from dangol.kernel.db import for_short_statements, with_kept_statements

        connection_created.connect(for_short_statements)
        connection_created.connect(with_kept_statements)
