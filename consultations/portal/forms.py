"""The forms of the private page: one for each action, sent to its own address."""

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from crispy_forms.layout import Submit
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.core.form_fields import EmailField, HiddenPattern, TextField
from clinic_site.core.form_layout import form_helper, without_nul
from consultations import phone_numbers
from consultations.answers import MESSAGE_LENGTH, MESSAGES_TO_PHONE, ContactMethod, Language, YesNo
from consultations.intake.attachments import NoRoomError, add_files
from consultations.intake.form_fields import FILES_HINT, FilesField, PhoneField, listed, valid_files
from consultations.intake.questions import Questions, number_input, text_input
from consultations.intake.upload_limits import MAX_ATTACHMENTS_PER_REQUEST
from consultations.lifecycle.errors import SomeoneElseChangedError
from consultations.portal import actions
from consultations.portal.presenters import REMOVED, Action, RequestStatusPresenter

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language

MOBILE_INSTRUCTION = _("Enter a mobile number, like 0301 2345678, or choose another way")


def _question(name: str) -> forms.Field:
    """Return a copy of a question of the request form. Without an answer, nothing changes."""
    field = deepcopy(Questions.base_fields[name])
    field.required = False
    return field


class ActionForm(forms.Form):
    """One action on the request of ``presenter``, sent to the address of its page."""

    use_required_attribute = False

    action: ClassVar[Action]
    button: "ClassVar[Words]" = ""
    # Whether the patient types something, which must not be lost when the action is refused.
    is_filled_in: ClassVar[bool] = False

    def __init__(
        self,
        presenter: RequestStatusPresenter,
        posted: Mapping[str, Any] | None = None,
        uploads: Any = None,
        **options: Any,
    ) -> None:
        self.presenter, self.consultation = presenter, presenter.consultation
        if posted is not None:
            several = {name: value for name, value in posted.items() if isinstance(value, list)}
            posted = {**without_nul(posted), **several}
        super().__init__(posted, uploads, **options)
        # No address: it would be the token, in the page. A form without one is sent to where it is.
        self.helper = form_helper("", *self.fields, Submit("", self.button))

    @property
    def page(self) -> str:
        """The name of the template of the action's page."""
        return self.action.replace("-", "_")

    @property
    def done(self) -> str:
        """What the private page confirms after it: see ``RequestStatusPresenter.confirmation``."""
        return self.action

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


class ContactDetailsForm(ActionForm):
    """How to reach the patient. Stored answers are shown only if they say nothing about the patient.

    An empty phone number or email address keeps the one that we have. A tick keeps the clinic's name from
    others who use the phone; without it, the answers in the request form apply.
    """

    action = Action.CONTACT
    button = _("Save changes")
    is_filled_in = True

    contact_method = _question("contact_method")
    phone = PhoneField(
        label=_("New phone number"),
        help_text=_("Leave it empty to keep the number we have. Outside Pakistan: start with +."),
        sentence=phone_numbers.INSTRUCTION,
        required=False,
        widget=number_input(autocomplete="tel"),
    )
    phone_is_shared = forms.BooleanField(
        label=_("Other people use this phone"),
        help_text=_(
            "On a shared phone, we’ll ask only for you when we call, and our messages won’t name the clinic."
        ),
        required=False,
    )
    email = EmailField(
        label=_("New email address"),
        help_text=_("Leave it empty to keep the address we have, if any."),
        sentence=_("Enter an email address, like name@example.com"),
        required=False,
        widget=text_input(type="email", inputmode="email", dir="ltr", autocomplete="email"),
    )
    speaks = _question("speaks")
    speaks_other = _question("speaks_other")
    days = _question("days")
    parts_of_day = _question("parts_of_day")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.initial:
            shown = ("contact_method", "speaks", "speaks_other", "days", "parts_of_day")
            self.initial = {name: getattr(self.consultation, name) for name in shown}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        method = cleaned.get("contact_method") or self.consultation.contact_method
        phone = cleaned.get("phone")
        number = phone.e164 if phone else self.consultation.phone
        if method in MESSAGES_TO_PHONE and "phone" not in self.errors and not phone_numbers.is_mobile(number):
            self.add_error("phone", MOBILE_INSTRUCTION)
        has_email = cleaned.get("email") or self.consultation.email or "email" in self.errors
        if method == ContactMethod.EMAIL and not has_email:
            self.add_error("email", gettext("Enter an email address, or choose another way to contact you"))
        if cleaned.get("speaks") == Language.OTHER and not cleaned.get("speaks_other"):
            self.add_error("speaks_other", gettext("Enter the name of the language you prefer"))
        return cleaned

    def act(self) -> None:
        to: dict[str, Any] = {name: self.cleaned_data[name] for name in ("days", "parts_of_day")}
        if method := self.cleaned_data["contact_method"]:
            to["contact_method"] = method
        if speaks := self.cleaned_data["speaks"]:
            other = self.cleaned_data["speaks_other"] if speaks == Language.OTHER else ""
            to |= {"speaks": speaks, "speaks_other": other}
        if phone := self.cleaned_data["phone"]:
            to |= phone.fields()
        if self.cleaned_data["phone_is_shared"]:
            to |= {"phone_is_shared": True, "may_identify_clinic": YesNo.NO.value}
        if email := self.cleaned_data["email"]:
            to["email"] = email
        actions.change_contact_details(self.consultation, to)


class NoteForm(ActionForm):
    action = Action.NOTE
    button = _("Add this note")
    is_filled_in = True

    text = TextField(
        label=_("Your note"),
        help_text=_("For example, what has changed. Up to 1,000 characters."),
        sentence=_("Write your note"),
        longest=MESSAGE_LENGTH,
        too_long=_("Use 1,000 characters or fewer. You have %(length)d"),
        lines=True,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def act(self) -> None:
        actions.add_patient_note(self.consultation, self.cleaned_data["text"])


class AttachmentsForm(ActionForm):
    """Files to add, or the button that removes one. Valid files are stored even if others are not."""

    action = Action.ATTACHMENTS
    page = "attachments_page"

    attachments = FilesField(
        label=_("Choose photos or reports"),
        help_text=FILES_HINT,
        error_messages={"required": _("Choose a photo or a report")},
    )

    def __init__(self, *args: Any, network: str = "", **options: Any) -> None:
        self.network = network
        super().__init__(*args, **options)

    @property
    def done(self) -> str:
        return REMOVED if "remove" in self.data else self.action

    def send(self) -> bool:
        if "remove" in self.data:
            actions.remove_file(self.consultation, self.data["remove"])
            return True
        left_over = []
        try:
            if valid := valid_files(self, "attachments", self.network):
                left_over = add_files(self.consultation, valid, self.network)
        except NoRoomError as error:
            self.add_error(
                "attachments", gettext("Add it tomorrow, or call us. %(reason)s") % {"reason": error}
            )
        if left_over:
            params = {"most": MAX_ATTACHMENTS_PER_REQUEST, "names": listed(each.name for each in left_over)}
            full = gettext("A request can have up to %(most)d photos or reports. Not added: %(names)s")
            self.add_error("attachments", full % params)
        return not self.errors


class AcceptTimeForm(ActionForm):
    """A button for each time on offer. It has a template because the private page shows it too."""

    action = Action.TIME

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
        too_long=_("Use 1,000 characters or fewer. You have %(length)d"),
        lines=True,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial.setdefault("version", self.consultation.version)

    def again(self, presenter: RequestStatusPresenter) -> "ActionForm":
        return type(self)(presenter, {**self.data, "version": str(presenter.consultation.version)})

    def act(self) -> None:
        if not self.cleaned_data["version"]:
            raise SomeoneElseChangedError(self.consultation.reference)
        version, words = int(self.cleaned_data["version"]), self.cleaned_data["words"]
        actions.request_another_time(self.consultation, version, words)
