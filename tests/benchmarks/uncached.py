"""The site with its page cache off: every request renders the page."""

from clinic_site import settings

settings.PAGE_CACHE_SECONDS = 0

from clinic_site.wsgi import application  # noqa: F401
