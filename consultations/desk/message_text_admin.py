"""The staff pages on which managers change message texts, with a preview on a real request."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.core.http.languages import direction
from clinic_site.core.http.responses import SeeOther
from clinic_site.core.text import plain_line, plain_text
from consultations import private_links, workflow
from consultations.answers import YesNo
from consultations.lifecycle import disclosures
from consultations.messaging import rendering
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import KINDS, MessageKind
from consultations.messaging.context import MessageContext
from consultations.messaging.templates import MessageTemplate
from consultations.models import Appointment, ConsultationRequest, Disclosure, MessageText
from consultations.references import reference_prefix
from consultations.staff_pages import GET_AND_POST, VIEW, address, member, page, show
from procedures.models import Practitioner

CHANGE_TEXT = "consultations.change_messagetext"
CHANGED_MEANWHILE = gettext_lazy(
    "Someone else has changed this text since you opened it. Copy what you wrote, open the page again, "
    "and compare."
)


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

    def __init__(self, *args: Any, kind: str, language: str, may_see_requests: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if not KINDS[kind].is_mail:
            del self.fields["subject"]
        if not may_see_requests:
            del self.fields["reference"]
        for name in {"subject", "text"} & self.fields.keys():
            self.fields[name].widget.attrs |= {"lang": language, "dir": direction(language)}

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


@page(CHANGE_TEXT)
def list_texts(request: HttpRequest) -> HttpResponse:
    changed = {(row.kind, row.language): row for row in MessageText.objects.select_related("changed_by")}
    listed = [
        (
            message,
            [
                (code, name, row := changed.get((kind, code)), bool(row and _problems(row)), kind)
                for code, name in languages_of(message)
            ],
        )
        for kind, message in KINDS.items()
    ]
    return show(
        request, "consultations/desk/message_texts/list.html", {"listed": listed}, title=_("Message texts")
    )


@page(CHANGE_TEXT, methods=GET_AND_POST)
def edit_text(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """Edit one message in one language. ``do`` is "preview", "save" or "default"."""
    message = KINDS.get(kind)
    languages = dict(languages_of(message)) if message else {}
    if message is None or language not in languages:
        raise Http404
    row = MessageText.objects.filter(kind=kind, language=language).first()
    default = message_templates.default_template(kind, language)
    used, do = row or default, request.POST.get("do", "")
    form = TextForm(
        request.POST if do else None,
        kind=kind,
        language=language,
        may_see_requests=request.user.has_perm(VIEW),
        initial={"subject": used.subject, "text": used.text, "seen": message_templates.stamp(row)},
    )
    is_valid, preview = form.is_valid(), None
    try:
        if do == "default":
            _use_default(request, kind, language)
            return SeeOther(request.path)
        if do == "save" and is_valid:
            _save(request, form, language)
            return SeeOther(request.path)
    except message_templates.ChangedMeanwhileError:
        form.add_error(None, CHANGED_MEANWHILE)
    if do == "preview" and is_valid:
        preview = _preview(request, form, language)
    context = {
        "message": message,
        "language_name": languages[language],
        "form": form,
        "row": row,
        "problems": _problems(row) if row and not do else {},
        "placeholders": [
            (name, rendering.DESCRIPTIONS[name], name in message.required, name in rendering.OPTIONAL)
            for name in message.placeholders
        ],
        "default": default,
        "default_direction": direction(default.language),
        "preview": preview,
    }
    return show(request, "consultations/desk/message_texts/edit.html", context, title=str(message.name))


def languages_of(message: MessageKind) -> list[tuple[str, Any]]:
    """The languages in which a message is sent, with their names."""
    return [
        (code, name)
        for code, name in settings.LANGUAGES
        if code == settings.LANGUAGE_CODE or not message.for_staff
    ]


def _problems(row: MessageText) -> message_templates.Problems:
    return message_templates.problems(row.kind, row.subject, row.text)


def _save(request: HttpRequest, form: TextForm, language: str) -> None:
    data = form.cleaned_data
    row = message_templates.save_override(
        form.kind, language, data["subject"], data["text"], by=member(request), seen=data["seen"]
    )
    _log(request, row, _("Changed the text."))
    messages.success(request, _("Saved. This text will be sent from now on."))


def _use_default(request: HttpRequest, kind: str, language: str) -> None:
    seen = request.POST.get("seen", "")
    if former := message_templates.delete_override(kind, language, seen=seen):
        _log(request, former, _("Went back to the default text."))
    messages.success(request, _("The default text will be sent again."))


def _log(request: HttpRequest, row: MessageText, change: str) -> None:
    LogEntry.objects.log_actions(member(request).pk, [row], CHANGE, change, single_object=True)


def _preview(request: HttpRequest, form: TextForm, language: str) -> dict[str, Any] | None:
    """The typed text on a request. Records who saw it; creates no link and sends nothing."""
    data, about = form.cleaned_data, None
    if request.user.has_perm(VIEW):
        about = _request_to_show(data["reference"])
        if about:
            disclosures.record(member(request), [about], Disclosure.Kind.OPENED)
        elif data["reference"]:
            form.add_error(
                "reference", _("There is no request with this reference. Check it, or leave it empty.")
            )
            return None
    template = MessageTemplate(language=language, subject=data["subject"], text=data["text"])
    return preview_of(template, about)


def _request_to_show(reference: str) -> ConsultationRequest | None:
    """The request with a reference; without one, the newest that is not set aside."""
    found = ConsultationRequest.objects.filter(erased_at=None)
    if reference:
        return found.filter(reference=reference_prefix(reference)).first()
    return found.exclude(status__in=workflow.SET_ASIDE).order_by("-created_at").first()


def preview_of(template: MessageTemplate, about: ConsultationRequest | None) -> dict[str, Any]:
    """Render a message as it would be sent. Missing values are made up; without a request, all of them."""
    made_up = [] if about else ["reference", "name"]
    consultation = about or ConsultationRequest(
        reference="MS-7K4Q-92XD",
        patient_name=_("Ayesha Khan"),
        may_identify_clinic=YesNo.YES,
        email="patient@example.com",
        created_at=timezone.now(),
    )
    appointments = Appointment.objects.filter(request=about).select_related("practitioner")
    appointment = appointments.order_by("-pk").first() if about else None
    if appointment is None:
        made_up += ["when", "practitioner"]
        appointment = Appointment(
            request=consultation,
            practitioner=Practitioner(name=_("Dr. Example")),
            starts_at=timezone.localtime().replace(hour=12, minute=0) + timedelta(days=1),
        )
    link = private_links.address_of("made-up-for-the-preview")
    context = MessageContext(consultation, appointment, link, _("What happened."), (consultation.reference,))
    used = rendering.names_in(template.text)
    return {
        "consultation": consultation,
        "rendered": message_templates.render(template, context),
        "language": template.language,
        "direction": direction(template.language),
        "made_up": [name for name in (*made_up, "link", "desk", "activity", "references") if name in used],
    }


@admin.register(MessageText)
class MessageTextAdmin(admin.ModelAdmin[MessageText]):
    """Every message in every language; the rows of the table are only the changed ones."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MessageText | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [
            address("", list_texts, "consultations_messagetext_changelist"),
            address("<slug:kind>/<slug:language>/", edit_text, "consultations_messagetext_edit"),
        ]
