"""Admin of content quality: feedback reports from readers, and words to avoid."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clinic_site.core.editing.conflicts import ConflictDetectingForm
from procedures.models import FeedbackReport, PlainWord
from procedures.templatetags.procedure_tags import change_url

Status = FeedbackReport.Status


def mark_done(reports: QuerySet[FeedbackReport], *, by: Any) -> int:
    """Close reports and remove their readers' names and addresses; return how many were not closed before."""
    return reports.exclude(status=Status.DONE).update(
        status=Status.DONE, resolved_by=by, resolved_at=timezone.now(), name="", email=""
    )


class StatusFilter(admin.SimpleListFilter):
    """Shows open reports unless another status is chosen."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, label) for value, label in Status.choices if value != Status.OPEN]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield first | {"display": Status.OPEN.label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[FeedbackReport]) -> QuerySet[FeedbackReport]:
        return queryset.filter(status=self.value() or Status.OPEN)


@admin.register(FeedbackReport)
class FeedbackReportAdmin(admin.ModelAdmin[FeedbackReport]):
    """Tasks: read the report, correct the page, answer, mark as done. The report itself is read-only."""

    change_form_template = "admin/procedures/feedbackreport/change_form.html"
    list_display = ["about", "words", "wants_answer", "created_at"]
    list_filter = [StatusFilter]
    list_select_related = ["publication__page"]
    ordering = ["created_at"]
    actions = ["mark_done"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: FeedbackReport | None = None) -> list[str]:
        if obj and obj.status == Status.DONE:
            return ["about_page", "text", "created_at", "status", "resolved_by", "resolved_at"]
        return ["about_page", "text", "name", "email", "created_at", "status"]

    def get_fields(self, request: HttpRequest, obj: FeedbackReport | None = None) -> Any:
        return self.get_readonly_fields(request, obj)

    @admin.display(description=_("about"))
    def about_page(self, report: FeedbackReport) -> str:
        if report.publication is None:
            return report.about
        return format_html(
            '<a href="{}">{}</a><br><a href="{}">{}</a>',
            report.publication.get_absolute_url(),
            report.about,
            change_url(report.publication),
            _t("Edit this page"),
        )

    @admin.display(description=_("what is wrong"))
    def words(self, report: FeedbackReport) -> str:
        return Truncator(report.text).chars(120)

    @admin.display(description=_("wants an answer"), boolean=True)
    def wants_answer(self, report: FeedbackReport) -> bool:
        return bool(report.email)

    @admin.action(description=_("Mark as done"), permissions=["change"])
    def mark_done(self, request: HttpRequest, queryset: QuerySet[FeedbackReport]) -> None:
        done = mark_done(queryset, by=request.user)
        text = ngettext("%(count)d report is done.", "%(count)d reports are done.", done)
        self.message_user(request, text % {"count": done}, messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: FeedbackReport, form: Any, change: bool) -> None:
        """Do what the pressed button says; nothing else of a report changes."""
        report = FeedbackReport.objects.filter(pk=obj.pk)
        if "mark_done" in request.POST:
            is_changed = mark_done(report, by=request.user)
            message = _t("Done. The reader’s name and address are removed.")
        else:
            is_changed = report.filter(status=Status.SUSPECTED).update(status=Status.OPEN)
            message = _t("This report is open.")
        if is_changed:
            self.message_user(request, message, messages.SUCCESS)
        else:
            self.message_user(request, _t("Another member of staff has already done this."), messages.WARNING)

    def response_change(self, request: HttpRequest, obj: FeedbackReport) -> HttpResponse:
        return redirect("admin:procedures_feedbackreport_changelist")


@admin.register(PlainWord)
class PlainWordAdmin(admin.ModelAdmin[PlainWord]):
    form = ConflictDetectingForm
    list_display = ["word", "kind", "alternative"]
    list_filter = ["kind"]
    search_fields = ["word", "alternative"]
