"""Forms of the page of one request. Every button also sends the typed note and the version on the screen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import EmailField, HiddenPattern, TextField
from consultations import phone_numbers
from consultations.answers import MESSAGES_TO_PHONE, ContactMethod, YesNo
from consultations.desk.consultation.callback_times import MAX_CALLBACK_DELAY
from consultations.intake.form_fields import FILES_HINT, FilesField, PhoneField
from consultations.lifecycle.staff_actions import Outcome
from consultations.messaging.catalogue import TEXTS
from consultations.messaging.texts import TextMethod
from consultations.models import ConsultationRequest

MOBILE = _("Enter a mobile number, like 0301 2345678: they asked for messages.")


def typed_moment(sent: Mapping[str, str]) -> str:
    """Return the callback time typed when another button was pressed; "" if there is none."""
    return HiddenPattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}").clean(sent.get("at"))


class ActionForm(forms.Form):
    """The fields that every button sends."""

    version = HiddenPattern(r"[0-9]{1,9}")
    text = TextField(
        sentence=_("Write the note first."),
        longest=2000,
        too_long=_("Shorten the note to 2,000 characters. It has %(length)s."),
        lines=True,
        required=False,
    )

    def __init__(self, *args: Any, consultation: ConsultationRequest, **options: Any) -> None:
        self.consultation = consultation
        super().__init__(*args, **options)

    @property
    def shown_version(self) -> int:
        """The version of the request on the screen; -1, which never matches, if none was sent."""
        return int(self.cleaned_data.get("version") or -1)


class NoteForm(ActionForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].required = True


class StatusForm(ActionForm):
    to = forms.CharField(required=False, max_length=20)


class ContactForm(ActionForm):
    """A contact attempt. The callback time is ``suggested`` by a button, or typed in ``at``.

    The button of a suggested time means "call back". ``clean`` adds ``call_back_at``.
    """

    outcome = forms.ChoiceField(choices=Outcome, required=False)
    suggested = forms.DateTimeField(required=False)
    at = forms.DateTimeField(
        required=False, error_messages={"invalid": _("Enter a day and a time, like 2026-11-23 17:00.")}
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("suggested"):
            cleaned["outcome"] = Outcome.CALL_BACK
        moment: datetime | None = cleaned.get("suggested") or cleaned.get("at")
        if "at" in self.errors or "suggested" in self.errors:
            return cleaned
        if cleaned.get("outcome") == Outcome.CALL_BACK and moment is None:
            self.add_error("at", _t("Choose when to call back."))
        if moment and not timezone.now() < moment <= timezone.now() + MAX_CALLBACK_DELAY:
            self.add_error("at", _t("Choose a time in the future, within a year."))
        return cleaned | {"call_back_at": moment}


class TextForm(ActionForm):
    """The ``kind`` of a text to the patient, and the ``channel`` by which it is sent."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in sorted(TEXTS)])
    channel = forms.ChoiceField(choices=TextMethod)


class TextSentForm(TextForm):
    sent = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])


class AssignForm(ActionForm):
    """``assignee`` is "me", "nobody", or "colleague" with the colleague's id."""

    assignee = forms.ChoiceField(choices=[(name, name) for name in ("me", "colleague", "nobody")])
    colleague = HiddenPattern(r"[0-9]{1,18}")


class ContactDetailsForm(ActionForm):
    """Corrected contact details of ``consultation``, under the rules of the patient's own form."""

    phone = PhoneField(sentence=phone_numbers.INSTRUCTION)
    email = EmailField(sentence=_("Enter an email address, like name@example.com"), required=False)
    phone_is_shared = forms.BooleanField(required=False)
    is_right = forms.BooleanField(required=False)  # the number that was found to be wrong

    def __init__(self, *args: Any, consultation: ConsultationRequest, **options: Any) -> None:
        initial = {
            "phone": consultation.answer_in_words("phone"),
            "email": consultation.email,
            "phone_is_shared": consultation.phone_is_shared,
        }
        super().__init__(*args, consultation=consultation, initial=initial, **options)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        phone = cleaned.get("phone")
        method = self.consultation.contact_method
        if method == ContactMethod.EMAIL and "email" not in self.errors and not cleaned.get("email"):
            self.add_error("email", _t("Enter an email address: they asked for email."))
        if phone and not phone.is_mobile and method in MESSAGES_TO_PHONE:
            self.add_error("phone", MOBILE)
        return cleaned

    @property
    def corrected(self) -> dict[str, Any]:
        phone: phone_numbers.Phone = self.cleaned_data["phone"]
        to: dict[str, Any] = phone.fields() | {"email": self.cleaned_data["email"]}
        is_shared = self.cleaned_data["phone_is_shared"]
        if is_shared != self.consultation.phone_is_shared:
            # As in the request form: we say who we are on a phone that nobody else uses.
            may_identify = YesNo.NO if is_shared else YesNo.YES
            to |= {"phone_is_shared": is_shared, "may_identify_clinic": may_identify.value}
        return to


class AttachmentsForm(forms.Form):
    """Photographs or reports that came another way, such as by WhatsApp."""

    use_required_attribute = False

    attachments = FilesField(
        label=_("Photos or reports that came another way, such as by WhatsApp"),
        help_text=FILES_HINT,
        error_messages={"required": _("Choose a photo or a report.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
