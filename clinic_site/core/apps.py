from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "clinic_site.core"
    verbose_name = _("Shared parts")

    def ready(self) -> None:
        from clinic_site.core import append_only, sqlite_writers

        connection_created.connect(sqlite_writers.queue_writers, dispatch_uid="sqlite_writers")
        pre_migrate.connect(append_only.before_migrate, sender=self, dispatch_uid="append_only")
        post_migrate.connect(append_only.install_triggers, sender=self, dispatch_uid="append_only")
