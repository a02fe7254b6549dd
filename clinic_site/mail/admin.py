"""The outbox as staff see it: who could not be told stands first, with the way to whom to call.

A message about something that an app knows (``subjects``) leads there: that page has the number as it is
now, and all that whoever calls has to know. Each look at such messages is recorded by that app.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from clinic_site.clinic.models import dialable
from clinic_site.core.http.responses import SeeOther
from clinic_site.mail import queue as mail_queue
from clinic_site.mail import related_objects
from clinic_site.mail.models import MessageStep, OutgoingMessage, OutgoingMessageQuerySet
from clinic_site.mail.queue import NotSentAgainError

if TYPE_CHECKING:
    from clinic_site.accounts.models import User

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
            State.SETTLED.value: queryset.filter(settled_at__isnull=False, is_superseded=False),
            State.SUPERSEDED.value: queryset.filter(is_superseded=True),
        }.get(self.value() or "", queryset)
        return found


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(admin.ModelAdmin):
    """Messages are read here, without their text: it may hold what only the patient should open."""

    list_display = ["state_word", "kind", "about_what", "to", "phone", "created_at", "reason"]
    list_display_links = ["state_word", "kind"]
    list_filter = [StateFilter, "kind"]
    list_per_page = 50
    # By nothing that names a person: what is searched for stands in an address.
    search_fields = ["^about"]
    search_help_text = gettext_lazy("By reference, such as MS-7K4Q-92XD")
    show_full_result_count = False
    fields = [
        "state_word",
        "kind",
        "about_what",
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
    readonly_fields = ["state_word", "about_what", "phone"]
    actions = ["send_again"]
    change_form_template = "admin/mail/outgoingmessage/change_form.html"

    class Media:
        css = {"all": ["css/staff.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup.partition("__")[0] in ("state", "kind", "about")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("mail.resend_outgoingmessage")

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

    @admin.display(description=gettext_lazy("about"), ordering="about")
    def about_what(self, message: OutgoingMessage) -> str:
        subject = _subject(message)
        return format_html('<a href="{}">{}</a>', subject.page, message.about) if subject else message.about

    @admin.display(description=gettext_lazy("phone"), empty_value="")
    def phone(self, message: OutgoingMessage) -> str:
        number, subject = message.phone_for_staff, _subject(message)
        if not number:
            return ""
        if subject is None:
            return format_html('<a href="tel:{}">{}</a>', dialable(number), number)
        # Not to be dialed from here: who may be told what stands on its page.
        if not subject.caution:
            return number
        return format_html('{} <strong class="status status--new">{}</strong>', number, subject.caution)

    # What is shown is recorded

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if isinstance(response, TemplateResponse) and "cl" in shown:
            found = shown["cl"]
            found.result_list = list(found.result_list)
            _show_subjects(request, found.result_list, is_search=bool(found.query))
        return response

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        _show_subjects(request, [obj])
        context |= {
            "may_resend": obj.state == State.FAILED and self.has_resend_permission(request),
            "concerns": _subject(obj),
            "taken_steps": MessageStep.objects.filter(message_id=obj.message_id).select_related("actor"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # What staff can do

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMessage]) -> None:
        count = 0
        for message in queryset:
            try:
                count += mail_queue.resend(message, actor=_member(request))
            except NotSentAgainError as problem:
                messages.error(request, f"{message}: {problem}")
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
            name="mail_outgoingmessage_step",
        )
        return [step, *super().get_urls()]

    def step_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A button of a failed message was pressed: ``step`` is "resend" or "settle"."""
        if not self.has_resend_permission(request):
            raise PermissionDenied
        message = self.get_object(request, str(pk))
        steps = {
            "resend": (mail_queue.resend, _("The message is being sent again.")),
            "settle": (mail_queue.settle, _("Noted: told another way.")),
        }
        step = steps.get(request.POST.get("step", ""))
        if message is None or step is None:
            raise Http404
        do, said = step
        try:
            is_done = do(message, actor=_member(request))
        except NotSentAgainError as problem:
            messages.error(request, str(problem))
        else:
            if is_done:
                messages.success(request, said)
            else:
                messages.error(request, _("Someone else has just dealt with this message."))
        return SeeOther(reverse("admin:mail_outgoingmessage_change", args=[pk]))


def _show_subjects(request: HttpRequest, shown: list[OutgoingMessage], *, is_search: bool = False) -> None:
    """Have each message know what it is about; that they are shown to whoever is signed in is recorded."""
    abouts = {message.about for message in shown}
    found = related_objects.find(_member(request), abouts, is_search=is_search)
    for message in shown:
        vars(message)["concerns"] = found.get(message.about)


def _subject(message: OutgoingMessage) -> related_objects.RelatedObject | None:
    subject: related_objects.RelatedObject | None = vars(message).get("concerns")
    return subject


def _member(request: HttpRequest) -> "User":
    """The signed-in user; the staff site lets nobody else in."""
    assert request.user.is_authenticated
    return request.user
