from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ClinicSiteConfig(AppConfig):
    """The project itself: no models, only the wiring of the other apps."""

    name = "clinic_site"

    def ready(self) -> None:
        from clinic_site import checks  # noqa: F401 - registers the deployment check


class StaffAdminConfig(AdminConfig):
    """Django's admin, as the staff side of this site."""

    default_site = "clinic_site.admin_site.StaffSite"
