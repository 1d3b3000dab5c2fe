"""What every page of the staff shows around its content."""

from django.http import HttpRequest


def rail(request: HttpRequest) -> dict[str, object]:
    """The business and the counts in the menu."""
    return {}
