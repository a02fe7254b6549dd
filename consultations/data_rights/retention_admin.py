"""Admin of a manager's retention rules."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from clinic_site.core.editing.conflicts import ConflictDetectingForm
from consultations import workflow
from consultations.models import RetentionRule
from consultations.workflow import Status


@admin.register(RetentionRule)
class RetentionRuleAdmin(admin.ModelAdmin[RetentionRule]):
    form = ConflictDetectingForm
    list_display = ["status", "months", "default"]
    fieldsets = [
        (
            None,
            {
                "fields": ["status", "months"],
                "description": _(
                    "This many months after a request is closed, the daily cleanup erases its personal "
                    "details for good. A shorter time also applies to requests that are already closed."
                ),
            },
        )
    ]

    @admin.display(description=_("months without a rule"))
    def default(self, rule: RetentionRule) -> int:
        return workflow.RETENTION_MONTHS[Status(rule.status)]
