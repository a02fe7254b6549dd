"""The clinic's own details in the admin."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model, QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinic_site.clinic.models import (
    ClinicProfile,
    Closure,
    EmergencyHospital,
    InformationPractice,
    OpeningHours,
)
from clinic_site.core import change_warnings
from clinic_site.core.editing.conflicts import ConflictDetectingForm
from clinic_site.core.editing.translation_admin import TranslationAdmin


class SingletonAdmin(admin.ModelAdmin[Any]):
    """Admin of a table with one row, which can be neither added twice nor deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and self.model not in entered(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def entered(request: HttpRequest) -> set[type[Model]]:
    """Return the single-row models that have their row. One query per request."""
    found: set[type[Model]] | None = getattr(request, "_entered", None)
    if found is None:
        models = [model for model in apps.get_models() if getattr(model, "has_one_row", False)]
        rows = [model._default_manager.values_list(Value(n)) for n, model in enumerate(models)]
        found = {models[row[0]] for row in rows[0].union(*rows[1:], all=True)}
        request._entered = found  # type: ignore[attr-defined]
    return found


@admin.register(ClinicProfile)
class ClinicProfileAdmin(SingletonAdmin, TranslationAdmin):
    form = ConflictDetectingForm
    fieldsets = [
        (None, {"fields": ["name", "tagline", "is_sample"]}),
        (
            _("Where patients find us"),
            {"fields": ["address", "city", "directions", "parking", "map_url", "latitude", "longitude"]},
        ),
        (
            _("How patients reach us"),
            {
                "fields": [
                    "phone",
                    "whatsapp",
                    "urgent_phone",
                    "email",
                    "languages",
                    "accepts_emergencies",
                    "answer_within_hours",
                    "answer_promise",
                    "shows_answer_time",
                ]
            },
        ),
        (
            _("What patients may want to know"),
            {
                "fields": [
                    "fees",
                    "fees_as_of",
                    "license_number",
                    "license_expires_on",
                    "about",
                    "complaints",
                    "funding_statement",
                ]
            },
        ),
    ]


@admin.register(OpeningHours)
class OpeningHoursAdmin(admin.ModelAdmin[OpeningHours]):
    form = ConflictDetectingForm
    list_display = ["weekday", "opens", "closes"]

    # Warn about the session as it was: patients were offered times in it.

    def save_model(self, request: HttpRequest, obj: OpeningHours, form: Any, change: bool) -> None:
        before = OpeningHours.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if before:
            change_warnings.warn(request, before)

    def delete_model(self, request: HttpRequest, obj: OpeningHours) -> None:
        super().delete_model(request, obj)
        change_warnings.warn(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[OpeningHours]) -> None:
        gone = list(queryset)
        super().delete_queryset(request, queryset)
        for session in gone:
            change_warnings.warn(request, session)


@admin.register(Closure)
class ClosureAdmin(TranslationAdmin):
    form = ConflictDetectingForm
    list_display = ["name", "starts_on", "ends_on", "certainty"]

    def save_model(self, request: HttpRequest, obj: Closure, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        change_warnings.warn(request, obj)


@admin.register(EmergencyHospital)
class EmergencyHospitalAdmin(TranslationAdmin):
    form = ConflictDetectingForm
    list_display = ["name", "phone", "treats", "position"]


@admin.register(InformationPractice)
class InformationPracticeAdmin(TranslationAdmin):
    form = ConflictDetectingForm
    list_display = ["criterion", "text"]
