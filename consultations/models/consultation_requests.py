"""The consultation request and its private links."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consultations import workflow
from consultations.answers import (
    MAX_AGE,
    About,
    ContactMethod,
    ForWhom,
    Language,
    Onset,
    YesNo,
)
from consultations.models.answers import PatientAnswers
from consultations.models.privacy_notices import PrivacyNotice
from consultations.models.queue_querysets import QueueQuerySet
from consultations.models.search_terms import number_to_find, with_all
from consultations.references import reference_prefix
from consultations.text_folding import fold_text, words
from consultations.tokens import token_hash
from consultations.workflow import Status

STATUS_CHOICES = [(status.value, _(name)) for status, name in workflow.NAMES.items()]

# How long the private page stays available after the request was closed.
LINK_VALID_AFTER_CLOSING = timedelta(days=90)
# The same answers from the same browser are one request within this period.
DUPLICATE_WINDOW = timedelta(hours=24)


def _unless_erased(condition: Q) -> Q:
    """Apply a condition only to requests that are not erased."""
    return Q(erased_at__isnull=False) | condition


class ConsultationRequestQuerySet(QueueQuerySet):
    def recent_duplicates(self, fingerprint: str) -> "ConsultationRequestQuerySet":
        """Requests sent by the same browser with the same answers within a day, and not closed since.

        A patient who withdrew and sends the same answers again makes a new request.
        """
        recently = timezone.now() - DUPLICATE_WINDOW
        is_open = Q(status__in=workflow.OPEN | workflow.SET_ASIDE, erased_at=None)
        return self.filter(is_open, duplicate_fingerprint=fingerprint, created_at__gte=recently)

    def for_token(self, token: str) -> "ConsultationRequestQuerySet":
        """The request that a private link opens, unless it is erased or was closed 90 days ago."""
        closed_long_ago = Q(
            status__in=workflow.CLOSED, status_changed_at__lte=timezone.now() - LINK_VALID_AFTER_CLOSING
        )
        return self.filter(links__token_hash=token_hash(token), erased_at=None).exclude(closed_long_ago)

    def search(self, text: str) -> "ConsultationRequestQuerySet":
        """Search by reference, phone number, or name of patient or requester, in any spelling.

        Half of a reference is enough, or the first or last four digits of a phone number, or the beginning of
        each word of a name.
        """
        pieces, names = fold_text(text).split(), words(text)
        if not pieces:
            return self
        found = with_all(pieces)  # a part of a reference keeps its dash
        if names and names != pieces:
            found |= with_all(names)
        if reference := reference_prefix(text):
            found |= with_all([fold_text(reference)])
        for beginning in number_to_find(text):
            found |= with_all([beginning])
        return self.filter(found)


class ConsultationRequest(PatientAnswers):
    """One request for a consultation appointment: the answers as they were sent, and its state at the desk.

    Patient and requester are separate people; the requester's name is empty when they are the same person.
    Only ``intake``, ``lifecycle``, ``portal`` and ``data_rights`` write it.
    """

    reference = models.CharField(_("reference"), max_length=12)
    key_hash = models.CharField(max_length=64, editable=False)
    # Only the newest request with the same answers from the same browser has it; "" where that is unknown.
    duplicate_fingerprint = models.CharField(
        max_length=64, blank=True, default="", editable=False, db_index=True
    )
    status = models.CharField(_("status"), max_length=20, choices=STATUS_CHOICES, default=Status.NEW.value)

    language = models.CharField(_("language of the page"), max_length=10)
    notice = models.ForeignKey(
        PrivacyNotice,
        models.PROTECT,
        related_name="consultation_requests",
        verbose_name=_("notice agreed to"),
    )
    consented_at = models.DateTimeField(_("agreed at"))
    source_page = models.CharField(_("came from"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("sent at"))
    status_changed_at = models.DateTimeField(_("status since"))

    # The promise to the patient stays, even if the opening hours change.
    promised_by = models.DateTimeField(_("answer promised by"), null=True, blank=True)
    first_contact_at = models.DateTimeField(_("first contact at"), null=True, blank=True)
    call_back_at = models.DateTimeField(_("call back at"), null=True, blank=True)
    # The patient added or changed something that staff have not dealt with yet.
    unread_since = models.DateTimeField(_("the patient wrote at"), null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    # An erased request has no personal data; its events and figures stay.
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    objects = ConsultationRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("consultation request")
        verbose_name_plural = _("consultation requests")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        permissions = [
            ("change_status", "Can change the status of a consultation request"),
            ("export_requests", "Can export consultation requests"),
            ("erase_request", "Can erase a consultation request, or copy it for the patient"),
            ("view_figures", "Can view the figures of consultation requests"),
        ]
        indexes = [
            models.Index(fields=["status", "created_at"], name="request_queue"),
            models.Index(fields=["status", "onset", "created_at"], name="request_urgency"),
            models.Index(fields=["phone"], name="request_phone"),
            models.Index(fields=["assignee", "status", "created_at"], name="request_assignee"),
            models.Index(
                fields=["promised_by"],
                name="request_promise",
                condition=Q(status__in=["contacting", "new"], first_contact_at=None),
            ),
            models.Index(
                fields=["call_back_at"],
                name="request_call_back",
                condition=Q(call_back_at__isnull=False),
            ),
            models.Index(
                fields=["unread_since"],
                name="request_patient_wrote",
                condition=Q(unread_since__isnull=False),
            ),
            models.Index(fields=["created_at"], name="request_created"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reference"],
                name="one_request_of_a_reference",
                violation_error_message=_("Another request has this reference."),
            ),
            models.UniqueConstraint(
                fields=["key_hash"],
                name="one_request_of_a_form",
                violation_error_message=_("This form has been sent already."),
            ),
            models.UniqueConstraint(
                fields=["duplicate_fingerprint"],
                condition=~Q(duplicate_fingerprint=""),
                name="one_request_of_the_same_answers",
                violation_error_message=_("These answers have been sent already."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]),
                name="request_status_is_known",
                violation_error_message=_("Choose a status that exists."),
            ),
            models.CheckConstraint(
                condition=Q(for_whom__in=ForWhom.values),
                name="request_for_whom_is_known",
                violation_error_message=_("Choose who the request is for."),
            ),
            models.CheckConstraint(
                condition=_unless_erased(
                    ~Q(for_whom__in=[ForWhom.CHILD, ForWhom.ADULT])
                    | (~Q(requester_name="") & ~Q(relationship=""))
                ),
                name="request_for_another_names_its_writer",
                violation_error_message=_("Enter the name of the person who asks, and their relationship."),
            ),
            models.CheckConstraint(
                condition=_unless_erased(~Q(patient_name="")),
                name="request_names_its_patient",
                violation_error_message=_("Enter the patient’s full name."),
            ),
            models.CheckConstraint(
                condition=_unless_erased(Q(patient_age__range=(0, MAX_AGE))),
                name="request_age_is_possible",
                violation_error_message=_("Enter the patient’s age in years, from 0 to 120."),
            ),
            models.CheckConstraint(
                condition=(Q(about=About.PROCEDURE) & ~Q(procedure_name=""))
                | Q(about__in=[About.SOMETHING_ELSE, About.NOT_SURE], procedure_name="", procedure=None),
                name="request_names_its_procedure",
                violation_error_message=_("Choose what the request is about."),
            ),
            models.CheckConstraint(
                condition=Q(contact_method__in=ContactMethod.values),
                name="request_contact_method_is_known",
                violation_error_message=_("Choose how to reach the patient."),
            ),
            models.CheckConstraint(
                condition=_unless_erased(~Q(contact_method=ContactMethod.EMAIL) | ~Q(email="")),
                name="request_by_email_has_an_email",
                violation_error_message=_("Enter an email address, or choose another way of contact."),
            ),
            models.CheckConstraint(
                condition=_unless_erased(Q(phone__startswith="+")),
                name="request_phone_is_international",
                violation_error_message=_("The phone number must begin with + and the country’s code."),
            ),
            models.CheckConstraint(
                condition=Q(whatsapp="") | Q(whatsapp__startswith="+"),
                name="request_whatsapp_is_international",
                violation_error_message=_("The WhatsApp number must begin with + and the country’s code."),
            ),
            models.CheckConstraint(
                condition=Q(onset__in=Onset.values),
                name="request_onset_is_known",
                violation_error_message=_("Choose when it began."),
            ),
            models.CheckConstraint(
                condition=Q(may_identify_clinic__in=YesNo.values),
                name="request_may_identify_clinic_is_known",
                violation_error_message=_("Choose whether we may say who we are."),
            ),
            models.CheckConstraint(
                condition=Q(patient_knows__in=["", *YesNo.values]),
                name="request_patient_knows_is_known",
                violation_error_message=_("Choose whether the patient knows of the request."),
            ),
            models.CheckConstraint(
                condition=Q(speaks__in=Language.values),
                name="request_speaks_is_known",
                violation_error_message=_("Choose the language to speak in."),
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(patient_name="", requester_name="", phone="", whatsapp="", email=""),
                name="request_erased_names_nobody",
                violation_error_message=_("An erased request holds no name and no number."),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def status_for_patient(self) -> Status:
        """The status shown on the private page, which does not reveal that a request is held as spam."""
        return Status.NEW if self.status in workflow.SET_ASIDE else Status(self.status)

    @property
    def next_steps(self) -> tuple[workflow.Step, ...]:
        return workflow.STEPS[Status(self.status)]

    @property
    def link_dies_at(self) -> datetime | None:
        """When the private page of a closed request expires; None while the request is open."""
        return self.status_changed_at + LINK_VALID_AFTER_CLOSING if self.status in workflow.CLOSED else None


class PrivateLink(models.Model):
    """One link to a request's private page, stored as the hash of its token.

    Only hashes are stored, so every message contains a new link.
    """

    request = models.ForeignKey(ConsultationRequest, models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("private link")
        verbose_name_plural = _("private links")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.request} {self.made_at:%Y-%m-%d}"
