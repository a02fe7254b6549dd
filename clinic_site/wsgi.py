"""The site as a WSGI application, for the production server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")

# After Django is set up: its models are needed.
site = get_wsgi_application()

from clinic_site.core.http.page_cache import PageCache  # noqa: E402
from clinic_site.core.http.wsgi_middleware import FrontDoor  # noqa: E402

application = FrontDoor(PageCache(site))
