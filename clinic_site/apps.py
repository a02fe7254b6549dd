from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class StaffAdminConfig(AdminConfig):
    """Django's admin, as the staff side of this site."""

    default_site = "clinic_site.staff.StaffSite"


class ClinicSiteConfig(AppConfig):
    name = "clinic_site"
    verbose_name = _("The clinic")
    staff_order = 30

    def ready(self) -> None:
        from clinic_site import checks, clinic, frame, live, outbox, readiness, roles, sample_content  # noqa: F401
        from clinic_site.models import ClinicProfile, Closure, InformationPractice, OpeningHours

        models = ("clinicprofile", "openinghours", "closure", "informationpractice")
        roles.grant_models((roles.MANAGER,), "clinic_site", models, actions="view add change delete")
        roles.grant_models((roles.MANAGER,), "auth", ("user",), actions="view add change")
        roles.grant_models((roles.MANAGER,), "auth", ("group",), actions="view")
        roles.grant(roles.MANAGER, "clinic_site.view_accessevent")
        for role in (roles.COORDINATOR, roles.MANAGER):
            roles.grant(role, "clinic_site.view_outgoingmessage", "clinic_site.resend_outgoingmessage")
        readiness.register("outbox", outbox.require_worker)
        sample_content.register(10, clinic.load_sample)
        post_migrate.connect(roles.sync, dispatch_uid="clinic_site.roles")
        frame.part("clinic", clinic.profile)
        live.shown(ClinicProfile, OpeningHours, Closure, InformationPractice)
        pre_migrate.connect(live.remove_triggers, sender=self, dispatch_uid="clinic_site.live")
        post_migrate.connect(live.install_triggers, sender=self, dispatch_uid="clinic_site.live")
        readiness.register("page cache", live.require_triggers)
