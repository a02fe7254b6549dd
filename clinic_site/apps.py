from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class StaffAdminConfig(AdminConfig):
    """Django's admin, as the staff side of this site."""

    default_site = "clinic_site.staff.StaffSite"


class ClinicSiteConfig(AppConfig):
    name = "clinic_site"
    verbose_name = _("The clinic")
    staff_order = 30

    def ready(self) -> None:
        from clinic_site import checks, clinic, roles, sample_content  # noqa: F401

        models = ("clinicprofile", "openinghours", "closure")
        roles.grant_models((roles.MANAGER,), "clinic_site", models, actions="view add change delete")
        roles.grant_models((roles.MANAGER,), "auth", ("user",), actions="view add change")
        roles.grant_models((roles.MANAGER,), "auth", ("group",), actions="view")
        sample_content.register(10, clinic.load_sample)
        post_migrate.connect(roles.sync, dispatch_uid="clinic_site.roles")
