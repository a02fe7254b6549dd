"""The site's settings, with the page cache off."""

from clinic_site.settings import *  # noqa: F403

PAGE_CACHE_SECONDS = 0
