"""The overview as an ordinary Django view renders it, each time, from six queries."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.six_queries_settings"
application = get_wsgi_application()
