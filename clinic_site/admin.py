"""The clinic's own facts and the roles of staff, in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinic_site.access import admin as access_admin  # noqa: F401 - registers itself
from clinic_site.models import ClinicProfile, Closure, InformationPractice, OpeningHours
from clinic_site.outbox import admin as outbox_admin  # noqa: F401 - registers itself


class SingletonAdmin(admin.ModelAdmin):
    """A table of one row: it is changed; a second one is never offered, and the one is never deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self.model._default_manager.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ClinicProfile)
class ClinicProfileAdmin(SingletonAdmin):
    fieldsets = [
        (None, {"fields": ["name", "tagline", "is_sample"]}),
        (
            _("Where patients find us"),
            {"fields": ["address", "city", "directions", "map_url", "latitude", "longitude"]},
        ),
        (
            _("How patients reach us"),
            {
                "fields": [
                    "phone",
                    "whatsapp",
                    "urgent_phone",
                    "email",
                    "accepts_emergencies",
                    "answer_within_hours",
                    "answer_promise",
                    "shows_answer_time",
                ]
            },
        ),
        (
            _("What patients may want to know"),
            {"fields": ["licence_number", "licence_expires_on", "about", "complaints", "funding_statement"]},
        ),
    ]


@admin.register(OpeningHours)
class OpeningHoursAdmin(admin.ModelAdmin):
    list_display = ["weekday", "opens", "closes"]


@admin.register(Closure)
class ClosureAdmin(admin.ModelAdmin):
    list_display = ["name", "starts_on", "ends_on", "certainty"]


@admin.register(InformationPractice)
class InformationPracticeAdmin(admin.ModelAdmin):
    list_display = ["criterion", "text"]


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """The roles are made by the code; here they are only read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False
