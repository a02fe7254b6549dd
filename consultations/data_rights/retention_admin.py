"""Admin of a manager's retention rules."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consultations import workflow
from consultations.models import RetentionRule
from consultations.workflow import Status


@admin.register(RetentionRule)
class RetentionRuleAdmin(admin.ModelAdmin[RetentionRule]):
    list_display = ["status", "months", "default"]

    @admin.display(description=gettext_lazy("months without a rule"))
    def default(self, rule: RetentionRule) -> int:
        return workflow.RETENTION_MONTHS[Status(rule.status)]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "months":
            field.help_text = _(
                "This many months after a request is closed, the daily cleanup erases its personal details "
                "for good. A shorter time also applies to requests that are already closed."
            )
        return field
