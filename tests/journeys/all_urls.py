"""Every address, those of the demo included, whether or not this process is one."""

from dangol import urls
from dangol.showcase.urls import demo_patterns

urlpatterns = [*urls.urlpatterns, *demo_patterns]
