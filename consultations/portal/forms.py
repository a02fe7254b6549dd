"""The forms of the private page: one for each action, sent to its own address."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import HiddenPattern, TextField
from clinic_site.core.form_layout import form_helper, without_nul
from consultations import phone_numbers
from consultations.answers import MESSAGE_LENGTH, ContactMethod
from consultations.intake.attachments import NoRoomError
from consultations.intake.form_fields import FILES_HINT, FilesField, PhoneField, valid_files
from consultations.intake.questions import number_input
from consultations.intake.submission import MAX_ATTACHMENTS_PER_REQUEST
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import ConsultationRequest
from consultations.phone_numbers import Phone
from consultations.portal import actions
from consultations.portal.presenters import Action, RequestStatusPresenter

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language

# Without "or choose another way": on the private page there is no other way to choose.
MOBILE_INSTRUCTION = _("Enter a mobile number, like 0301 2345678")


class ActionForm(forms.Form):
    """One action on the request of ``presenter``, sent to the address of its page."""

    use_required_attribute = False

    action: ClassVar[Action]
    button: "ClassVar[Words]"
    # Whether the patient types something, which must not be lost when the action is refused.
    is_filled_in: ClassVar[bool] = False

    def __init__(
        self, presenter: RequestStatusPresenter, posted: Mapping[str, str] | None = None, uploads: Any = None
    ) -> None:
        self.presenter, self.consultation = presenter, presenter.consultation
        super().__init__(None if posted is None else without_nul(posted), uploads)
        # No address: it would be the token, in the page. A form without one is sent to where it is.
        self.helper = form_helper("", *self.fields, Submit("", self.button))

    def send(self) -> bool:
        """Perform the action. Return False, with ``errors``, if the input is invalid.

        Raises ``NotAllowedError`` and ``SomeoneElseChangedError``.
        """
        if self.is_valid():
            self.act()
        return not self.errors

    def act(self) -> None:
        raise NotImplementedError

    def again(self, presenter: RequestStatusPresenter) -> "ActionForm":
        """Return the form with the same input for the current state of the request."""
        return type(self)(presenter, self.data)


class WithdrawForm(ActionForm):
    action = Action.WITHDRAW
    button = _("Withdraw my request")

    def act(self) -> None:
        actions.withdraw(self.consultation)


class NewPhoneForm(ActionForm):
    """Another phone number, as required by the chosen contact method."""

    action = Action.PHONE
    button = _("Save this number")
    is_filled_in = True

    phone = PhoneField(
        label=_("The right phone number"),
        help_text=_("For a number outside Pakistan, start with + and the country code."),
        sentence=phone_numbers.INSTRUCTION,
        widget=number_input(autocomplete="tel"),
    )

    def clean_phone(self) -> Phone:
        phone: Phone = self.cleaned_data["phone"]
        if needs_mobile(self.consultation) and not phone.is_mobile:
            raise forms.ValidationError(MOBILE_INSTRUCTION, code="invalid")
        return phone

    def act(self) -> None:
        actions.correct_phone(self.consultation, self.cleaned_data["phone"])


def needs_mobile(consultation: ConsultationRequest) -> bool:
    """Return whether the clinic sends messages to the request's phone number."""
    return consultation.contact_method == ContactMethod.SMS or (
        consultation.contact_method == ContactMethod.WHATSAPP and not consultation.whatsapp
    )


class NoteForm(ActionForm):
    action = Action.NOTE
    button = _("Add this note")
    is_filled_in = True

    text = TextField(
        label=_("Your note"),
        help_text=_("For example, what has changed. Up to 1,000 characters."),
        sentence=_("Write your note"),
        longest=MESSAGE_LENGTH,
        too_long=_("Shorten your note to 1,000 characters. It has %(length)d now"),
        lines=True,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def act(self) -> None:
        actions.add_patient_note(self.consultation, self.cleaned_data["text"])


class MoreAttachmentsForm(ActionForm):
    """Files for a request that was sent. Valid files are stored even if others are not."""

    action = Action.ATTACHMENTS
    button = _("Add")

    attachments = FilesField(
        label=_("Photographs or a report"),
        help_text=FILES_HINT,
        error_messages={"required": _("Choose a photograph or a report")},
    )

    def __init__(self, *args: Any, network: str = "", **options: Any) -> None:
        self.network = network
        super().__init__(*args, **options)
        self.helper.attrs["enctype"] = "multipart/form-data"

    def send(self) -> bool:
        valid = valid_files(self, "attachments")
        try:
            if valid:
                actions.add_files(self.consultation, valid, self.network)
        except NotAllowedError as error:
            now = self.presenter.again()
            if now.refusal(self.action):
                raise
            if isinstance(error, NoRoomError):
                problem = _t("Add it tomorrow, or call us. %(reason)s") % {"reason": error}
            else:
                room = MAX_ATTACHMENTS_PER_REQUEST - now.attachments
                problem = _t("Choose fewer files. There is room for %(room)d more") % {"room": room}
            self.add_error("attachments", problem)
        return not self.errors


class AcceptTimeForm(ActionForm):
    """A button for each time on offer. Its template is written by hand: the private page has it, too."""

    action = Action.TIME
    button = ""

    appointment = HiddenPattern("[0-9]{1,18}")

    def act(self) -> None:
        if not self.cleaned_data["appointment"]:
            raise SomeoneElseChangedError(self.consultation.reference)
        actions.accept_time(self.consultation, int(self.cleaned_data["appointment"]))


class OtherTimeForm(ActionForm):
    """Refuses the times that were on the screen, which ``version`` identifies."""

    action = Action.OTHER_TIME
    button = _("Ask for another time")
    is_filled_in = True

    version = HiddenPattern("[0-9]{1,9}")
    words = TextField(
        label=_("When would suit you better?"),
        help_text=_("For example, days and times at which you can come. Up to 1,000 characters."),
        longest=MESSAGE_LENGTH,
        too_long=_("Shorten your words to 1,000 characters. They have %(length)d now"),
        lines=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["version"] = self.consultation.version

    def again(self, presenter: RequestStatusPresenter) -> "ActionForm":
        return type(self)(presenter, {**self.data, "version": str(presenter.consultation.version)})

    @property
    def shown_version(self) -> int:
        """The version of the request on the screen. Raises ``SomeoneElseChangedError`` if none was sent."""
        if not self.cleaned_data["version"]:
            raise SomeoneElseChangedError(self.consultation.reference)
        return int(self.cleaned_data["version"])

    def act(self) -> None:
        actions.request_another_time(self.consultation, self.shown_version, self.cleaned_data["words"])
