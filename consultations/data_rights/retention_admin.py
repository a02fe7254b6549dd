"""How long requests are kept: a manager's rules."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consultations.models import RetentionRule


@admin.register(RetentionRule)
class RetentionRuleAdmin(admin.ModelAdmin):
    """An ending without a rule is kept for as long as the settings say."""

    list_display = ["status", "months", "default"]

    @admin.display(description=gettext_lazy("months without a rule"))
    def default(self, rule: RetentionRule) -> int:
        return int(settings.RETENTION_MONTHS[rule.status])

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "months":
            field.help_text = _(
                "So long after such a request was closed its personal details are erased for good, by the "
                "next daily tidying. A shorter time also concerns requests that are closed already."
            )
        return field
