"""The staff's pages for requests, under ``/staff/``. Every view checks its permission by ``page``."""
