"""Static files whose address changes with the version, so that a browser never mixes two."""

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage


class VersionedStatic(StaticFilesStorage):
    """Adds ?v=VERSION to every address."""

    def url(self, name: str | None) -> str:
        """The file's address for pages."""
        return f"{super().url(name)}?v={settings.DANGOL_VERSION}"
