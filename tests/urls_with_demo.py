"""Every address there is, those of the demo shop included."""

from dangol.showcase.urls import demo_patterns
from dangol.urls import urlpatterns as usual_patterns

urlpatterns = [*usual_patterns, *demo_patterns]
