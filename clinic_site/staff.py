"""The staff side: Django's admin under ``/staff/``."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class StaffSite(admin.AdminSite):
    site_header = _("Clinic staff")
    site_title = _("Clinic staff")
    index_title = _("What needs doing")
    # The index is the way in; a second list of everything beside every page is noise.
    enable_nav_sidebar = False
