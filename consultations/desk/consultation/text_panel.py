"""The panel with the text that the patient is to be told of the last step."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http.languages import direction, known
from clinic_site.mail.models import OutgoingMessage
from consultations.lifecycle.patient_texts import Task
from consultations.messaging import texts
from consultations.messaging.catalogue import CALL_BACK, KINDS, PRIVATE_LINK
from consultations.messaging.texts import TextMethod
from consultations.models import ConsultationRequest, Event

# The mails of the same steps.
MAILS = {
    "text_offered": "appointment_offered",
    "text_agreed": "appointment_agreed",
    "text_moved": "appointment_agreed",
    "text_canceled": "appointment_canceled",
    "text_declined": "declined",
}


@dataclass(frozen=True)
class TextPanel:
    """``opened``, ``told`` and ``asked_to_call`` are in words; ``mail`` is the mail about the same step."""

    task: Task
    kind: str  # of the text that may be sent
    text: str
    channels: tuple[TextMethod, ...]
    mail: OutgoingMessage | None
    language: str
    direction: str

    @property
    def name(self) -> str:
        return str(KINDS[self.task.kind].name).partition(": ")[2] if self.task.kind else ""

    @property
    def is_urgent(self) -> bool:
        return bool(self.task.kind and not self.task.told and not self.mail)

    @property
    def names_nobody(self) -> bool:
        return self.kind == CALL_BACK

    @property
    def to_confirm(self) -> tuple[str, str]:
        """The kind and channel that *Sent* confirms: of the opened text, or of the one shown."""
        if self.task.opened:
            return self.task.opened.detail["message"], self.task.opened.detail["by"]
        return self.kind, TextMethod.COPY.value

    @property
    def opened_name(self) -> str:
        return channel_name(self.task.opened)

    @property
    def told_name(self) -> str:
        return channel_name(self.task.told)

    @property
    def is_link(self) -> bool:
        """Whether the opened text is a new private link."""
        return self.to_confirm[0] == PRIVATE_LINK


def channel_name(event: Event | None) -> str:
    by = event.detail.get("by", "") if event else ""
    return str(TextMethod(by).label) if by in set(TextMethod) else ""


def text_panel(
    consultation: ConsultationRequest,
    task: Task,
    mails: Sequence[OutgoingMessage],
    clinic: ClinicProfile | None,
) -> TextPanel | None:
    """Return the panel of a request, or None if there is nothing to tell. One query, or none.

    ``mails`` are those to the patient, the oldest first.
    """
    if not task.kind and not task.opened:
        return None
    channels, kind, link = texts.channels(consultation), task.kind, ""
    if kind and channels:  # else staff say it to the person themselves
        kind, link = texts.kind_for(kind, consultation), _("(a new private link)")
    text, language = "", known(consultation.language)
    if kind:
        template = texts.template_for(kind, consultation)
        text = texts.text_of(template, consultation, task.appointments, link, clinic=clinic)
    return TextPanel(
        task,
        kind,
        text,
        channels,
        next((mail for mail in reversed(mails) if _tells_of(mail, task)), None),
        language,
        direction(language),
    )


def _tells_of(mail: OutgoingMessage, task: Task) -> bool:
    is_of_step = task.at is not None and mail.kind == MAILS.get(task.kind) and mail.created_at >= task.at
    return is_of_step and not mail.is_superseded and mail.failed_at is None
