"""What keeps the pages right, in the admin: the mistakes readers report, and the words to avoid."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from procedures.models import MistakeReport, PlainWord
from procedures.public import feedback
from procedures.templatetags.procedure_tags import change_url


class OpenFirst(admin.SimpleListFilter):
    """The list opens with what is to do."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            (value, label)
            for value, label in MistakeReport.Status.choices
            if value != MistakeReport.Status.OPEN
        ]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield first | {"display": MistakeReport.Status.OPEN.label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[MistakeReport]) -> QuerySet[MistakeReport]:
        return queryset.filter(status=self.value() or MistakeReport.Status.OPEN)


@admin.register(MistakeReport)
class MistakeReportAdmin(admin.ModelAdmin):
    """Tasks: read, put the page right, answer, mark as done. Nothing of the report itself is ever changed."""

    change_form_template = "admin/procedures/mistakereport/change_form.html"
    list_display = ["about", "words", "wants_answer", "created_at"]
    list_filter = [OpenFirst]
    list_select_related = ["publication__page"]
    ordering = ["created_at"]
    actions = ["mark_done"]
    fields = ["about_page", "text", "name", "email", "created_at", "status"]
    fields_when_done = ["about_page", "text", "created_at", "status", "resolved_by", "resolved_at"]
    readonly_fields = [
        "about_page",
        "text",
        "name",
        "email",
        "created_at",
        "status",
        "resolved_by",
        "resolved_at",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: MistakeReport | None = None) -> Any:
        return self.fields_when_done if obj and obj.status == MistakeReport.Status.DONE else self.fields

    @admin.display(description=_("about"))
    def about(self, report: MistakeReport) -> str:
        return report.about

    @admin.display(description=_("about"))
    def about_page(self, report: MistakeReport) -> str:
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
    def words(self, report: MistakeReport) -> str:
        return Truncator(report.text).chars(120)

    @admin.display(description=_("wants an answer"), boolean=True)
    def wants_answer(self, report: MistakeReport) -> bool:
        return bool(report.email)

    @admin.action(description=_("Mark as done"), permissions=["change"])
    def mark_done(self, request: HttpRequest, queryset: QuerySet[MistakeReport]) -> None:
        done = sum(feedback.mark_done(report, by=request.user) for report in queryset)
        self.message_user(
            request,
            ngettext("%(count)d report is done.", "%(count)d reports are done.", done) % {"count": done},
            messages.SUCCESS,
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": _t("Reported mistakes")}
        return super().changelist_view(request, title | (extra_context or {}))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        title = {"title": _t("Reported mistake"), "subtitle": None}
        return super().changeform_view(request, object_id, form_url, title | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: MistakeReport, form: Any, change: bool) -> None:
        """Do what the pressed button says; nothing else of a report changes."""
        if "mark_done" in request.POST:
            done, said = (
                feedback.mark_done(obj, by=request.user),
                _t("Done. The reader’s name and address are gone."),
            )
        else:
            done, said = feedback.not_spam(obj), _t("This report is a task now.")
        if done:
            self.message_user(request, said, messages.SUCCESS)
        else:
            self.message_user(request, _t("Somebody else has done this already."), messages.WARNING)

    def response_change(self, request: HttpRequest, obj: MistakeReport) -> HttpResponse:
        return redirect("admin:procedures_mistakereport_changelist")


@admin.register(PlainWord)
class PlainWordAdmin(admin.ModelAdmin):
    list_display = ["word", "kind", "alternative"]
    list_filter = ["kind"]
    search_fields = ["word", "alternative"]
