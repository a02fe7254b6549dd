from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "clinic_site.accounts"
    verbose_name = _("Staff accounts")

    def ready(self) -> None:
        from clinic_site.accounts import events, roles, sessions  # noqa: F401 - two of them receive signals

        post_migrate.connect(roles.sync_groups, dispatch_uid="clinic_site.accounts.roles")
