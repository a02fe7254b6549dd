"""What is sent from the page of one request. Every button sends the whole form: a note that was typed
goes along with whatever is pressed, and so does how the request stood on the screen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import EmailField, HiddenPattern, TextField
from consultations import phone_numbers
from consultations.answers import ContactMethod
from consultations.desk.consultation.callback_times import LATEST
from consultations.intake.form_fields import PhoneField
from consultations.lifecycle.contact_details import Reach
from consultations.lifecycle.optimistic_locking import Seen
from consultations.lifecycle.staff_actions import Outcome
from consultations.models import ConsultationRequest
from consultations.workflow import Status

NOTE_LENGTH = 2000
ID = r"[0-9]{1,18}"
MOMENT = _("Enter a day and a time, like 2026-11-23 17:00.")
TYPED_MOMENT = HiddenPattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
MOBILE = _("Enter a mobile number, like 0301 2345678: the patient wants messages on it.")


def typed_moment(sent: Mapping[str, str]) -> str:
    """The time to call back that was typed when something else was pressed; "" where there was none."""
    return TYPED_MOMENT.clean(sent.get("at"))


class PressForm(forms.Form):
    """What every button sends."""

    use_required_attribute = False

    expected = forms.ChoiceField(choices=[(status.value, status.value) for status in Status], required=False)
    appointment = HiddenPattern(ID)
    contact = HiddenPattern(ID)
    patient = HiddenPattern(ID)
    reach = HiddenPattern(ID)
    assignee = HiddenPattern(ID)
    text = TextField(
        sentence=_("Write the note first."),
        longest=NOTE_LENGTH,
        too_long=_("Shorten the note to 2,000 characters. It has %(length)s."),
        lines=True,
        required=False,
    )

    def __init__(self, *args: Any, consultation: ConsultationRequest | None = None, **options: Any) -> None:
        self.consultation = consultation
        super().__init__(*args, **options)

    @property
    def seen(self) -> Seen:
        """How the request stood where the button was pressed."""
        names = ("appointment", "contact", "patient", "reach", "assignee")
        ids = {name: int(self.cleaned_data[name] or 0) for name in names}
        return Seen(status=self.cleaned_data["expected"], **ids)

    @property
    def note(self) -> str:
        return str(self.cleaned_data.get("text", ""))


class NoteForm(PressForm):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].required = True


class StatusForm(PressForm):
    to = forms.CharField(required=False, max_length=20)


class ContactForm(PressForm):
    """A try to reach the patient. ``ready`` is a time to call back that was ready to press, ``at`` typed."""

    outcome = forms.ChoiceField(choices=[(word.value, word.value) for word in Outcome], required=False)
    ready = forms.DateTimeField(required=False)
    at = forms.DateTimeField(
        required=False,
        error_messages={"invalid": MOMENT},
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "at" in self.errors or "ready" in self.errors:
            return cleaned
        moment: datetime | None = cleaned.get("ready") or cleaned.get("at")
        if self.outcome_word == Outcome.CALL_BACK and moment is None:
            self.add_error("at", ValidationError(_t("Choose when to call back."), code="required"))
        if moment and not timezone.now() < moment <= timezone.now() + LATEST:
            self.add_error("at", ValidationError(_t("Choose a time to come, within a year."), code="past"))
        return cleaned

    @property
    def outcome_word(self) -> str:
        """What came of the try: a time that is ready to press says by itself that it is to call back."""
        return Outcome.CALL_BACK if self.cleaned_data.get("ready") else self.cleaned_data.get("outcome", "")

    @property
    def call_back_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data.get("ready") or self.cleaned_data.get("at")
        return moment


class HandOverForm(PressForm):
    """Who is to have the request: ``give`` is "me", "nobody", or "colleague", with the colleague's id."""

    give = forms.ChoiceField(choices=[(name, name) for name in ("me", "colleague", "nobody")])
    colleague = HiddenPattern(ID)


class ReachForm(PressForm):
    """How to reach the patient of ``consultation``, corrected: under the rules of the patient's own form."""

    phone = PhoneField(sentence=phone_numbers.INSTRUCTION)
    whatsapp = PhoneField(sentence=phone_numbers.INSTRUCTION, required=False)
    email = EmailField(sentence=_("Enter an email address, like name@example.com"), required=False)
    is_right = forms.BooleanField(required=False)  # the number that was found to be wrong

    @classmethod
    def of(cls, consultation: ConsultationRequest) -> "ReachForm":
        """As it stands, to be corrected."""
        return cls(
            consultation=consultation,
            initial={
                "phone": phone_numbers.for_reading(consultation.phone),
                "whatsapp": phone_numbers.for_reading(consultation.whatsapp),
                "email": consultation.email,
            },
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        phone, whatsapp = cleaned.get("phone"), cleaned.get("whatsapp")
        method = self.consultation.contact_method if self.consultation else ""
        if method == ContactMethod.EMAIL and "email" not in self.errors and not cleaned.get("email"):
            self.add_error("email", _t("Enter an email address: the patient wants to be written to."))
        if whatsapp and not whatsapp.is_mobile:
            self.add_error("whatsapp", MOBILE)
        is_written_to = method == ContactMethod.SMS or (method == ContactMethod.WHATSAPP and not whatsapp)
        if phone and not phone.is_mobile and is_written_to and "whatsapp" not in self.errors:
            self.add_error("phone", MOBILE)
        return cleaned

    @property
    def corrected(self) -> Reach:
        phone, whatsapp = self.cleaned_data["phone"], self.cleaned_data["whatsapp"]
        return Reach(
            phone=phone.e164,
            phone_as_typed=phone.as_typed,
            whatsapp=whatsapp.e164 if whatsapp else "",
            whatsapp_as_typed=whatsapp.as_typed if whatsapp else "",
            email=self.cleaned_data["email"],
        )
