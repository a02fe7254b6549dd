"""The site with its page cache off: every request renders the page."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.uncached_settings"
application = get_wsgi_application()
