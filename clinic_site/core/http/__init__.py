"""Middleware, page cache, CSRF failures and responses. Imports only ``clinic_site.core``."""
