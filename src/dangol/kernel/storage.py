"""Static files whose address changes with the version, so that a browser never mixes two."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage


class VersionedStatic(StaticFilesStorage):
    """Adds ?v=VERSION to every address."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._known: dict[str | None, str] = {}

    def url(self, name: str | None) -> str:
        """The file's address for pages; every page names two dozen of them, so they are put together once."""
        address = self._known.get(name)
        if address is None:
            address = self._known[name] = f"{super().url(name)}?v={settings.DANGOL_VERSION}"
        return address
