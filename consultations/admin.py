"""Requests on the staff side: the queue, one request, and the buttons that move it on."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from consultations import phones, services
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet, Event, Note, PrivacyNotice


@admin.register(ConsultationRequest)
class ConsultationRequestAdmin(admin.ModelAdmin):
    """Requests are read here. Nothing adds, edits or deletes one; only a status changes, by its button."""

    list_display = ["reference", "patient", "subject", "status_word", "waiting", "contact_method"]
    list_filter = ["status"]
    list_per_page = 50
    search_fields = ["reference"]  # shows the box; what it finds, the queryset knows
    search_help_text = gettext_lazy("Reference, name in any script, or phone number in any spelling")
    show_full_result_count = False

    class Media:
        css = {"all": ["css/staff.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ConsultationRequest | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ConsultationRequest | None = None) -> bool:
        return False

    # The queue

    def get_queryset(self, request: HttpRequest) -> ConsultationRequestQuerySet:
        return ConsultationRequest.objects.with_waiting_since()

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Who has waited longest first; then what does not wait, the newest first."""
        return [F("waiting_since").asc(nulls_last=True), "-created_at"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": _("Consultation requests")}
        return super().changelist_view(request, title | (extra_context or {}))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ConsultationRequest], search_term: str
    ) -> tuple[QuerySet[ConsultationRequest], bool]:
        assert isinstance(queryset, ConsultationRequestQuerySet)
        return queryset.search(search_term), False

    @admin.display(description=gettext_lazy("patient"))
    def patient(self, consultation: ConsultationRequest) -> str:
        return format_html("<bdi>{}</bdi>, {}", consultation.patient_name, consultation.patient_age)

    @admin.display(description=pgettext_lazy("a request", "about"))
    def subject(self, consultation: ConsultationRequest) -> str:
        return consultation.subject

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_word(self, consultation: ConsultationRequest) -> str:
        return format_html(
            '<span class="status status--{}">{}</span>',
            consultation.status,
            consultation.get_status_display(),
        )

    @admin.display(description=gettext_lazy("waiting for"), ordering="waiting_since", empty_value="")
    def waiting(self, consultation: Any) -> str:
        return timesince(consultation.waiting_since) if consultation.waiting_since else ""

    # One request

    def get_urls(self) -> list[URLPattern]:
        status = path(
            "<int:pk>/status/",
            self.admin_site.admin_view(require_POST(self.status_view)),
            name="consultations_consultationrequest_status",
        )
        return [status, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One request as a person reads it. Reading is all that this address does."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        consultation = self.get_object(request, object_id)
        if consultation is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": consultation.reference,
            "opts": self.opts,
            "consultation": consultation,
            "phone": phones.for_reading(consultation.phone),
            "whatsapp": phones.whatsapp_link(consultation.phone),
            "timeline": timeline(consultation),
            "may_change_status": self.may_change_status(request),
        }
        return TemplateResponse(request, "admin/consultations/consultationrequest/detail.html", context)

    def may_change_status(self, request: HttpRequest) -> bool:
        return request.user.has_perm("consultations.change_status")

    def status_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A button was pressed: ``to`` is where it leads, ``expected`` the status that was on the screen."""
        if not (self.has_view_permission(request) and self.may_change_status(request)):
            raise PermissionDenied
        consultation = self.get_object(request, str(pk))
        if consultation is None:
            raise Http404
        assert isinstance(request.user, User), "the staff site lets nobody else in"
        try:
            services.change_status(
                consultation,
                request.POST.get("to", ""),
                actor=request.user,
                expected_status=request.POST.get("expected", ""),
            )
        except services.SomeoneElseChangedError:
            messages.error(
                request,
                _("Someone else has just changed this request. This is how it stands now."),
            )
        except services.NotAllowedError:
            messages.error(request, _("This request cannot go from its status to that one."))
        else:
            messages.success(
                request,
                _("%(reference)s: %(status)s")
                % {"reference": consultation.reference, "status": consultation.get_status_display()},
            )
        return HttpResponseRedirect(
            reverse("admin:consultations_consultationrequest_change", args=[pk]), status=303
        )


def timeline(consultation: ConsultationRequest) -> list[Event | Note]:
    """Everything that happened to a request and was written to it, oldest first. Two queries."""
    events = consultation.events.select_related("actor")
    notes = consultation.notes.select_related("author")
    return sorted([*events, *notes], key=lambda entry: entry.at)


@admin.register(PrivacyNotice)
class PrivacyNoticeAdmin(admin.ModelAdmin):
    """A new version can be added. What patients have agreed to is never edited or deleted."""

    list_display = ["__str__", "published_at"]
    fields = ["language", "summary", "text"]

    def has_change_permission(self, request: HttpRequest, obj: PrivacyNotice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PrivacyNotice | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PrivacyNotice, form: Any, change: bool) -> None:
        obj.number = PrivacyNotice.objects.next_number(obj.language)
        obj.published_at = timezone.now()
        super().save_model(request, obj, form, change)
