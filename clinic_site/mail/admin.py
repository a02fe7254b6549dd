"""The staff pages of the mail queue: undelivered messages first, with whom to call.

A message links to the object it is about, whose page has the current number and what a caller must know.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.clinic.models import dialable
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import MessageStep, OutgoingMessage, OutgoingMessageQuerySet
from clinic_site.mail.queue import ResendRefusedError

if TYPE_CHECKING:
    from clinic_site.accounts.models import User

State = OutgoingMessage.State


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in State.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[OutgoingMessage]:
        found: QuerySet[OutgoingMessage] = {
            State.WAITING.value: queryset.waiting(),
            State.SENT.value: queryset.filter(sent_at__isnull=False),
            State.FAILED.value: queryset.undelivered(),
            State.RESOLVED.value: queryset.filter(resolved_at__isnull=False, is_superseded=False),
            State.SUPERSEDED.value: queryset.filter(is_superseded=True),
        }.get(self.value() or "", queryset)
        return found


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(admin.ModelAdmin[OutgoingMessage]):
    """Read-only, and without the text: it may hold a link that only the patient should open."""

    list_display = ["state_word", "kind_words", "about_what", "to", "phone", "created_at", "last_error"]
    list_display_links = ["state_word", "kind_words"]
    list_filter = [StateFilter, "kind"]
    list_per_page = 50
    # By nothing that names a person: search words are part of the address.
    search_fields = ["^about"]
    search_help_text = gettext_lazy("By reference, such as MS-7K4Q-92XD")
    show_full_result_count = False
    fields = [
        "state_word",
        "kind_words",
        "about_what",
        "to",
        "phone",
        "subject",
        "created_at",
        "attempts",
        "last_error",
        "next_attempt_at",
        "sent_at",
        "failed_at",
        "resolved_at",
    ]
    readonly_fields = ["state_word", "kind_words", "about_what", "phone"]
    actions = ["send_again", "mark_resolved"]
    change_form_template = "admin/mail/outgoingmessage/change_form.html"

    class Media:
        css = {"all": ["components/staff.css"]}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_add_permission = has_delete_permission = has_change_permission

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup.partition("__")[0] in ("state", "kind", "about")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("mail.resend_outgoingmessage")

    def get_queryset(self, request: HttpRequest) -> OutgoingMessageQuerySet:
        return OutgoingMessage.objects.failed_first().defer("text", "html", "attachments")

    @admin.display(description=gettext_lazy("state"))
    def state_word(self, message: OutgoingMessage) -> str:
        # The colors of the statuses of requests.
        color = {State.FAILED: "new", State.WAITING: "contacting", State.SENT: "confirmed"}.get(
            message.state, "completed"
        )
        return format_html('<span class="status status--{}">{}</span>', color, message.state.label)

    @admin.display(description=gettext_lazy("message"), ordering="kind")
    def kind_words(self, message: OutgoingMessage) -> str:
        return message.kind.replace("_", " ").capitalize()

    @admin.display(description=gettext_lazy("about"), ordering="about")
    def about_what(self, message: OutgoingMessage) -> str:
        if message.related is None:
            return message.about
        return format_html('<a href="{}">{}</a>', message.related.page, message.about)

    @admin.display(description=gettext_lazy("phone"), empty_value="")
    def phone(self, message: OutgoingMessage) -> str:
        number, related = message.phone_for_staff, message.related
        if not number:
            return ""
        if related is None:
            return format_html('<a href="tel:{}">{}</a>', dialable(number), number)
        # Not a link: its page says first what the caller may say to whom.
        if not related.caution:
            return number
        return format_html('{} <strong class="status status--new">{}</strong>', number, related.caution)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        if request.method == "GET":
            changelist.result_list = list(changelist.result_list)
            _attach_related(request, changelist.result_list, is_search=bool(changelist.query))
        return changelist

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        _attach_related(request, [obj])
        context |= {
            "may_resend": obj.state == State.FAILED and self.has_resend_permission(request),
            "taken_steps": MessageStep.objects.filter(message_id=obj.message_id).select_related("actor"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutgoingMessage]) -> None:
        self._act(request, queryset, mail_queue.resend, _("Being sent again: %s"))

    @admin.action(description=gettext_lazy("Informed another way"), permissions=["resend"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[OutgoingMessage]) -> None:
        self._act(request, queryset, mail_queue.mark_resolved, _("Saved as informed another way: %s"))

    def _act(
        self, request: HttpRequest, chosen: QuerySet[OutgoingMessage], act: Callable[..., bool], said: str
    ) -> None:
        done = []
        for message in chosen:
            try:
                if act(message, actor=_member(request)):
                    done.append(str(message))
                else:
                    messages.error(
                        request,
                        _("%s: not undelivered, or someone else has just handled this message.") % message,
                    )
            except ResendRefusedError as problem:
                messages.error(request, f"{message}: {problem}")
        if done:
            messages.success(request, said % ", ".join(done))


def _attach_related(request: HttpRequest, shown: list[OutgoingMessage], *, is_search: bool = False) -> None:
    """Attach to each message what it is about; the finder records that it was shown to this user."""
    abouts = {message.about for message in shown if message.about}
    found = import_string(settings.MESSAGE_SUBJECT_FINDER)(_member(request), abouts, is_search=is_search)
    for message in shown:
        message.related = found.get(message.about)


def _member(request: HttpRequest) -> "User":
    """The signed-in user: every page of the staff site requires one."""
    assert request.user.is_authenticated
    return request.user
