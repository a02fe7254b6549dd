"""The outbox as staff see it: who could not be told stands first, with the number to call."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from clinic_site import outbox
from clinic_site.models import OutgoingMessage, dialable
from clinic_site.outbox.message import OutgoingMessageQuerySet
from clinic_site.responses import SeeOther

State = OutgoingMessage.State


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in State]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[OutgoingMessage]:
        found: QuerySet[OutgoingMessage] = {
            State.WAITING.value: queryset.waiting(),
            State.SENT.value: queryset.filter(sent_at__isnull=False),
            State.FAILED.value: queryset.could_not_be_told(),
            State.SETTLED.value: queryset.filter(settled_at__isnull=False),
        }.get(self.value() or "", queryset)
        return found


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(admin.ModelAdmin):
    """Messages are read here, without their text: it may hold what only the patient should open."""

    list_display = ["state_word", "kind", "about", "to", "phone", "created_at", "reason"]
    list_display_links = ["state_word", "kind"]
    list_filter = [StateFilter, "kind"]
    list_per_page = 50
    search_fields = ["about", "to"]
    show_full_result_count = False
    fields = [
        "state_word",
        "kind",
        "about",
        "to",
        "phone",
        "subject",
        "created_at",
        "attempts",
        "reason",
        "next_attempt_at",
        "sent_at",
        "failed_at",
        "settled_at",
    ]
    readonly_fields = ["state_word", "phone"]
    actions = ["send_again"]
    change_form_template = "admin/clinic_site/outgoingmessage/change_form.html"

    class Media:
        css = {"all": ["css/staff.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(
            "clinic_site.resend_outgoingmessage"
        )

    def get_queryset(self, request: HttpRequest) -> OutgoingMessageQuerySet:
        # The text stays where it is: no list needs it, and it may be long.
        return OutgoingMessage.objects.failed_first().defer("text", "html", "attachments")

    @admin.display(description=gettext_lazy("state"))
    def state_word(self, message: OutgoingMessage) -> str:
        # The colors are those of the requests' statuses: what needs doing looks alike everywhere.
        color = {State.FAILED: "new", State.WAITING: "contacting", State.SENT: "confirmed"}.get(
            message.state, "completed"
        )
        return format_html('<span class="status status--{}">{}</span>', color, message.state.label)

    @admin.display(description=gettext_lazy("phone"), empty_value="")
    def phone(self, message: OutgoingMessage) -> str:
        number = message.phone_for_staff
        return format_html('<a href="tel:{}">{}</a>', dialable(number), number) if number else ""

    # What staff can do

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMessage]) -> None:
        count = sum(outbox.resend(message) for message in queryset)
        messages.success(
            request,
            ngettext(
                "%(count)d message is being sent again.", "%(count)d messages are being sent again.", count
            )
            % {"count": count},
        )

    def get_urls(self) -> list[URLPattern]:
        step = path(
            "<int:pk>/step/",
            self.admin_site.admin_view(require_POST(self.step_view)),
            name="clinic_site_outgoingmessage_step",
        )
        return [step, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        is_failed = message is not None and message.state == State.FAILED
        may_resend = is_failed and self.has_resend_permission(request)
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "may_resend": may_resend}
        )

    def step_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A button of a failed message was pressed: ``step`` is "resend" or "settle"."""
        if not self.has_resend_permission(request):
            raise PermissionDenied
        message = self.get_object(request, str(pk))
        steps = {
            "resend": (outbox.resend, _("The message is being sent again.")),
            "settle": (outbox.settle, _("Noted: told another way.")),
        }
        step = steps.get(request.POST.get("step", ""))
        if message is None or step is None:
            raise Http404
        do, said = step
        if do(message):
            messages.success(request, said)
        else:
            messages.error(request, _("Someone else has just dealt with this message."))
        return SeeOther(reverse("admin:clinic_site_outgoingmessage_change", args=[pk]))
