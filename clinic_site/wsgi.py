"""The site as a WSGI application, for the production server."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

from clinic_site.core.http.warm_pages import WarmPages
from clinic_site.core.http.wsgi_middleware import RequestNormalizer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")

application = RequestNormalizer(WarmPages(get_wsgi_application()))
# Import the views and index their addresses now, once for all processes. Otherwise the first request of each
# process would wait for it.
reverse("admin:index")
