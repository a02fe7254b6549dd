"""The staff pages on which managers change message texts, with a preview on a real request."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.accounts.models import User
from clinic_site.core.http.responses import SeeOther
from clinic_site.core.text import plain_line, plain_text
from consultations import private_links, workflow
from consultations.answers import YesNo
from consultations.lifecycle import disclosures
from consultations.messaging import rendering
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import KINDS, MessageKind
from consultations.messaging.context import MessageContext
from consultations.messaging.templates import MessageTemplate, RenderedMessage
from consultations.models import Appointment, ConsultationRequest, Disclosure, MessageText
from consultations.references import reference_prefix
from procedures.models import Practitioner


class TextForm(forms.Form):
    """The text of one message. ``seen`` is the version that was on the screen."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=120)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text=gettext_lazy("Plain text. An empty line starts a new paragraph."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    reference = forms.CharField(
        label=gettext_lazy("Preview on the request"),
        required=False,
        help_text=gettext_lazy("Its reference. Left empty: the newest request. Nothing is sent."),
    )

    def __init__(self, *args: Any, kind: str, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if not KINDS[kind].is_mail:
            del self.fields["subject"]
        for name in {"subject", "text"} & self.fields.keys():
            self.fields[name].widget.attrs |= {"lang": language, "dir": message_templates.direction(language)}

    def clean_subject(self) -> str:
        return plain_line(self.cleaned_data["subject"])

    def clean_text(self) -> str:
        return plain_text(self.cleaned_data["text"])

    def clean(self) -> dict[str, Any]:
        cleaned = {"subject": "", **self.cleaned_data}
        if not self.errors:
            found = message_templates.problems(self.kind, cleaned["subject"], cleaned["text"])
            for field, sentences in found.items():
                self.add_error(field, sentences)
        return cleaned


@dataclass(frozen=True)
class Preview:
    """A message as it would be sent, and which of its values are made up."""

    request: ConsultationRequest
    rendered: RenderedMessage
    language: str
    direction: str
    made_up: list[str]


@admin.register(MessageText)
class MessageTextAdmin(admin.ModelAdmin[MessageText]):
    """Lists every message in every language; the rows of the table are only the changed ones."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MessageText | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "",
                self.admin_site.admin_view(self.changelist_view),
                name="consultations_messagetext_changelist",
            ),
            path(
                "<slug:kind>/<slug:language>/",
                self.admin_site.admin_view(self.edit_view),
                name="consultations_messagetext_edit",
            ),
        ]

    @method_decorator(require_safe)
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._manager(request)
        changed = {(row.kind, row.language): row for row in MessageText.objects.select_related("changed_by")}
        unusable = {row.pk for row in changed.values() if _problems(row)}
        listed = [
            (
                message,
                [
                    (code, name, row := changed.get((kind, code)), bool(row and row.pk in unusable), kind)
                    for code, name in languages_of(message)
                ],
            )
            for kind, message in KINDS.items()
        ]
        return self._page(request, "list", _("Message texts"), listed=listed)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def edit_view(self, request: HttpRequest, kind: str, language: str) -> HttpResponse:
        """Edit one message in one language. ``do`` is "preview", "save" or "default"."""
        self._manager(request)
        message = KINDS.get(kind)
        if message is None or language not in dict(languages_of(message)):
            raise Http404
        row = MessageText.objects.filter(kind=kind, language=language).first()
        do = request.POST.get("do", "") if request.method == "POST" else ""
        if do == "default":
            return self._use_default(request, kind, language)
        default = message_templates.default_template(kind, language)
        used = row or default
        form = TextForm(
            request.POST if do else None,
            kind=kind,
            language=language,
            initial={"subject": used.subject, "text": used.text, "seen": message_templates.stamp(row)},
        )
        preview = None
        if do == "save" and form.is_valid() and self._save(request, form, language):
            return SeeOther(edit_address(kind, language))
        if do == "preview" and form.is_valid():
            preview = self._preview(request, form, language)
        return self._page(
            request,
            "edit",
            str(message.name),
            message=message,
            language_name=dict(languages_of(message))[language],
            form=form,
            row=row,
            problems=_problems(row) if row and not do else {},
            placeholders=[
                (name, rendering.DESCRIPTIONS[name], name in message.required, name in rendering.OPTIONAL)
                for name in message.placeholders
            ],
            default=default,
            default_direction=message_templates.direction(default.language),
            preview=preview,
            may_see_requests=may_see_requests(request),
        )

    def _save(self, request: HttpRequest, form: TextForm, language: str) -> bool:
        data = form.cleaned_data
        try:
            row = message_templates.save_override(
                form.kind,
                language,
                data["subject"],
                data["text"],
                by=self._manager(request),
                seen=data["seen"],
            )
        except message_templates.ChangedMeanwhileError:
            form.add_error(None, CHANGED_MEANWHILE)
            return False
        self.log_change(request, row, _("Changed the text."))
        messages.success(request, _("Saved. This text will be sent from now on."))
        return True

    def _use_default(self, request: HttpRequest, kind: str, language: str) -> HttpResponse:
        try:
            row = message_templates.delete_override(kind, language, seen=request.POST.get("seen", ""))
        except message_templates.ChangedMeanwhileError:
            messages.error(request, CHANGED_MEANWHILE)
        else:
            if row:
                self.log_change(request, row, _("Went back to the default text."))
            messages.success(request, _("The default text will be sent again."))
        return SeeOther(edit_address(kind, language))

    def _preview(self, request: HttpRequest, form: TextForm, language: str) -> Preview | None:
        """The typed text on a request. Records who saw it; creates no link and sends nothing."""
        sees = may_see_requests(request)
        about = request_to_show(form.cleaned_data["reference"]) if sees else None
        if about is None and sees and form.cleaned_data["reference"]:
            form.add_error(
                "reference", _("There is no request with this reference. Check it, or leave it empty.")
            )
            return None
        if about:
            disclosures.record(self._manager(request), [about], Disclosure.Kind.OPENED)
        data = form.cleaned_data
        template = MessageTemplate(language=language, subject=data["subject"], text=data["text"])
        return preview_of(template, about)

    def _manager(self, request: HttpRequest) -> User:
        """The signed-in user. Raises ``PermissionDenied`` for users who may not change texts."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        assert isinstance(request.user, User)
        return request.user

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        return TemplateResponse(
            request,
            f"consultations/desk/message_texts/{template}.html",
            {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context},
        )


CHANGED_MEANWHILE = gettext_lazy(
    "Someone else has changed this text since you opened it. Copy what you wrote, open the page again, "
    "and compare."
)


def languages_of(message: MessageKind) -> list[tuple[str, Any]]:
    """The languages in which a message is sent, with their names."""
    return [
        (code, name)
        for code, name in settings.LANGUAGES
        if code == settings.LANGUAGE_CODE or not message.for_staff
    ]


def edit_address(kind: str, language: str) -> str:
    return reverse("admin:consultations_messagetext_edit", args=[kind, language])


def may_see_requests(request: HttpRequest) -> bool:
    return request.user.has_perm("consultations.view_consultationrequest")


def request_to_show(reference: str) -> ConsultationRequest | None:
    """The request with a reference; without one, the newest that is not set aside."""
    found = ConsultationRequest.objects.filter(erased_at=None)
    if reference:
        return found.filter(reference=reference_prefix(reference)).first()
    return found.exclude(status__in=workflow.SET_ASIDE).order_by("-created_at").first()


def preview_of(template: MessageTemplate, about: ConsultationRequest | None) -> Preview:
    """Preview a message on a request. Missing values are made up; without a request, all of them."""
    made_up = [] if about else ["reference", "first_name"]
    request = about or ConsultationRequest(
        reference="MS-7K4Q-92XD",
        patient_name=_("Ayesha Khan"),
        may_identify_clinic=YesNo.YES,
        email="patient@example.com",
        created_at=timezone.now(),
    )
    times = about.appointments.select_related("practitioner").order_by("-pk") if about else None
    appointment = times.first() if times is not None else None
    if appointment is None:
        made_up += ["when", "practitioner"]
        starts_at = timezone.localtime().replace(hour=12, minute=0) + timedelta(days=1)
        appointment = Appointment(
            request=request, practitioner=Practitioner(name=_("Dr. Example")), starts_at=starts_at
        )
    made_up += ["link", "desk", "activity"]
    link = private_links.address_of("made-up-for-the-preview")
    context = MessageContext(request, appointment, link, _("What the patient did."))
    used = rendering.names_in(template.text)
    return Preview(
        request,
        message_templates.render(template, context),
        template.language,
        message_templates.direction(template.language),
        [name for name in made_up if name in used],
    )


def _problems(row: MessageText) -> message_templates.Problems:
    return message_templates.problems(row.kind, row.subject, row.text)
