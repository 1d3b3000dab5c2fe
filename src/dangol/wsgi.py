"""The pages, for the ASGI front and for any WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangol.settings")
application = get_wsgi_application()
