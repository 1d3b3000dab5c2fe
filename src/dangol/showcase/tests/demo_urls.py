"""The addresses as they are in the demo."""

from django.urls import include, path

from dangol.showcase.urls import demo_patterns
from dangol.urls import urlpatterns as others

urlpatterns = [*others, path("", include(demo_patterns))]
